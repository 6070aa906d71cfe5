import { isObject } from '../state/values.js';
import { optionError } from './read-option.js';

const SECRET = "the option 'secret'";
const ASYNC = 'SessionModule.forRootAsync';
const NOTHING = 'nothing: leave it out';
const OF_DRIVER = 'an option under the name of the driver: redis: { ... }, database: { ... }';

/** Names that other libraries give their options, or Nest to what makes them, and what takes their place here. */
const ELSEWHERE = new Map(
  Object.entries({
    store: "the option 'driver'",
    name: "the option 'cookie.name'",
    cookieName: "the option 'cookie.name'",
    keys: SECRET,
    key: SECRET,
    password: SECRET,
    secrets: SECRET,
    secretKey: SECRET,
    useFactory: ASYNC,
    useClass: ASYNC,
    useExisting: ASYNC,
    client: OF_DRIVER,
    url: OF_DRIVER,
    host: OF_DRIVER,
    port: OF_DRIVER,
    prefix: OF_DRIVER,
    servers: OF_DRIVER,
    dataSource: OF_DRIVER,
    table: OF_DRIVER,
    ttl: "the option 'age'",
    maxAge: "the option 'age'",
    rolling: "the option 'automaticTouch'",
    resave: NOTHING,
    saveUninitialized: NOTHING,
    cookieOptions: "the option 'cookie'",
    proxy: NOTHING,
    unset: NOTHING,
    genid: NOTHING,
    forRoutes: NOTHING,
    retries: NOTHING,
    isGlobal: NOTHING,
  }),
);

/** The value of an option as given, which may be anything. */
type Given = Readonly<Record<string, unknown>>;

/** The names of options in a value that is no option itself. */
function optionsIn(value: unknown, options: readonly string[]): string[] {
  return isObject(value) ? Object.keys(value).filter((name) => options.includes(name)) : [];
}

/** What takes the place of a name that is no option: what other libraries call so, or an option with a similar name. */
function insteadOf(name: string, options: readonly string[]): string | undefined {
  const similar = options.find((option) => isSimilar(name, option));
  return ELSEWHERE.get(name) ?? (similar && `the option '${similar}'`);
}

/**
 * Whether two names have their letters in common, in the same order, apart from one of each. Upper and lower case do not
 * count. Short names are similar only if they are the same: too many words differ from `age` in a letter.
 */
function isSimilar(one: string, other: string): boolean {
  if (one.toLowerCase() === other.toLowerCase()) return true;
  const forms = formsOf(other);
  return formsOf(one).some((form) => form.length > 3 && forms.includes(form));
}

/** A name in lower case, and the same with one letter left out. */
function formsOf(name: string): string[] {
  const lower = name.toLowerCase();
  return [lower, ...Array.from(lower, (_, at) => lower.slice(0, at) + lower.slice(at + 1))];
}

/** What to do about a name that is no option, and what it got; empty if that shows nothing. */
function remedy(name: string, value: unknown, options: readonly string[]): string {
  const within = optionsIn(value, options);
  if (within.length > 0) {
    return (
      ` What it got are options of the session module (${within.join(', ')}): pass them directly, without '${name}' ` +
      'around them.'
    );
  }
  const instead = insteadOf(name, options);
  return instead === undefined ? '' : ` In place of '${name}' there is ${instead}.`;
}

/**
 * What to do about names that are no options, as far as they or their values show it: the end of the error about them.
 *
 * @param options the names of all options
 */
export function remedies(names: readonly string[], given: Given, options: readonly string[]): string {
  return names.map((name) => remedy(name, given[name], options)).join('');
}

/**
 * Checks that a missing secret is not in a place where nothing reads it. The error about the secret alone would
 * send people to look for an environment variable.
 *
 * @param stray the given names that are neither options nor drivers in use
 * @param options the names of all options
 * @throws SessionConfigError that names the place
 */
export function assertSecretInPlace(
  given: Given,
  stray: readonly string[],
  options: readonly string[],
): void {
  if (given['secret'] !== undefined) return;
  for (const name of stray) {
    const isElsewhere = [SECRET, ASYNC].includes(insteadOf(name, options) ?? '');
    // Without a secret inside, it may as well be of a driver that no module has named yet.
    if (isElsewhere || optionsIn(given[name], ['secret']).length > 0)
      throw optionError(name, `does not exist.${remedy(name, given[name], options)}`);
  }
  for (const name of ['cookie', 'stealth']) {
    if (optionsIn(given[name], ['secret']).length > 0)
      throw optionError(
        `${name}.secret`,
        `does not exist: 'secret' is an option of the module, beside '${name}'.`,
      );
  }
}
