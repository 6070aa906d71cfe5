import { parseDuration } from './duration.js';
import { SessionConfigError } from './session.errors.js';

/** The checks that every option goes through. What is wrong is said with the option's name, what it got and what it takes. */

/**
 * Milliseconds of an option that takes a duration.
 *
 * @param zero whether it may be zero
 * @param orElse what the option takes besides a duration, for the message
 */
export function duration(
  name: string,
  value: unknown,
  fallback: string,
  { zero = false, orElse = '' }: { zero?: boolean; orElse?: string } = {},
): number {
  const parsed = parseDuration(value === undefined ? fallback : value, zero);
  if (parsed !== null) return parsed;
  const from = zero ? 'from zero on' : 'above zero';
  const takes = `milliseconds ${from}, or text such as '30s', '2h', '7d', up to a hundred years`;
  throw wrong(name, value, orElse === '' ? takes : `${takes}, or ${orElse}`);
}

/** A duration in ms, or Infinity where none is given. */
export function durationOrInfinity(name: string, value: unknown): number {
  return value === undefined ? Infinity : duration(name, value, '');
}

/** True or false. */
export function flag(name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw wrong(name, value, 'true or false');
  return value;
}

/** Text that is not empty. */
export function nonEmptyText(name: string, value: unknown, fallback: string, takes: string): string {
  const text = value === undefined ? fallback : value;
  if (typeof text !== 'string' || text === '') throw wrong(name, value, takes);
  return text;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What somebody gave, without giving it away: it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}

/** The error for an option that got what it does not take. */
export function wrong(option: string, got: unknown, takes: string): SessionConfigError {
  return new SessionConfigError(`Option '${option}' got ${shown(got)}; it takes ${takes}.`);
}

/** What somebody gave, as far as it can be shown: for what is no secret. */
export function shown(got: unknown): string {
  if (typeof got === 'string') return `"${got}"`;
  if (Array.isArray(got)) return 'a list';
  return typeof got === 'object' && got !== null
    ? 'an object'
    : typeof got === 'function'
      ? 'a function'
      : String(got);
}

/** A misspelt name would leave its default in place without a word. */
export function assertKnown(option: string, given: object, known: readonly string[]): void {
  const stray = Object.keys(given).find((name) => !known.includes(name));
  if (stray === undefined) return;
  throw new SessionConfigError(`Option '${option}.${stray}' does not exist. Known are ${known.join(', ')}.`);
}
