import { SessionValueError } from '../session.errors.js';
import { shownType } from '../state/shown-type.js';
import { isObject } from '../state/values.js';
import type { RequestSession } from './request-session.js';

/** Whether arguments are wrong. */
type IsWrong = (args: readonly unknown[]) => boolean;

/**
 * What arguments a method takes, and the remedy that the error names for anything else: a maximum number, or a
 * check. 'all': the method checks its arguments itself.
 */
type Takes =
  | { readonly atMost: number; readonly remedy: string }
  | { readonly isWrong: IsWrong; readonly remedy: string }
  | 'all';

const NOTHING: Takes = { atMost: 0, remedy: 'It takes none.' };
const READING: Takes = {
  atMost: 2,
  remedy: 'It takes a key and a default. For several keys there is only(keys).',
};
const FIELD: Takes = { atMost: 2, remedy: 'It takes a key and a default.' };
const ALL: Takes = {
  atMost: 0,
  remedy: 'It takes none. For some values there are only(keys) and except(keys).',
};
const ADDING: Takes = { atMost: 2, remedy: 'It takes a key and a number.' };
const MAKING: Takes = { atMost: 2, remedy: 'It takes a key and a function.' };
const VALUES: Takes = { atMost: 1, remedy: 'It takes one object, with the values by their keys.' };
const CALLING: Takes = { isWrong: isNoCallback, remedy: 'It takes nothing, or a callback.' };
const ENDING: Takes = {
  isWrong: isNoCallback,
  remedy: 'It takes nothing, or a callback, and ends the session. To remove values there is forget(keys).',
};
const FLUSHING: Takes = {
  atMost: 0,
  remedy: 'It takes none, and removes everything. For some there is forget(keys).',
};
const LOADING: Takes = {
  isWrong: isNoBoolean,
  remedy: 'It takes true where the session is to be read-only, or nothing.',
};
const PUTTING: Takes = {
  isWrong: isNotOneOrSeveral,
  remedy: 'It takes a key and a value, or one object with values by their keys. A list is one value: [1, 2].',
};

/**
 * The methods of a session, and the arguments they take. An extra argument is a mistake, and ignoring it
 * would hide the mistake.
 */
export const ARGUMENTS = {
  get: READING,
  all: ALL,
  has: 'all',
  hasAny: 'all',
  exists: 'all',
  missing: 'all',
  only: 'all',
  except: 'all',
  pull: { atMost: 2, remedy: 'It takes a key and a default. Call it once for each key.' },
  put: PUTTING,
  set: PUTTING,
  merge: VALUES,
  remember: MAKING,
  update: MAKING,
  push: { isWrong: isNotKeyAndValue, remedy: 'It takes a key and one value. Call it once for each value.' },
  increment: ADDING,
  decrement: ADDING,
  forget: 'all',
  delete: 'all',
  flush: FLUSHING,
  clear: FLUSHING,
  reset: VALUES,
  setDuration: { atMost: 1, remedy: "It takes ms, or text such as '2h'." },
  permanent: VALUES,
  initiate: LOADING,
  start: LOADING,
  commit: CALLING,
  save: CALLING,
  touch: CALLING,
  reload: CALLING,
  regenerate: CALLING,
  roll: CALLING,
  invalidate: NOTHING,
  signIn: { atMost: 2, remedy: 'It takes the id of a user, and { remember }.' },
  signOut: NOTHING,
  intended: { atMost: 1, remedy: 'It takes a path of this site, or nothing.' },
  destroy: ENDING,
  generateId: NOTHING,
  setId: { atMost: 1, remedy: 'It takes an id.' },
  setSignedId: { atMost: 2, remedy: 'It takes a signed id and a secret.' },
  flash: PUTTING,
  now: PUTTING,
  reflash: {
    atMost: 0,
    remedy: 'It takes none, and lets all messages live on. For some there is keep(keys).',
  },
  keep: 'all',
  flashAll: {
    atMost: 0,
    remedy: 'It takes none. For some fields there are flashOnly(keys) and flashExcept(keys).',
  },
  flashOnly: 'all',
  flashExcept: 'all',
  old: FIELD,
} as const satisfies { readonly [name in keyof RequestSession]?: Takes };

/** The arguments that the methods of FlashMessages take. */
export const MESSAGE_ARGUMENTS = {
  get: FIELD,
  all: NOTHING,
  old: FIELD,
  errors: { atMost: 1, remedy: 'It takes the name of a field, or nothing.' },
} as const satisfies Readonly<Record<string, Takes>>;

/**
 * Makes the methods of a class check their arguments before they do anything.
 *
 * @param prototype of the class; a method may be inherited
 */
export function countArguments(prototype: object, takes: Readonly<Record<string, Takes>>): void {
  for (const [name, each] of Object.entries(takes)) {
    const method: unknown = Reflect.get(prototype, name);
    if (each === 'all' || typeof method !== 'function') continue;
    // The limit is compared inline, without a call: most requests use `get`.
    const most = 'atMost' in each ? each.atMost : Infinity;
    const isWrong = 'isWrong' in each ? each.isWrong : null;
    const value = {
      [name](this: unknown, ...args: unknown[]): unknown {
        if (args.length > most || (isWrong !== null && isWrong(args))) throw refusal(name, args, each);
        return Reflect.apply(method, this, args);
      },
    }[name];
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}

function isNoBoolean({ length, 0: first }: readonly unknown[]): boolean {
  return length > 1 || (first !== undefined && typeof first !== 'boolean');
}

/**
 * Code written for other libraries passes null, options, or a list of keys to keep instead of a callback. A
 * key or a number is a mistake.
 */
function isNoCallback([first]: readonly unknown[]): boolean {
  return first !== undefined && typeof first !== 'object' && typeof first !== 'function';
}

/** A key and a value. The method itself refuses invalid keys. */
function isNotKeyAndValue({ length, 0: first }: readonly unknown[]): boolean {
  return length === 1 ? typeof first === 'string' : length > 2;
}

/** A key and a value, or several values by key. */
function isNotOneOrSeveral({ length, 0: first }: readonly unknown[]): boolean {
  return length === 1 ? typeof first === 'string' : length > 2 || (length === 2 && isObject(first));
}

/** The message must not contain the argument: a visitor may have sent it. */
function refusal(name: string, args: readonly unknown[], takes: Exclude<Takes, 'all'>): SessionValueError {
  const count = `${args.length} argument${args.length === 1 ? '' : 's'}`;
  const got = takes === LOADING && args.length === 1 ? shownType(args[0]) : count;
  return new SessionValueError(`${name} got ${got}. ${takes.remedy}`);
}
