// What an application may set, and what for: types and texts alone. Each default and each check stands in option-table.ts, and
// test/options/session.options.spec.ts compares the defaults that are said here with those.
import type { InjectionToken, OptionalFactoryDependency, Type } from '@nestjs/common';
import type { AnyDriver } from '../drivers/driver.js';
import type { SessionSource } from '../lifecycle/taking-over/session-source.js';
import type { MemoryDriverOptions } from './memory.options.js';
import type { FileDriverOptions } from './file.options.js';
import type { RedisDriverOptions } from './redis.options.js';
import type { MemcachedDriverOptions } from './memcached.options.js';
import type { DatabaseDriverOptions } from './database.options.js';
import type { StealthDriverOptions } from './stealth.options.js';
import type { Duration } from './duration.js';
import type { NamedRoute } from './named-route.js';
import type { SessionCookieOptions } from './cookie.options.js';
import type { SessionSerializer } from '../state/payload.js';

/**
 * The injection token of the options, as the application gave them.
 *
 * @example
 * constructor(@Inject(SESSION_OPTIONS) private readonly options: SessionModuleOptions) {}
 */
export const SESSION_OPTIONS = Symbol('nestjs-session-kit options');

/**
 * Makes a driver of the option under its name. With a second parameter it is called for each request, and gets it:
 * Express's request, or Fastify's.
 *
 * @example
 * const factory: DriverFactory = (config: { url: string }) => new MongoDriver(config.url);
 */
// oxlint-disable-next-line typescript/no-explicit-any -- configuration and request have whatever types the factory declares
export type DriverFactory = (config: any, request?: any) => AnyDriver;

/**
 * A driver of the application's own, as an entry of the option `drivers`.
 *
 * @example
 * drivers: { mongo: { useFactory: (mongo: MongoService, config) => new MongoDriver(mongo, config), inject: [MongoService] } }
 */
export type DriverDefinition =
  | {
      /** A class that Nest makes, with its dependencies. */
      useClass: Type<AnyDriver>;
    }
  | {
      /** Makes the driver of what `inject` lists, in that order, and last of the option under the driver's name. */
      // oxlint-disable-next-line typescript/no-explicit-any -- what is injected has whatever types the factory declares
      useFactory: (...dependencies: any[]) => AnyDriver | Promise<AnyDriver>;
      /** Tokens of providers of the application. Default none. */
      inject?: (InjectionToken | OptionalFactoryDependency)[];
    };

/**
 * What `SessionModule.forRoot` takes. Only `secret` is required. A wrong option stops the boot with a
 * SessionConfigError.
 *
 * @example
 * const options: SessionModuleOptions = { secret, driver: 'redis', redis: { url: 'redis://localhost' }, age: '8h' };
 */
export interface SessionModuleOptions {
  /**
   * Signs and seals the cookies: 32 characters or more, no placeholder ('change me', 'your-secret-here', `<...>`) and no
   * repetition. A list rotates: the first signs and seals, the others are still accepted; a visitor's cookie moves on to the
   * first with its next renewal.
   */
  secret: string | readonly string[];
  /** Where sessions live: 'memory', 'file', 'database', 'redis', 'memcached', 'stealth' or a name of your own. Default 'stealth'. */
  driver?: string;
  /** How long a session lives without a visit. Default '2h'. */
  age?: Duration;
  /**
   * How long a session lives at most, however often it is visited, and `permanent()` included (OWASP, "Absolute
   * Timeout"): what a stolen cookie is worth. Counted from when its user signed in with `signIn` (NIST SP 800-63B-4, 5.2), and
   * from when it began where nobody has; `signIn` and `invalidate()` begin anew, `regenerate()` does not. Default no limit.
   */
  absoluteAge?: Duration;
  /** Whether the cookie ends with the browser instead of with `age`. Default false. */
  clearWithBrowser?: boolean;
  /**
   * Name and attributes of the cookie, and where it was before. Default: path `/`, HttpOnly, SameSite=Lax, Secure in
   * production; the name `__Host-session` where that is Secure, on path `/` and without a domain, otherwise `session`.
   */
  cookie?: SessionCookieOptions;
  /**
   * A header for clients without cookies, such as 'X-Session'. A request that carries it, be it empty or `new`, sends its token
   * in it and gets the next one in the same header of the response; a cookie is then neither read nor set. An empty value in a
   * response: the session has ended. A request with neither the header nor a cookie gets its first token in both, unless it says
   * that a browser sent it for a page or to its own origin. All others use the cookie. Default none.
   */
  header?: string;
  /** Whether a visit that only reads renews the session. Default true. */
  automaticTouch?: boolean;
  /** How far the lifetime shrinks before a visit renews it; at most a quarter of it. Default '1m'. */
  touchEvery?: Duration;
  /** Turns sessions into text and back. Default JSON. */
  serializer?: SessionSerializer;
  /**
   * Routes that never open a session: `request.session` is undefined there. Compared as the router compares them, with and
   * without the global prefix. Default none.
   */
  exclude?: readonly NamedRoute[];
  /**
   * Routes that read the session, and neither renew it nor use its flash messages up: what a page asks for by itself, such as polls
   * and notifications. Named as those of `exclude`; `@PassiveSession()` says the same of a handler. Default none.
   */
  passive?: readonly NamedRoute[];
  /** No store call holds a request longer. Default '2s'. */
  storeTimeout?: Duration;
  /**
   * What a request with a session gets while the store fails: 'reject' a 503, 'degrade' an empty read-only session.
   * The visitor's cookie stays as it is. Default 'reject'.
   */
  whenStoreFails?: 'reject' | 'degrade';
  /**
   * How often expired records are removed, for stores that do not expire them themselves. False: never, unless you call
   * `SessionManager.collectGarbage`. Default '10m'.
   */
  gc?: Duration | false;
  /** About flash messages. */
  flash?: {
    /**
     * Fields that `flashAll`, `flashOnly` and `flashExcept` never flash, at any depth; case, `_` and `-` make no
     * difference. Replaces the default: passwords, tokens and the like. What lies at the path of `userKey`, and
     * `passport`, is never flashed either, whatever stands here.
     */
    except?: readonly string[];
  };
  /**
   * Whether the payloads of records are sealed (AES-256-GCM, bound to their id) before a driver sees them, so that nobody reads a
   * session in the store, in a backup or in a log of commands. Rotated with `secret`. User, address, user agent and times stay in
   * clear. It may be switched on and off at any time: plain and sealed records are read side by side. `stealth` seals anyway, as does
   * a sealing driver of your own. Default false.
   */
  encrypt?: boolean;
  /** The path of the value that names the user; drivers that have a column for it keep it there. Default 'userId'. */
  userKey?: string;
  /**
   * How many sessions a user may have at once, and what a sign-in does that is one more: 'end-oldest' (the default) ends those
   * that were active longest ago, 'refuse' fails with a SessionLimitError (409), and nothing is stored. Needs a driver that can list.
   * Default no limit.
   */
  sessionsPerUser?: { max: number; when?: 'end-oldest' | 'refuse' };
  /** Whether ip address and user agent are kept with the record, by drivers that have a place for them. Default true. */
  recordClient?: boolean;
  /** About what outlives a request: sockets, streams, Server-Sent Events. */
  sockets?: {
    /**
     * How often the store is asked for each session that a socket or a stream (`session.ended`) is open for, so that one that
     * has ended in another process ends these too. More often than every 20 seconds where it is longer, so that a session
     * whose id another process changes is followed. False: never. Default '1m'.
     */
    checkEvery?: Duration | false;
  };
  /**
   * Where sessions were before: `fromExpressSession`, `fromFastifySession`, `fromCookieSession` and `fromIronSession` of
   * `nestjs-session-kit/migrate`, or sources of your own. A visitor whose session is there goes on with it here, from his first request
   * on; his old cookie and record are removed. Default none.
   */
  migrate?: readonly SessionSource[];
  /** Drivers of your own, by name. Default none. */
  drivers?: Record<string, DriverDefinition>;
  /** Of the driver 'memory'. Default: no bound on how many sessions it keeps. */
  memory?: MemoryDriverOptions;
  /** Of the driver 'file'. Default: files in `storage/sessions`. */
  file?: FileDriverOptions;
  /** Of the driver 'database'. Default: the application's own data source. */
  database?: DatabaseDriverOptions;
  /** Of the driver 'redis', which needs it: a client of the application's, or how to connect. */
  redis?: RedisDriverOptions;
  /** Of the driver 'memcached': its servers, or a client of the application's. Default: 127.0.0.1:11211. */
  memcached?: MemcachedDriverOptions;
  /** Of the driver 'stealth': how many cookies a session may take, and where it keeps its ledger. Default: three, and none. */
  stealth?: StealthDriverOptions;
  /** The configuration of a driver of your own stands under its name. */
  [driver: string]: unknown;
}
