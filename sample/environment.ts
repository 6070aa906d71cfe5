import { plainToInstance, Transform } from 'class-transformer';
import { IsIn, IsInt, IsNotEmpty, IsOptional, IsString, Max, Min, validateSync } from 'class-validator';

/** The drivers that the shop can be started with. */
export const DRIVERS = ['file', 'memory', 'stealth', 'redis', 'memcached', 'database'] as const;

/** The name of one of the drivers. */
export type DriverName = (typeof DRIVERS)[number];

/**
 * The drivers that can list a user's sessions: `memcached` cannot list its records, and `stealth` keeps none.
 */
export const LISTING_DRIVERS: readonly DriverName[] = ['file', 'memory', 'redis', 'database'];

/** Good enough for trying the shop on your own machine, but nowhere else: it is public in the repository. */
const DEVELOPMENT_SECRET = 'a secret for development only and known to everybody';

/**
 * The shop's settings from the environment (or from a file `.env`), with defaults for a developer's machine.
 */
export class Environment {
  /** `production` refuses the development secret and makes the cookie `Secure`. */
  @IsString()
  NODE_ENV: string = 'development';

  /** The port to listen on; 0 takes any free one. */
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(0)
  @Max(65_535)
  PORT: number = 3000;

  /** The address to listen on. By default only this machine can connect; `0.0.0.0` lets others in too. */
  @IsString()
  @IsNotEmpty()
  HOST: string = '127.0.0.1';

  /** Where the sessions live. */
  @IsIn(DRIVERS)
  SESSION_DRIVER: DriverName = 'file';

  /** Signs the cookies, and seals them with `stealth`. */
  @IsString()
  SESSION_SECRET: string = DEVELOPMENT_SECRET;

  /** The secret before this one. While it is set, cookies that it signed are still accepted. */
  @IsOptional()
  @IsString()
  SESSION_PREVIOUS_SECRET?: string;

  /** The folder of the driver `file`. */
  @IsString()
  SESSION_FOLDER: string = 'tmp/sessions';

  /** The server of the driver `redis`. */
  @IsString()
  REDIS_URL: string = 'redis://localhost:6379';

  /** The servers of the driver `memcached`, separated by commas. */
  @IsString()
  MEMCACHED_SERVERS: string = 'localhost:11211';

  /** The database of the driver `database`: `postgres://…`, `mysql://…`, or `sqlite:` and a file. */
  @IsString()
  DATABASE_URL: string = 'sqlite:tmp/sessions.sqlite';
}

/**
 * Checks the environment once, when the shop starts: an invalid setting should stop the start with a clear
 * message, instead of surfacing with the first visitor.
 *
 * @throws Error that names each invalid setting
 */
export function readEnvironment(raw: Record<string, unknown>): Environment {
  const environment = plainToInstance(Environment, raw, { exposeDefaultValues: true });
  const problems = validateSync(environment).flatMap((error) => Object.values(error.constraints ?? {}));
  const secrets = [environment.SESSION_SECRET, environment.SESSION_PREVIOUS_SECRET];
  if (environment.NODE_ENV === 'production' && secrets.includes(DEVELOPMENT_SECRET)) {
    problems.push('SESSION_SECRET must be set in production, and not to the one for development');
  }
  if (problems.length > 0) throw new Error(`The shop cannot start: ${problems.join('; ')}`);
  return environment;
}
