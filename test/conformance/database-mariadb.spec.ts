import { describeDatabaseDriver } from './database.js';

describeDatabaseDriver('mariadb');
