import { SessionConfigError } from '../session.errors.js';

/** Why a value is refused: the rest of a sentence that starts with the option's name. */
export class Refusal {
  constructor(readonly says: string) {}
}

/** A check for the value of one option. */
export interface Check<T> {
  /** The rest of a sentence that starts with "it takes". */
  readonly takes: string;
  /** The value for the settings, or the reason it is refused. `option` is its name, for naming nested values. */
  readonly read: (value: unknown, option: string) => T | Refusal;
}

/** Refuses a value that is not what the option takes. */
export function refused(value: unknown, takes: string, show = shown): Refusal {
  return new Refusal(`got ${show(value)}; it takes ${takes}.`);
}

/** Creates the error for an option. All errors for options are created here. */
export function optionError(option: string, says: string, cause?: unknown): SessionConfigError {
  return new SessionConfigError(
    `The option '${option}' ${says}`,
    cause === undefined ? undefined : { cause },
  );
}

/**
 * Reads the value of an option with its check.
 *
 * @throws SessionConfigError that names the option, what it got and what it takes
 */
export function readOption<T>(check: Check<T>, value: unknown, option: string): T {
  const read = check.read(value, option);
  if (read instanceof Refusal) throw optionError(option, read.says);
  return read;
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
