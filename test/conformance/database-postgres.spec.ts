import { describeDatabaseDriver } from './database.js';

describeDatabaseDriver('postgres');
