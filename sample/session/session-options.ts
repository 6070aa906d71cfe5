import type { ConfigService } from '@nestjs/config';
import type { SessionModuleOptions } from 'nestjs-session-kit';

import type { Environment } from '../environment.js';

/** Makes the options of the session module out of the environment. What is left out keeps its default. */
export function sessionOptions(config: ConfigService<Environment, true>): SessionModuleOptions {
  return {
    // The first secret signs, the others are still accepted: put a new one in front, and nobody is signed out.
    secret: config.get('SESSION_SECRET', { infer: true }).split(','),
    driver: config.get('SESSION_DRIVER', { infer: true }),
    age: '2h',

    // Each driver's own options stand under its name; those of the drivers not chosen are not looked at.
    file: { folder: config.get('SESSION_FOLDER', { infer: true }) },
    redis: { url: config.get('REDIS_URL', { infer: true }) },
    memcached: { servers: config.get('MEMCACHED_SERVERS', { infer: true }).split(',') },
  };
}
