export { CreateSessionsTable1700000000000 } from './create-sessions-table.migration.js';
export { DatabaseDriver } from './database.driver.js';
export { SessionEntity } from './session.entity.js';
