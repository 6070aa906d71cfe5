import { SessionConfigError } from '../session.errors.js';

/**
 * Checks the value of an option by that name, and returns the value for the settings.
 *
 * @throws SessionConfigError that names the option, what it got and what it takes
 */
export type Check<T> = (value: unknown, option: string) => T;

/**
 * Refuses a value that is not what the option takes.
 *
 * @param takes the rest of a sentence that starts with "it takes"
 */
export function refused(option: string, value: unknown, takes: string, show = shown): never {
  throw optionError(option, `got ${show(value)}; it takes ${takes}.`);
}

/**
 * Creates the error for an option. All errors for options are created here.
 *
 * @param says the rest of a sentence that starts with the option's name
 */
export function optionError(option: string, says: string, cause?: unknown): SessionConfigError {
  return new SessionConfigError(
    `The option '${option}' ${says}`,
    cause === undefined ? undefined : { cause },
  );
}

/** A readable form of a given value, for values that neither are nor contain a secret. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : withoutText(value);
}

/** A readable form of a given value without its text, for values that may be or contain a secret. */
export function withoutText(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  const made: unknown = value.constructor;
  return typeof made === 'function' && made !== Object ? `an object of ${made.name}` : 'an object';
}

/**
 * Whether an object, or a class with static functions, has these functions. For recognizing objects by their
 * methods, not by their class.
 */
export function hasFunctions(value: unknown, ...names: readonly string[]): boolean {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    names.every((name) => typeof Reflect.get(value, name) === 'function')
  );
}
