import { SessionConfigError } from '../../session.errors.js';

/** What to say where TypeORM is needed and cannot be loaded. */
export function typeOrmMissing(cause: unknown): SessionConfigError {
  return new SessionConfigError(
    'The session driver "database" needs TypeORM, which cannot be loaded. Install typeorm, @nestjs/typeorm and the ' +
      'client of your database (pg, mysql2 or better-sqlite3).',
    { cause },
  );
}
