import { SessionValueError } from '../session.errors.js';
import { deepCopy } from './deep-copy.js';
import { isSame } from './same-value.js';
import { isThenable } from './is-thenable.js';
import type { ReturnedObjects } from './returned-objects.js';
import { shownKey } from './shown-key.js';
import { shownType } from './shown-type.js';
import { cloneRecorded } from './clone-value.js';
import { type Values, isContainer, readPath, removePath, topLevelKey, writePath } from './values.js';

/**
 * The function given to `update`: takes the current value and returns the new one. May run again on a newer
 * value.
 */
export type Updater = (current: unknown) => unknown;

/**
 * One operation that a request performed on its session. A commit that finds a newer record replays its
 * changes on it, so each change records the operation ("add 1"), not the result ("5").
 */
export type Change =
  | ValueChange
  | { readonly op: 'flash'; readonly change: FlashChange }
  /** Drops messages that other requests flashed. */
  | { readonly op: 'leaveOthers' };

/** A change of the values. */
export type ValueChange =
  | { readonly op: 'put'; readonly path: string; readonly value: unknown }
  | { readonly op: 'push'; readonly path: string; readonly value: unknown }
  | { readonly op: 'increment'; readonly path: string; readonly by: number }
  | { readonly op: 'forget'; readonly path: string }
  /** Removes all values, except those under some top-level keys. */
  | { readonly op: 'flush'; readonly except?: readonly string[] }
  /** Puts an empty object where there is no object. */
  | { readonly op: 'putObject'; readonly path: string }
  | { readonly op: 'reset'; readonly values: Values }
  /** Sets a whole top-level key, whose name may contain dots. Mutations in place are recorded this way. */
  | { readonly op: 'assign'; readonly key: string; readonly value: unknown }
  | Update;

/** A longer path is unusual: the value that it creates is checked before it is stored. */
const MAX_PLAIN_PATH = 200;

/**
 * Whether what a change makes of newer values has to be checked before it is stored: what a function returns for
 * them, and how deep a long path nests.
 */
export function isUnforeseeable(change: ValueChange): boolean {
  return change.op === 'update' || ('path' in change && change.path.length > MAX_PLAIN_PATH);
}

/** A value replaced by the result of a function. */
interface Update {
  readonly op: 'update';
  readonly path: string;
  readonly updater: Updater;
  /** What the updater has returned so far. */
  readonly returned: ReturnedObjects;
  /** A copy of what the updater returned last, so that the change can be repeated without calling it. */
  result: unknown;
  /** A copy of what the updater was given last; omitted if the application could not have mutated that. */
  given?: unknown;
}

/** A change of the messages for the next request. `OutgoingFlash` performs it. */
export type FlashChange =
  | { readonly op: 'write'; readonly path: string; readonly value: unknown }
  /**
   * Adds to a list whose messages stay until a request reads them. The name is one top-level key, which may
   * contain dots.
   */
  | { readonly op: 'append'; readonly name: string; readonly messages: readonly unknown[] }
  /** Replaces the form fields flashed before. */
  | { readonly op: 'setFields'; readonly fields: Values }
  /** Keeps a message of the previous request for one more request. */
  | { readonly op: 'keep'; readonly path: string }
  | { readonly op: 'remove'; readonly path: string }
  /** Removes a message that was taken to be shown: it stays if the request cannot show any (a prefetch). */
  | { readonly op: 'take'; readonly path: string }
  | { readonly op: 'clear' };

/** Appends to a list, created if missing. */
export function pushTo(values: Values, path: string, value: unknown): void {
  const list = readPath(values, path);
  if (list === undefined || list === null) {
    writePath(values, path, [value]);
  } else if (Array.isArray(list)) {
    list.push(value);
  } else {
    throw new SessionValueError(
      `Cannot push to "${shownKey(path)}": it holds ${shownType(list)}, not a list. Put a list there first.`,
    );
  }
}

/** Adds to a number; a missing value counts as 0. Returns the new number. */
export function addTo(values: Values, path: string, by: number): number {
  const current = readPath(values, path) ?? 0;
  if (typeof current !== 'number') {
    throw new SessionValueError(
      `Cannot increment "${shownKey(path)}": it holds ${shownType(current)}, not a number. Put a number there first.`,
    );
  }
  const sum = current + by;
  writePath(values, path, sum);
  return sum;
}

/** @throws SessionValueError if `update` got no function */
export function assertUpdater(updater: unknown): void {
  if (typeof updater === 'function') return;
  throw new SessionValueError(
    `update got ${shownType(updater)} in place of a function; it takes a key and a function that makes the new value of the current one. To store a value, use put.`,
  );
}

/**
 * Replaces a value by the result of the updater; undefined removes it. Returns the new value.
 *
 * @param returned what this updater has returned before. Default: it is called this once
 */
export function updateAt(
  values: Values,
  path: string,
  updater: Updater,
  returned?: ReturnedObjects,
): unknown {
  const answer = updater(readPath(values, path));
  if (isThenable(answer)) {
    // Nobody else holds this promise: without a handler its rejection would end the process.
    answer.then(undefined, () => undefined);
    throw new SessionValueError(
      `The function given to update("${shownKey(path)}") returned a promise. Await first, then update with a plain function.`,
    );
  }
  const result = returned === undefined ? answer : returned.asReturned(answer);
  if (result === undefined) removePath(values, path);
  else writePath(values, path, result);
  return result;
}

/** Puts an empty object at a path, unless there is an object or a list. Returns whether it was put. */
export function putObjectAt(values: Values, path: string): boolean {
  if (isContainer(readPath(values, path))) return false;
  writePath(values, path, {});
  return true;
}

/**
 * Removes all values, keeping the object itself.
 *
 * @param except top-level keys that stay
 * @returns the removed keys
 */
export function clear(values: Values, except: readonly string[] = []): string[] {
  const removed = Object.keys(values).filter((key) => !except.includes(key));
  for (const key of removed) delete values[key];
  return removed;
}

/**
 * Performs a change on values.
 *
 * @param updates `run` calls the function of an `update` and records its result; `repeat` uses the recorded
 * result
 */
function perform(values: Values, change: Change, updates: 'run' | 'repeat'): void {
  switch (change.op) {
    case 'put':
      writePath(values, change.path, cloneRecorded(change.value));
      return;
    case 'push':
      pushTo(values, change.path, cloneRecorded(change.value));
      return;
    case 'increment':
      addTo(values, change.path, change.by);
      return;
    case 'forget':
      removePath(values, change.path);
      return;
    case 'flush':
      clear(values, change.except);
      return;
    case 'putObject':
      putObjectAt(values, change.path);
      return;
    case 'reset':
      clear(values);
      Object.assign(values, cloneRecorded(change.values));
      return;
    case 'assign':
      if (change.value === undefined) delete values[change.key];
      else values[change.key] = cloneRecorded(change.value);
      return;
    case 'update':
      if (updates === 'repeat') {
        updateAt(values, change.path, () => cloneRecorded(change.result));
      } else {
        if ('given' in change) change.given = deepCopy(readPath(values, change.path));
        change.result = deepCopy(updateAt(values, change.path, change.updater, change.returned));
      }
      return;
    case 'flash':
    case 'leaveOthers':
    // Flash messages are not values.
  }
}

/**
 * Replays changes on newer values: updaters run again. The values are mutated, even if this throws.
 *
 * @param old the values that the changes were made on
 * @returns the changes with the results of this replay
 * @throws SessionValueError if a change does not fit the values; errors of an updater are passed on
 */
export function replay(values: Values, changes: readonly Change[], old: Readonly<Values>): Change[] {
  const replayed = changes.map((change) => (change.op === 'update' ? { ...change } : change));
  replayed.forEach((change, index) => {
    try {
      perform(values, change, 'run');
    } catch (error) {
      // If the key is assigned as a whole later, the failed change is in that value.
      if (!isContained(change, replayed.slice(index + 1), old)) throw error;
    }
  });
  return replayed;
}

/**
 * Stands for what an update made of a value that had been mutated in place: the mutation is in the result too.
 * No value is the same (`isSame`), as none has its prototype, and no path leads into it.
 */
const MUTATED: object = Object.freeze(Object.create({}));

/**
 * Repeats changes with their recorded results, without running application code, so that what was mutated in
 * place differs afterwards. A change that does not fit is skipped: the application had mutated the object that it
 * was applied to.
 */
export function repeat(values: Values, changes: readonly Change[]): void {
  for (const change of changes) {
    try {
      if (change.op === 'update' && 'given' in change && !isSame(readPath(values, change.path), change.given))
        writePath(values, change.path, MUTATED);
      else perform(values, change, 'repeat');
    } catch {
      // The change was applied to the application's own object before, where an error would have shown.
    }
  }
}

function isContained(change: Change, later: readonly Change[], old: Readonly<Values>): boolean {
  if (!('path' in change)) return false;
  const key = topLevelKey(old, change.path);
  return later.some((assign) => assign.op === 'assign' && assign.key === key);
}
