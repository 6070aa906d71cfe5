import type { ConfigService } from '@nestjs/config';
import type { SessionModuleOptions } from 'nestjs-session-kit';

import type { DriverName, Environment } from '../environment.js';

/** How long a session lives without a visit, unless the visitor chose to have this device remembered. */
const SESSION_AGE = '2h';

type Config = ConfigService<Environment, true>;

/**
 * Makes the options of the session module from the environment. Options that are left out keep their defaults.
 */
export function sessionOptions(config: Config): SessionModuleOptions {
  const driver = config.get('SESSION_DRIVER', { infer: true });
  const previousSecret = config.get('SESSION_PREVIOUS_SECRET', { infer: true });
  return {
    // The first secret signs; the others are still accepted, so a new secret signs nobody out.
    secret: [config.get('SESSION_SECRET', { infer: true }), ...(previousSecret ? [previousSecret] : [])],
    driver,
    age: SESSION_AGE,

    // A driver's own options are under its name.
    [driver]: DRIVER_OPTIONS[driver](config),
  };
}

const DRIVER_OPTIONS: { [Name in DriverName]: (config: Config) => NonNullable<SessionModuleOptions[Name]> } =
  {
    file: (config) => ({ location: config.get('SESSION_FOLDER', { infer: true }) }),
    memory: () => ({}),
    stealth: () => ({}),
    redis: (config) => ({ url: config.get('REDIS_URL', { infer: true }) }),
    memcached: (config) => ({ servers: config.get('MEMCACHED_SERVERS', { infer: true }).split(',') }),
    // It finds the connection of TypeOrmModule by itself; see database.module.ts.
    database: () => ({}),
  };
