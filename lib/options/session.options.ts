// The options of an application and their purpose; only types and docs. Defaults and checks are in
// option-table.ts, and test/options/session.options.spec.ts compares the defaults stated here with those.
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
 * The injection token of the options as the application gave them.
 *
 * @example
 * constructor(@Inject(SESSION_OPTIONS) private readonly options: SessionModuleOptions) {}
 */
export const SESSION_OPTIONS = Symbol('nestjs-session-kit options');

/**
 * Makes a driver from the option under its name. With a second parameter it is called for each request and gets
 * that request, of Express or Fastify.
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
      /** A class that Nest instantiates, with its dependencies. */
      useClass: Type<AnyDriver>;
    }
  | {
      /** Makes the driver. Gets what `inject` lists, in that order, and last the option under the driver's name. */
      // oxlint-disable-next-line typescript/no-explicit-any -- what is injected has whatever types the factory declares
      useFactory: (...dependencies: any[]) => AnyDriver | Promise<AnyDriver>;
      /** Tokens of providers of the application. Default none. */
      inject?: (InjectionToken | OptionalFactoryDependency)[];
    };

/**
 * The options of `SessionModule.forRoot`. Only `secret` is required. An invalid option stops the boot with a
 * SessionConfigError.
 *
 * @example
 * const options: SessionModuleOptions = { secret, driver: 'redis', redis: { url: 'redis://localhost' }, age: '8h' };
 */
export interface SessionModuleOptions {
  /**
   * Signs and seals the cookies: 32 characters or more, no placeholder ('change me', 'your-secret-here',
   * `<...>`) and no repetition. A list allows rotation: the first signs and seals, the others are still
   * accepted; a visitor's cookie switches to the first with its next renewal.
   */
  secret: string | readonly string[];
  /** Where sessions live: 'memory', 'file', 'database', 'redis', 'memcached', 'stealth' or a name of your own. Default 'stealth'. */
  driver?: string;
  /** How long a session lives without a visit. Default '2h'. */
  age?: Duration;
  /**
   * How long a session lives at most, however often it is visited, `permanent()` included (OWASP, "Absolute
   * Timeout"): this limits the value of a stolen cookie. Counted from the user's sign-in with `signIn` (NIST SP
   * 800-63B-4, 5.2), or from the beginning of the session if nobody has signed in; `signIn` and `invalidate()`
   * restart it, `regenerate()` does not. Default no limit.
   */
  absoluteAge?: Duration;
  /** Whether the cookie ends with the browser instead of with `age`. Default false. */
  clearWithBrowser?: boolean;
  /**
   * Name and attributes of the cookie, and where it was before. Default: path `/`, HttpOnly, SameSite=Lax,
   * Secure in production; the name is `__Host-session` if the cookie is Secure, on path `/` and without a
   * domain, otherwise `session`.
   */
  cookie?: SessionCookieOptions;
  /**
   * A header for clients without cookies, such as 'X-Session'. A request that carries it, even if empty or
   * `new`, sends its token in it and gets the next one in the same header of the response; cookies are then
   * neither read nor set. An empty value in a response means that the session has ended. A request with neither
   * the header nor a cookie gets its first token in both, unless it shows that a browser sent it for a page or
   * to its own origin. All others use the cookie. Default none.
   */
  header?: string;
  /** Whether a visit that only reads renews the session. Default true. */
  automaticTouch?: boolean;
  /** How much of the lifetime has to pass before a visit renews it; at most a quarter of it. Default '1m'. */
  touchEvery?: Duration;
  /** Turns sessions into text and back. Default JSON. */
  serializer?: SessionSerializer;
  /**
   * Routes that never open a session: `request.session` is undefined there. Matched as the router matches them,
   * with and without the global prefix. Default none.
   */
  exclude?: readonly NamedRoute[];
  /**
   * Routes that read the session but neither renew it nor use up its flash messages: for requests that a page
   * makes by itself, such as polls and notifications. Written like `exclude`; `@PassiveSession()` does the same
   * for a handler. Default none.
   */
  passive?: readonly NamedRoute[];
  /** How long a store call may hold a request. Default '2s'. */
  storeTimeout?: Duration;
  /**
   * What a request with a session gets while the store fails: 'reject' a 503, 'degrade' an empty read-only
   * session. The visitor's cookie stays unchanged. Default 'reject'.
   */
  whenStoreFails?: 'reject' | 'degrade';
  /**
   * How often expired records are removed from stores that do not expire them themselves. False: only when you
   * call `SessionManager.collectGarbage`. Default '10m'.
   */
  gc?: Duration | false;
  /** Flash messages. */
  flash?: {
    /**
     * Fields that `flashAll`, `flashOnly` and `flashExcept` never flash, at any depth; case, `_` and `-` are
     * ignored. Replaces the default: passwords, tokens and the like. The value at the path of `userKey`, and
     * `passport`, are never flashed either, whatever this option says.
     */
    except?: readonly string[];
  };
  /**
   * Whether the payloads of records are sealed (AES-256-GCM, bound to their id) before a driver sees them, so
   * that nobody can read a session in the store, in a backup or in a command log. Rotated with `secret`. User,
   * address, user agent and times stay in clear. Can be switched on and off at any time: plain and sealed
   * records are read side by side. `stealth` always seals, as does a sealing driver of your own. Default false.
   */
  encrypt?: boolean;
  /** The path of the value that names the user; drivers with a column for it store it there. Default 'userId'. */
  userKey?: string;
  /**
   * How many sessions a user may have at once, and what a sign-in beyond that does: 'end-oldest' (the default)
   * ends the least recently active ones, 'refuse' fails with a SessionLimitError (409) and stores nothing.
   * Needs a driver that can list. Default no limit.
   */
  sessionsPerUser?: { max: number; when?: 'end-oldest' | 'refuse' };
  /** Whether drivers that have a place for them store IP address and user agent with the record. Default true. */
  recordClient?: boolean;
  /** Anything that outlives a request: sockets, streams, Server-Sent Events. */
  sockets?: {
    /**
     * How often the store is asked about each session that a socket or a stream (`session.ended`) is open for,
     * so that a session ended by another process ends them too. At least every 20 seconds, whatever this says,
     * so that a session whose id another process changes is followed. False: never. Default '1m'.
     */
    checkEvery?: Duration | false;
  };
  /**
   * Where sessions were before: `fromExpressSession`, `fromFastifySession`, `fromCookieSession` and
   * `fromIronSession` of `nestjs-session-kit/migrate`, or sources of your own. A visitor with a session there
   * continues it here from their first request on; the old cookie and record are removed. Default none.
   */
  migrate?: readonly SessionSource[];
  /** Drivers of your own, by name. Default none. */
  drivers?: Record<string, DriverDefinition>;
  /** Options of the driver 'memory'. Default: no bound on how many sessions it keeps. */
  memory?: MemoryDriverOptions;
  /** Options of the driver 'file'. Default: files in `storage/sessions`. */
  file?: FileDriverOptions;
  /** Options of the driver 'database'. Default: the application's own data source. */
  database?: DatabaseDriverOptions;
  /** Options of the driver 'redis', which requires them: a client of the application, or how to connect. */
  redis?: RedisDriverOptions;
  /** Options of the driver 'memcached': its servers, or a client of the application. Default: 127.0.0.1:11211. */
  memcached?: MemcachedDriverOptions;
  /**
   * Options of the driver 'stealth': how many cookies a session may take, and where it keeps its ledger.
   * Default: three, and none.
   */
  stealth?: StealthDriverOptions;
  /** The configuration of a driver of your own, under its name. */
  [driver: string]: unknown;
}
