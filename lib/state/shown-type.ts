import { isThenable } from './is-thenable.js';

/** Names the kind of a value in a message, which must not contain the value itself: a visitor may have sent it. */
export function shownType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  // The most likely mistake: a promise that was not awaited.
  return isThenable(value) ? 'a promise, which has to be awaited first' : `a value of type ${typeof value}`;
}
