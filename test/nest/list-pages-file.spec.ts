import { describeListPages, ownStore } from '../support/list-pages.js';

describeListPages('file', () => ownStore('file'));
