import { describeListPages, ownStore } from '../support/list-pages.js';

describeListPages('SQLite', () => ownStore('SQLite'));
