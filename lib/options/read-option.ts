import { SessionConfigError } from '../session.errors.js';

/** Why a value is refused: the rest of a sentence that begins with the option. */
export class Refusal {
  readonly says: string;
  readonly cause: unknown;

  constructor(says: string, cause?: unknown) {
    this.says = says;
    this.cause = cause;
  }
}

/** What one option takes. */
export interface Check<T> {
  /** The end of a sentence that begins with "it takes". */
  readonly takes: string;
  /** The value as the settings have it, or why it is refused. `option` is its name, for what lies within. */
  readonly read: (value: unknown, option: string) => T | Refusal;
}

/** A refusal of a value that is none of those that the option takes. */
export function refused(value: unknown, takes: string, show = shown): Refusal {
  return new Refusal(`got ${show(value)}; it takes ${takes}.`);
}

/** The error of an option. Every error of an option is made here. */
export function optionError(option: string, says: string, cause?: unknown): SessionConfigError {
  return new SessionConfigError(
    `The option '${option}' ${says}`,
    cause === undefined ? undefined : { cause },
  );
}

/**
 * What a check makes of the value of an option.
 *
 * @throws SessionConfigError that names the option, what it got and what it takes
 */
export function readOption<T>(check: Check<T>, value: unknown, option: string): T {
  const read = check.read(value, option);
  if (read instanceof Refusal) throw optionError(option, read.says, read.cause);
  return read;
}

/** What somebody gave, as far as it can be shown: for what is no secret and holds none. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : withoutText(value);
}

/** What somebody gave, without its text: for what may be a secret, or hold one. */
export function withoutText(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  const made: unknown = value.constructor;
  return typeof made === 'function' && made !== Object ? `an object of ${made.name}` : 'an object';
}

/** Whether an object, or a class with static functions, has these functions: what is known by what it can do, not by its class. */
export function hasFunctions(value: unknown, ...names: readonly string[]): boolean {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    names.every((name) => typeof Reflect.get(value, name) === 'function')
  );
}
