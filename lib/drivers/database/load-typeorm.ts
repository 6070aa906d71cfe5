import { SessionConfigError } from '../../session.errors.js';

// Each import stands in a try: only then do bundlers pass over a package that is not installed.

/**
 * Loads TypeORM.
 *
 * @throws SessionConfigError that says what to install
 */
export async function loadTypeOrm() {
  try {
    return await import('typeorm');
  } catch (error) {
    throw typeOrmMissing(error);
  }
}

/**
 * Loads Nest's module for TypeORM.
 *
 * @throws SessionConfigError that says what to install
 */
export async function loadNestTypeOrm() {
  try {
    return await import('@nestjs/typeorm');
  } catch (error) {
    throw typeOrmMissing(error);
  }
}

function typeOrmMissing(cause: unknown): SessionConfigError {
  return new SessionConfigError(
    'The session driver "database" needs TypeORM, which cannot be loaded. Install typeorm, @nestjs/typeorm and the ' +
      'client of your database (pg, mysql2 or better-sqlite3).',
    { cause },
  );
}
