import { describeSessionLimit, sharedStore } from '../support/session-limit.js';

describeSessionLimit('SQLite', () => sharedStore('SQLite'));
