import type { NamedRoute } from './named-route.js';
import type { SessionSerializer } from '../state/payload.js';
import { hasFunctions, optionError } from './read-option.js';
import { boolean, is, listOf, oneOf, refine, text, valuePath, wholeNumber } from './checks.js';
import { cookieOptions } from './cookie.options.js';
import { duration } from './duration.js';
import { headerName } from './header.options.js';
import { assertSecretInPlace, remedies } from './misplaced-options.js';
import { sources } from './migrate.options.js';
import { NEVER_FLASHED } from './never-flashed.js';
import { plainOptions } from './plain-options.js';
import { secrets } from './secret.options.js';
import type { DriverDefinition, SessionModuleOptions } from './session.options.js';
import { stealthOptions } from './stealth.options.js';
import { type Settings, type Table, assertKnown, group, readTable } from './read-table.js';
import { isObject } from '../state/values.js';

/** A class with static functions counts too: superjson exports one. */
const isSerializer = (value: unknown): value is SessionSerializer =>
  hasFunctions(value, 'stringify', 'parse');

const isDefinition = (value: object): value is DriverDefinition =>
  hasFunctions(value, 'useFactory') || hasFunctions(value, 'useClass');

const injection = {
  inject: { check: is('a list', (value) => Array.isArray(value)) },
} satisfies Table;

const takesDefinition = '{ useClass } or { useFactory, inject }, a class or a function';

const OWN_DRIVERS =
  ": 'drivers' makes drivers of your own, and the options of a driver go under its name, beside 'drivers'";

const definition = refine(is(takesDefinition, isObject), (value, option) => {
  const given = plainOptions(value);
  const names = Object.keys(given).filter((name) => given[name] !== undefined);
  const wrong = (): Error =>
    optionError(option, `got ${names.join(' and ') || 'nothing'}; it takes ${takesDefinition}.`);
  if (names.length === 0) throw wrong();
  assertKnown(given, ['useClass', 'useFactory', 'inject'], option, OWN_DRIVERS);
  readTable(injection, given, `${option}.`);
  // The one would be ignored for the other.
  const isMixed = names.includes('useClass') && names.length > 1;
  if (!isDefinition(given) || isMixed) throw wrong();
  return given;
});

const definitions = refine(is('an object of drivers by name', isObject), (drivers, option) =>
  Object.fromEntries(
    Object.entries(plainOptions(drivers)).map(([name, each]) => [
      name,
      definition(each, `${option}.${name}`),
    ]),
  ),
);

const path = valuePath("the path of a session value, such as 'userId' or 'user.id'");

const isList = (value: unknown): value is readonly NamedRoute[] => Array.isArray(value);

/** Drivers read their own options: an application may have its own driver under that name. */
const ofDriver = { check: (value: unknown) => value };

/** The built-in drivers. `drivers/built-in-drivers.ts` makes them, and says what else a new one needs. */
const builtInDrivers = {
  memory: ofDriver,
  file: ofDriver,
  database: ofDriver,
  redis: ofDriver,
  memcached: ofDriver,
  stealth: { default: {}, check: stealthOptions },
} as const satisfies Partial<Record<keyof Named<SessionModuleOptions>, unknown>>;

export type BuiltInDriver = keyof typeof builtInDrivers;

/** Every option of the module with its default and its check. What each is for: `session.options.ts`. */
const table = {
  secret: { required: 'always', check: secrets },
  driver: {
    default: 'stealth',
    check: text("the name of a driver, such as 'redis'; its options go under that name: redis: { ... }"),
  },
  age: { default: '2h', check: duration() },
  absoluteAge: { check: duration() },
  clearWithBrowser: { default: false, check: boolean() },
  cookie: { default: {}, check: cookieOptions },
  header: { check: headerName },
  automaticTouch: { default: true, check: boolean() },
  touchEvery: { default: '1m', check: duration({ zero: true }) },
  serializer: {
    default: JSON,
    check: is('an object with the functions stringify and parse, such as superjson', isSerializer),
  },
  exclude: { default: [], check: is("a list such as ['/health', '/assets/{*path}']", isList) },
  passive: { default: [], check: is("a list such as ['/notifications']", isList) },
  storeTimeout: { default: '2s', check: duration({ timer: true }) },
  whenStoreFails: { default: 'reject', check: oneOf('reject', 'degrade') },
  gc: { default: '10m', check: duration({ timer: true, orElse: false }) },
  flash: {
    default: {},
    check: group(
      {
        except: {
          default: NEVER_FLASHED,
          check: listOf(text('the name of a field', /^/), 'a list of field names'),
        },
      },
      { takes: "an object such as { except: ['password'] }" },
    ),
  },
  encrypt: { default: false, check: boolean() },
  userKey: { default: 'userId', check: path },
  sessionsPerUser: {
    check: group(
      {
        max: { required: 'always', check: wholeNumber(1, 1_000_000, 'a whole number from 1 to 1,000,000') },
        when: { default: 'end-oldest', check: oneOf('end-oldest', 'refuse') },
      },
      { takes: "an object such as { max: 3, when: 'end-oldest' }" },
    ),
  },
  recordClient: { default: true, check: boolean() },
  sockets: {
    default: {},
    check: group(
      { checkEvery: { default: '1m', check: duration({ timer: true, orElse: false }) } },
      { takes: "an object such as { checkEvery: '30s' }" },
    ),
  },
  migrate: { default: [], check: sources },
  drivers: { default: {}, check: definitions },
  ...builtInDrivers,
} as const satisfies Table & Record<keyof Named<SessionModuleOptions>, unknown>;

/** The names that a type declares explicitly, without its index signature. */
type Named<T> = { [K in keyof T as string extends K ? never : number extends K ? never : K]: T[K] };

/** The options with defaults filled in and values checked. The table is the only place that defines a default. */
export type OptionSettings = Settings<typeof table> & {
  /** The options as given, as a plain object: each driver reads those under its name. */
  readonly given: SessionModuleOptions;
};

/** The options of the module as a plain object. Getters of a class count for options and for the driver's own. */
export function plainModuleOptions<T extends Partial<SessionModuleOptions>>(options: T): T {
  return plainOptions(options, [...Object.keys(table), String(options.driver)]);
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws SessionConfigError that names the option, what it got and what it takes
 */
export function optionSettings(options: SessionModuleOptions): OptionSettings {
  const given = plainModuleOptions(options);
  const { driver, drivers, stealth } = given;
  const own = [driver, stealth?.ledger, ...(isObject(drivers) ? Object.keys(drivers) : [])];
  const stray = unexplained(given).filter((name) => !own.includes(name));
  assertSecretInPlace(given, stray, Object.keys(table));
  return { ...readTable(table, given, ''), given };
}

/** The names of all options but those of single drivers, for the error about an option that is none of them. */
export const OPTION_NAMES: readonly string[] = Object.keys(table).filter(
  (name) => !Object.hasOwn(builtInDrivers, name),
);

/** The given options that only a driver of the application's own can explain, by name. */
export function unexplained(options: SessionModuleOptions): string[] {
  return Object.keys(options).filter((name) => !Object.hasOwn(table, name) && options[name] !== undefined);
}

/** What to do about given options that do not exist: the end of the error about them. */
export const remediesFor = (stray: readonly string[], given: SessionModuleOptions): string =>
  remedies(stray, given, Object.keys(table));
