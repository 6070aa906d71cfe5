/** A default for a value that is not there: the value itself, or a function that makes it. */
export type Fallback<V> = V | (() => V);

/** Whether there is a value: 0, false and '' are values too. */
export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A value, or what stands in for it where it is missing or null. */
export function orDefault(value: unknown, fallback: unknown): unknown {
  if (isPresent(value) || fallback === undefined) return value;
  return typeof fallback === 'function' ? fallback() : fallback;
}
