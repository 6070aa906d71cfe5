/**
 * A default for a missing value: the value itself, or a function that returns it.
 *
 * @example
 * const fallback: Fallback<string[]> = () => [];
 * session.get('cart', fallback);
 */
export type Fallback<V> = V | (() => V);

/** Whether a value is neither undefined nor null; 0, false and '' are values. */
export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Returns the value, or the default if the value is missing or null. */
export function orDefault(value: unknown, fallback: unknown): unknown {
  if (isPresent(value) || fallback === undefined) return value;
  return typeof fallback === 'function' ? fallback() : fallback;
}
