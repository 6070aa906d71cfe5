import type { Keyring } from './crypto/keyring.js';
import { weaknessOf } from './crypto/weak-secret.js';
import { BUILT_IN_NAMES, type BuiltInOptions } from './drivers/built-in-drivers.js';
import { LONGEST_TIMER_MS } from './duration.js';
import {
  assertKnown,
  duration,
  durationOrInfinity,
  flag,
  isObject,
  kindOf,
  nonEmptyText,
  wrong,
} from './option-checks.js';
import type { SessionCookie } from './http/session-cookie.js';
import type { FormerCookies } from './http/former-cookies.js';
import { cookieSettings } from './cookie-settings.js';
import { SessionConfigError } from './session.errors.js';
import type { DriverDefinition, SessionModuleOptions } from './session.options.js';
import { NEVER_FLASHED, fieldName } from './session/form-input.js';
import type { SessionSerializer } from './state/payload.js';
import { assertKey } from './state/values.js';
import type { ExcludedRoute } from './http/excluded-routes.js';

/** The injection token of the settings. */
export const SESSION_SETTINGS = Symbol('nestjs-session-kit settings');

/** The options with every default filled in and every value checked: each default is written here, once. */
export interface SessionSettings {
  readonly keyring: Keyring;
  readonly driver: string;
  readonly age: number;
  /** ms; Infinity: no limit. */
  readonly absoluteAge: number;
  readonly clearWithBrowser: boolean;
  readonly cookie: SessionCookie;
  /** Null where the cookie never was elsewhere. */
  readonly formerCookies: FormerCookies | null;
  readonly automaticTouch: boolean;
  readonly touchEvery: number;
  readonly serializer: SessionSerializer;
  readonly exclude: readonly ExcludedRoute[];
  readonly storeTimeout: number;
  readonly degrade: boolean;
  /** ms; null: never. */
  readonly gcEvery: number | null;
  readonly neverFlashed: ReadonlySet<string>;
  readonly userKey: string;
  readonly recordClient: boolean;
  readonly drivers: Readonly<Record<string, DriverDefinition>>;
  /** What stands under the names of the drivers that come with the package; each checks its own. */
  readonly builtInOptions: BuiltInOptions;
  /** The option under a driver's name; undefined where there is none. */
  configOf(driver: string): unknown;
  /** Names of options that only a driver of the application's own can explain. */
  readonly unexplained: readonly string[];
}

const MIN_SECRET = 32;
const MAX_PIECES = 3;

const KNOWN = new Set([
  'secret',
  'driver',
  'age',
  'clearWithBrowser',
  'cookie',
  'absoluteAge',
  'automaticTouch',
  'touchEvery',
  'serializer',
  'exclude',
  'storeTimeout',
  'whenStoreFails',
  'gc',
  'flash',
  'userKey',
  'recordClient',
  'drivers',
  ...BUILT_IN_NAMES,
]);

/**
 * Checks the options and fills in the defaults.
 *
 * @throws SessionConfigError that names the option, what it got and what it takes
 */
export function resolveSettings(options: SessionModuleOptions): SessionSettings {
  if (!isObject(options)) {
    throw new SessionConfigError(
      `The factory of SessionModule.forRootAsync returned ${kindOfReturned(options)}; it has to return an object with at least 'secret'.`,
    );
  }
  const secrets = secretsOf(options.secret);
  return {
    ...cookieSettings(options.cookie, secrets, maxCookiesOf(options.stealth)),
    driver: nonEmptyText('driver', options.driver, 'stealth', 'the name of a driver'),
    age: duration('age', options.age, '2h'),
    absoluteAge: durationOrInfinity('absoluteAge', options.absoluteAge),
    clearWithBrowser: flag('clearWithBrowser', options.clearWithBrowser, false),
    automaticTouch: flag('automaticTouch', options.automaticTouch, true),
    touchEvery: duration('touchEvery', options.touchEvery, '1m', { zero: true }),
    serializer: serializerOf(options.serializer),
    exclude: listOf('exclude', options.exclude),
    storeTimeout: Math.min(duration('storeTimeout', options.storeTimeout, '2s'), LONGEST_TIMER_MS),
    degrade: degradeOf(options.whenStoreFails),
    gcEvery: gcEveryOf(options.gc),
    neverFlashed: new Set(exceptOf(options.flash).map(fieldName)),
    userKey: userKeyOf(options.userKey),
    recordClient: flag('recordClient', options.recordClient, true),
    drivers: driversOf(options.drivers),
    builtInOptions: options,
    configOf: (driver) => (Object.hasOwn(options, driver) ? options[driver] : undefined),
    unexplained: Object.keys(options).filter((name) => !KNOWN.has(name) && options[name] !== undefined),
  };
}

function secretsOf(secret: unknown): string[] {
  const list: unknown[] = Array.isArray(secret) ? secret : [secret];
  if (list.length === 0) throw new SessionConfigError(`Option 'secret' is an empty list. ${HOW_TO_SECRET}`);
  return list.map((each, index) => {
    const which = Array.isArray(secret) ? `secret[${index}]` : 'secret';
    // The secret itself stays out of the message: only its kind and length say what is wrong.
    if (each === undefined || each === '') {
      const is = each === undefined ? 'missing' : 'empty';
      throw new SessionConfigError(`Option '${which}' is ${is}. ${IS_IT_SET} ${HOW_TO_SECRET}`);
    }
    if (typeof each !== 'string') {
      throw new SessionConfigError(`Option '${which}' is ${kindOf(each)}. ${HOW_TO_SECRET}`);
    }
    if (each.length < MIN_SECRET) {
      throw new SessionConfigError(`Option '${which}' has ${each.length} characters. ${HOW_TO_SECRET}`);
    }
    const weakness = weaknessOf(each, MIN_SECRET);
    if (weakness !== null) {
      throw new SessionConfigError(
        `Option '${which}' ${weakness}, so others can guess it. ${IS_IT_MADE} ${HOW_TO_SECRET}`,
      );
    }
    return each;
  });
}

const IS_IT_SET =
  'Where it comes from an environment variable, that one may not be set: Node does not read .env by itself (node --env-file=.env does).';

const IS_IT_MADE = 'Who knows it makes sessions of his own, under any name.';

const HOW_TO_SECRET =
  `It takes text of ${MIN_SECRET} characters or more, or a list of such texts, the newest first. ` +
  `Make one with: node -p "crypto.randomBytes(32).toString('base64url')" and keep it out of the repository.`;

/** forRoot itself refuses what is no object: what comes here is from a factory. */
function kindOfReturned(options: unknown): string {
  if (options === undefined || options === null) return String(options);
  return Array.isArray(options) ? 'a list' : `something of type ${typeof options}`;
}

function maxCookiesOf(stealth: unknown): number {
  if (stealth === undefined) return MAX_PIECES;
  if (!isObject(stealth)) throw wrong('stealth', stealth, 'an object such as { maxCookies: 1 }');
  assertKnown('stealth', stealth, ['maxCookies']);
  const max = stealth['maxCookies'] === undefined ? MAX_PIECES : stealth['maxCookies'];
  if (typeof max !== 'number' || !Number.isInteger(max) || max < 1 || max > MAX_PIECES) {
    throw wrong('stealth.maxCookies', max, `a whole number from 1 to ${MAX_PIECES}`);
  }
  return max;
}

function driversOf(drivers: SessionModuleOptions['drivers']): Record<string, DriverDefinition> {
  if (drivers === undefined) return {};
  if (!isObject(drivers)) throw wrong('drivers', drivers, 'an object of drivers by name');
  for (const [name, definition] of Object.entries<unknown>(drivers)) {
    const takes = '{ useClass } or { useFactory, inject }';
    if (!isObject(definition)) throw wrong(`drivers.${name}`, definition, takes);
    const inject = definition['inject'];
    if (inject !== undefined && !Array.isArray(inject))
      throw wrong(`drivers.${name}.inject`, inject, 'a list');
  }
  return drivers;
}

function userKeyOf(userKey: unknown): string {
  const key = nonEmptyText('userKey', userKey, 'userId', USER_KEY);
  try {
    assertKey(key);
  } catch (cause) {
    throw new SessionConfigError(`Option 'userKey' got "${key}"; it takes ${USER_KEY}.`, { cause });
  }
  return key;
}

const USER_KEY = "the path of a session value, such as 'userId' or 'user.id'";

function serializerOf(serializer: unknown): SessionSerializer {
  if (serializer === undefined) return JSON;
  const takes = 'an object with the functions stringify and parse, such as superjson';
  if (!isSerializer(serializer)) throw wrong('serializer', serializer, takes);
  return serializer;
}

/** A class with static functions is one too: superjson exports one. */
function isSerializer(value: unknown): value is SessionSerializer {
  return (
    (isObject(value) || typeof value === 'function') &&
    'stringify' in value &&
    typeof value.stringify === 'function' &&
    'parse' in value &&
    typeof value.parse === 'function'
  );
}

function degradeOf(policy: unknown): boolean {
  if (policy === undefined || policy === 'reject') return false;
  if (policy === 'degrade') return true;
  throw wrong('whenStoreFails', policy, "'reject' or 'degrade'");
}

function gcEveryOf(gc: unknown): number | null {
  if (gc === false) return null;
  return Math.min(duration('gc', gc, '10m', { orElse: 'false' }), LONGEST_TIMER_MS);
}

function exceptOf(flash: unknown): readonly string[] {
  if (flash === undefined) return NEVER_FLASHED;
  if (!isObject(flash)) throw wrong('flash', flash, "an object such as { except: ['password'] }");
  assertKnown('flash', flash, ['except']);
  const except = flash['except'] === undefined ? NEVER_FLASHED : flash['except'];
  if (!Array.isArray(except)) throw wrong('flash.except', except, 'a list of field names');
  return except.map((name: unknown, index) => {
    if (typeof name !== 'string') throw wrong(`flash.except[${index}]`, name, 'the name of a field');
    return name;
  });
}

function listOf(name: string, value: readonly ExcludedRoute[] | undefined): readonly ExcludedRoute[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw wrong(name, value, "a list such as ['/health', '/assets/{*path}']");
  return value;
}
