import { SessionValueError } from '../session.errors.js';
import { shownKey } from './shown-key.js';
import { type Values, cloneValue, readPath, removePath, writePath } from './values.js';

/** What `update` calls: the current value in, the new one out. May run again on a newer value. */
export type Updater = (current: unknown) => unknown;

/**
 * One operation that a request performed on its session. A commit that finds a newer record replays its changes on it;
 * so each says what was meant ("add 1"), not what came out ("5").
 */
export type Change =
  | ValueChange
  | { readonly op: 'flash'; readonly change: FlashChange }
  /** What other requests flashed stays behind. */
  | { readonly op: 'leaveOthers' };

/** A change of the values. */
export type ValueChange =
  | { readonly op: 'put'; readonly path: string; readonly value: unknown }
  | { readonly op: 'push'; readonly path: string; readonly value: unknown }
  | { readonly op: 'increment'; readonly path: string; readonly by: number }
  | { readonly op: 'forget'; readonly path: string }
  | { readonly op: 'flush' }
  | { readonly op: 'reset'; readonly values: Values }
  /** A top-level key as a whole, dots in its name included: how a mutation in place is recorded. */
  | { readonly op: 'assign'; readonly key: string; readonly value: unknown }
  /** `result` is what the updater returned last, so that the change can be repeated without running it. */
  | { readonly op: 'update'; readonly path: string; readonly updater: Updater; result: unknown };

/** What a request changed of the messages that the next one finds. `OutgoingFlash` performs it. */
export type FlashChange =
  | { readonly op: 'write'; readonly path: string; readonly value: unknown }
  /** Stays until a request reads it. The name is one top-level key, dots in it included. */
  | { readonly op: 'writeUntilRead'; readonly name: string; readonly value: unknown }
  /** The fields of a form, in place of those flashed before. */
  | { readonly op: 'setFields'; readonly fields: Values }
  /** A message of the previous request lives one request more. */
  | { readonly op: 'keep'; readonly path: string }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'clear' };

/** Appends to a list, created where missing. */
export function pushTo(values: Values, path: string, value: unknown): void {
  const list = readPath(values, path);
  if (list === undefined || list === null) {
    writePath(values, path, [value]);
  } else if (Array.isArray(list)) {
    list.push(value);
  } else {
    throw new SessionValueError(
      `Cannot push to "${shownKey(path)}": it holds a value of type ${typeof list}, not a list. Put a list there first.`,
    );
  }
}

/** Adds to a number; missing counts as 0. Returns the new number. */
export function addTo(values: Values, path: string, by: number): number {
  const current = readPath(values, path) ?? 0;
  if (typeof current !== 'number') {
    throw new SessionValueError(
      `Cannot increment "${shownKey(path)}": it holds a value of type ${typeof current}, not a number. Put a number there first.`,
    );
  }
  const sum = current + by;
  writePath(values, path, sum);
  return sum;
}

/** @throws SessionValueError where `update` got no function */
export function assertUpdater(updater: unknown): void {
  if (typeof updater === 'function') return;
  throw new SessionValueError(
    `update got a value of type ${typeof updater} in place of a function; it takes a key and a function that makes the new value of the current one. To store a value, use put.`,
  );
}

/** Replaces a value by what the updater makes of it; undefined removes it. Returns the new value. */
export function updateAt(values: Values, path: string, updater: Updater): unknown {
  const result = updater(readPath(values, path));
  if (result instanceof Promise) {
    // Nobody else holds this promise: without a handler its failure would end the process.
    result.catch(() => undefined);
    throw new SessionValueError(
      `The function given to update("${shownKey(path)}") returned a promise. Await first, then update with a plain function.`,
    );
  }
  if (result === undefined) removePath(values, path);
  else writePath(values, path, result);
  return result;
}

/** Removes all values, keeping the object itself. */
export function clear(values: Values): void {
  for (const key of Object.keys(values)) delete values[key];
}

/**
 * Performs a change on values.
 *
 * @param updates `run` calls the function of an `update`, and remembers what it returns; `repeat` takes what it returned last
 */
function perform(values: Values, change: Change, updates: 'run' | 'repeat'): void {
  switch (change.op) {
    case 'put':
      writePath(values, change.path, cloneValue(change.value));
      return;
    case 'push':
      pushTo(values, change.path, cloneValue(change.value));
      return;
    case 'increment':
      addTo(values, change.path, change.by);
      return;
    case 'forget':
      removePath(values, change.path);
      return;
    case 'flush':
      clear(values);
      return;
    case 'reset':
      clear(values);
      Object.assign(values, cloneValue(change.values));
      return;
    case 'assign':
      if (change.value === undefined) delete values[change.key];
      else values[change.key] = cloneValue(change.value);
      return;
    case 'update':
      if (updates === 'repeat') {
        updateAt(values, change.path, () => cloneValue(change.result));
      } else {
        change.result = cloneValue(updateAt(values, change.path, change.updater));
      }
      return;
    case 'flash':
    case 'leaveOthers':
    // Flash messages are no values.
  }
}

/**
 * Replays changes on newer values: updaters run again. The values are changed in place, also where this throws.
 *
 * @returns the changes as they came out now
 * @throws SessionValueError where a change does not fit the values, or what an updater throws
 */
export function replay(values: Values, changes: readonly Change[]): Change[] {
  const replayed = changes.map((change) => (change.op === 'update' ? { ...change } : change));
  replayed.forEach((change, index) => {
    try {
      perform(values, change, 'run');
    } catch (error) {
      // What it did to a key that is assigned as a whole later on is overwritten there in any case.
      if (!isOverwritten(change, replayed.slice(index + 1))) throw error;
    }
  });
  return replayed;
}

/**
 * Repeats changes exactly as they came out before: no code of the application runs. A change that does not fit is left
 * out: the application had mutated in place what it stands on.
 */
export function repeat(values: Values, changes: readonly Change[]): void {
  for (const change of changes) {
    try {
      perform(values, change, 'repeat');
    } catch {
      // What it does to the application's own object has shown already whether it fits.
    }
  }
}

function isOverwritten(change: Change, later: readonly Change[]): boolean {
  if (!('path' in change)) return false;
  const { path } = change;
  return later.some(
    (assign) => assign.op === 'assign' && (path === assign.key || path.startsWith(`${assign.key}.`)),
  );
}
