import { SessionValueError } from '../session.errors.js';
import { isSeveral } from './is-several.js';
import type { SessionMethod } from './session-members.js';

/**
 * What a method takes: so many arguments at most, with what to do in place of more; a key and a value, or several values
 * by their keys; nothing, or the callback of express-session's callers; or whatever comes, since it looks at all of it.
 */
export type Takes =
  | { readonly atMost: number; readonly remedy: string }
  | { readonly callback: true; readonly remedy: string }
  | { readonly keyAndValue: 'or several' | 'only'; readonly remedy: string }
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
const CALLING: Takes = { callback: true, remedy: 'It takes nothing, or a callback.' };
const ENDING: Takes = {
  callback: true,
  remedy: 'It takes nothing, or a callback, and ends the session. To remove values there is forget(keys).',
};
const FLUSHING: Takes = {
  atMost: 0,
  remedy: 'It takes none, and removes everything. For some there is forget(keys).',
};
const LOADING: Takes = { atMost: 1, remedy: 'It takes true where the session is to be read-only.' };
const PUTTING: Takes = {
  keyAndValue: 'or several',
  remedy: 'It takes a key and a value, or one object with values by their keys. A list is one value: [1, 2].',
};

/** What the methods of a session take. An argument that is too many would be ignored, and somebody meant something by it. */
export const ARGUMENTS: Readonly<Record<SessionMethod, Takes>> = {
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
  push: { keyAndValue: 'only', remedy: 'It takes a key and one value. Call it once for each value.' },
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
};

/** What the methods of FlashMessages take. */
export const MESSAGE_ARGUMENTS = { get: FIELD, all: NOTHING } as const satisfies Readonly<
  Record<string, Takes>
>;

/**
 * Makes the methods of a class refuse what is too many or missing, before they do anything.
 *
 * @param prototype of the class; a method may be inherited
 */
export function countArguments(prototype: object, takes: Readonly<Record<string, Takes>>): void {
  for (const [name, each] of Object.entries(takes)) {
    const method: unknown = Reflect.get(prototype, name);
    if (each === 'all' || typeof method !== 'function') continue;
    const isWrong = check(each);
    const value = {
      [name](this: unknown, ...args: unknown[]): unknown {
        if (isWrong(args)) throw wrongCount(name, args.length, each.remedy);
        return Reflect.apply(method, this, args);
      },
    }[name];
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}

function check(takes: Exclude<Takes, 'all'>): (args: readonly unknown[]) => boolean {
  if ('atMost' in takes) return moreThan(takes.atMost);
  return 'callback' in takes ? isNoCallback : isPutWrong(takes.keyAndValue);
}

/** Callers for other libraries pass null for nobody, options, or a list of keys to keep; but nobody passes a key and means all. */
function isNoCallback([first]: readonly unknown[]): boolean {
  return first !== undefined && typeof first !== 'object' && typeof first !== 'function';
}

function moreThan(most: number) {
  return (args: readonly unknown[]): boolean => args.length > most;
}

/** What is no key at all, the method itself refuses. */
function isPutWrong(takes: 'or several' | 'only') {
  return ({ length, 0: first }: readonly unknown[]): boolean => {
    if (length === 1) return typeof first === 'string';
    return length > 2 || (length === 2 && takes === 'or several' && isSeveral(first));
  };
}

function wrongCount(name: string, count: number, remedy: string): SessionValueError {
  return new SessionValueError(`${name} got ${count} argument${count === 1 ? '' : 's'}. ${remedy}`);
}
