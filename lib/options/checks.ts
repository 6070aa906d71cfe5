import { isKey } from '../state/values.js';
import { type Check, refused, shown } from './read-option.js';

/** Accepts the values that a test passes, unchanged. */
export function is<T>(takes: string, test: (value: unknown) => value is T, show = shown): Check<T> {
  return (value, option) => (test(value) ? value : refused(option, value, takes, show));
}

/** Runs a check, then checks or converts the result further. */
export function refine<T, U>(check: Check<T>, further: (value: T, option: string) => U): Check<U> {
  return (value, option) => further(check(value, option), option);
}

export function boolean(): Check<boolean> {
  return is('true or false', (value) => typeof value === 'boolean');
}

/** Text that matches a form; by default, any text but the empty one. */
export function text(takes = 'text', form = /./s, show = shown): Check<string> {
  return is(takes, (value): value is string => typeof value === 'string' && form.test(value), show);
}

export function oneOf<const V extends readonly (string | boolean)[]>(...values: V): Check<V[number]> {
  const names = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)));
  const takes = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  return is(takes, (value): value is V[number] => values.some((each) => each === value));
}

/** A whole number from `min` to `max`, both included. */
export function wholeNumber(min: number, max: number, takes: string): Check<number> {
  const fits = (value: unknown): value is number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
  return is(takes, fits);
}

/** A list whose entries each pass a check; errors name a wrong entry by its index (`secret[1]`). */
export function listOf<T>(entry: Check<T>, takes: string, show = shown): Check<readonly T[]> {
  return (value, option) =>
    Array.isArray(value)
      ? // Not `map`, which skips the holes of a list.
        Array.from(value, (each: unknown, index) => entry(each, `${option}[${index}]`))
      : refused(option, value, takes, show);
}

/** The path of a session value. @param takes what it names, for messages */
export function valuePath(takes: string): Check<string> {
  return is(takes, (value): value is string => typeof value === 'string' && value !== '' && isKey(value));
}
