/**
 * The entity and the migration of the database driver, for TypeORM. This entry point loads TypeORM; the driver
 * itself loads it only when it looks for the application's data source.
 *
 * @module nestjs-session-kit/typeorm
 */
export { CreateSessionsTable1700000000000 } from './create-sessions-table.migration.js';
export type { DatabaseDriverOptions, SessionDataSource } from '../../options/database.options.js';
export { WidenLastActivity1700000000001 } from './widen-last-activity.migration.js';
export { SessionEntity } from './session.entity.js';
