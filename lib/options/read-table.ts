import { plainOptions } from './plain-options.js';
import { type Check, optionError, refused } from './read-option.js';
import { isObject } from '../state/values.js';

/** One option of a table. */
interface Row {
  readonly check: Check<unknown>;
  /** The value of an option that is not given, as an application would write it. */
  readonly default?: unknown;
  /**
   * When `undefined` does not fall back to the default: `'always'`, the option is required; `'named'`, if the
   * option is present with the value undefined, most likely because an environment variable is not set.
   */
  readonly required?: 'always' | 'named';
}

/** Options by name, each with its default and its check. */
export type Table = Readonly<Record<string, Row>>;

/** The settings that a table yields for given options. */
export type Settings<T extends Table> = { readonly [Name in keyof T]: Setting<T[Name]> };

type Setting<R extends Row> =
  R['check'] extends Check<infer Value>
    ? R extends { readonly default: unknown } | { readonly required: 'always' }
      ? Value
      : Value | undefined
    : never;

/**
 * Reads the options of a table: checks each given option and fills in the default of each other one.
 *
 * @param within the prefix of names in messages: `'cookie.'`
 * @throws SessionConfigError that names the option, what it got and what it takes
 */
export function readTable<T extends Table>(table: T, given: object, within: string): Settings<T>;
// The compiler cannot track names through an object made of entries; the overload above declares the result.
export function readTable(table: Table, given: object, within: string): object {
  return Object.fromEntries(
    Object.entries(table).map(([name, row]) => {
      const own: unknown = Reflect.get(given, name);
      const value = own === undefined ? row.default : own;
      const counts = row.required === 'always' || (row.required === 'named' && name in given);
      return [name, value === undefined && !counts ? undefined : row.check(value, within + name)];
    }),
  );
}

/**
 * Refuses names that nothing reads: a misspelt option would silently keep its default.
 *
 * @param note where to find options that people look for here
 * @throws SessionConfigError that names the stray one and the known ones
 */
export function assertKnown(given: object, names: readonly string[], option: string, note = ''): void {
  const stray = Object.keys(given).find((name) => !names.includes(name));
  if (stray === undefined) return;
  throw optionError(`${option}.${stray}`, `does not exist. Known are ${names.join(', ')}${note}.`);
}

/**
 * A group of options under one option. A name that the table lacks is refused.
 *
 * @param words `takes`: default, the names; `note`: where to find options that people look for here
 */
export function group<T extends Table>(
  table: T,
  words: { readonly takes?: string; readonly note?: string } = {},
): Check<Settings<T>> {
  const names = Object.keys(table);
  const { takes = `an object such as { ${names.join(', ')} }`, note = '' } = words;
  return (value, option) => {
    if (!isObject(value)) return refused(option, value, takes);
    const given = plainOptions(value, names);
    assertKnown(given, names, option, note);
    return readTable(table, given, `${option}.`);
  };
}
