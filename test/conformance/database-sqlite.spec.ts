import { describeDatabaseDriver } from './database.js';

describeDatabaseDriver('better-sqlite3');
