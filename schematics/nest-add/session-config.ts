/** The drivers that `nest add` can set up. */
export type DriverName = 'stealth' | 'memory' | 'file' | 'database' | 'redis' | 'memcached';

/** What a driver needs besides the package. */
interface DriverSetup {
  /** Its options in the configuration file. */
  readonly options?: string;
  /** The packages that it needs. */
  readonly packages?: Readonly<Record<string, string>>;
  /** The environment variable that its options read. */
  readonly variable?: { readonly name: string; readonly value: string; readonly comment: string };
  /** What it creates in the working directory, for .gitignore. */
  readonly ignored?: string;
}

export const DRIVERS: Readonly<Record<DriverName, DriverSetup>> = {
  stealth: {},
  memory: {},
  file: {
    options: `
    // The folder that sessions are kept in.
    file: { location: 'storage/sessions' },
`,
    ignored: 'storage/sessions/',
  },
  database: {
    options: `
    // The driver 'database' keeps sessions in the table of SessionEntity, in the database of TypeOrmModule.
`,
    packages: { typeorm: '^1.1.1' },
  },
  redis: {
    options: `
    redis: { url: process.env.REDIS_URL || 'redis://localhost:6379' },
`,
    variable: {
      name: 'REDIS_URL',
      value: 'redis://localhost:6379',
      comment: 'Where Redis is: redis://user:password@host:port, or rediss:// for TLS.',
    },
    packages: { ioredis: '^5.11.1' },
  },
  memcached: {
    options: `
    memcached: { servers: process.env.MEMCACHED_SERVERS || 'localhost:11211' },
`,
    variable: {
      name: 'MEMCACHED_SERVERS',
      value: 'localhost:11211',
      comment: 'Where memcached is: host:port, several separated by commas.',
    },
    packages: { 'memcache-client': '^1.0.5' },
  },
};

export const isDriver = (name: string): name is DriverName => Object.hasOwn(DRIVERS, name);

/**
 * The configuration file of an application's sessions, formatted like Prettier with the settings of Nest's
 * templates.
 */
export const sessionConfig = (driver: DriverName): string =>
  `import { registerAs } from '@nestjs/config';
import type { SessionModuleOptions } from 'nestjs-session-kit';

/** The options of sessions. An editor shows all of them, with their defaults. */
export default registerAs('session', (): SessionModuleOptions => {
  return {
    // Signs and seals the cookies. It stands in .env, which is not committed; set another one where the application runs.
    secret: process.env.SESSION_SECRET ?? '',

    // Where sessions live: stealth, memory, file, database, redis or memcached. Each has its own options under its name.
    driver: process.env.SESSION_DRIVER || '${driver}',
${DRIVERS[driver].options ?? ''}
    // How long a session lasts after the last request.
    age: '2h',

    // Whether the cookie ends with the browser.
    clearWithBrowser: false,

    // HttpOnly, SameSite=Lax, and Secure in production, unless you say so here.
    cookie: {},
  };
});
`;
