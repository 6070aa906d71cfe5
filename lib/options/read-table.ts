import { type Check, optionError, readOption, refused } from './read-option.js';
import { isObject } from '../state/values.js';

/** One option of a table. */
interface Row {
  readonly check: Check<unknown>;
  /** What stands for an option that is not given, as an application would write it. */
  readonly default?: unknown;
  /**
   * Whether `undefined` is no default: `'always'`, the option is required; `'named'`, where it stands there by name, which most
   * likely means that a variable of the environment is not set.
   */
  readonly required?: 'always' | 'named';
}

/** Options by name: what each is by default and what it takes. */
export type Table = Readonly<Record<string, Row>>;

/** What a table makes of the options given. */
export type Settings<T extends Table> = { readonly [Name in keyof T]: Setting<T[Name]> };

type Setting<R extends Row> =
  R['check'] extends Check<infer Value>
    ? R extends { readonly default: unknown } | { readonly required: 'always' }
      ? Value
      : Value | undefined
    : never;

/**
 * Walks a table: each option that is given is checked, each other one is as it is by default.
 *
 * @param within what stands before the names in messages: `'cookie.'`
 * @throws SessionConfigError that names the option, what it got and what it takes
 */
export function readTable<T extends Table>(table: T, given: object, within: string): Settings<T>;
// The compiler cannot follow names through an object made of entries; the overload above says what comes of it.
export function readTable(table: Table, given: object, within: string): object {
  return Object.fromEntries(
    Object.entries(table).map(([name, row]) => {
      // Options may be an instance of a class, with getters.
      const own: unknown = Reflect.get(given, name);
      const value = own === undefined ? row.default : own;
      const counts = row.required === 'always' || (row.required === 'named' && name in given);
      return [name, value === undefined && !counts ? undefined : readOption(row.check, value, within + name)];
    }),
  );
}

/**
 * Options that stand together under one. A name that the table does not have is refused: a misspelt one would leave its
 * default in place without a word.
 *
 * @param words `takes`: default, the names; `note`: where to find what people look for here
 */
export function group<T extends Table>(
  table: T,
  words: { readonly takes?: string; readonly note?: string } = {},
): Check<Settings<T>> {
  const names = Object.keys(table);
  const { takes = `an object such as { ${names.join(', ')} }`, note = '' } = words;
  return {
    takes,
    read(value, option) {
      if (!isObject(value)) return refused(value, takes);
      const stray = Object.keys(value).find((name) => !Object.hasOwn(table, name));
      if (stray !== undefined) {
        throw optionError(`${option}.${stray}`, `does not exist. Known are ${names.join(', ')}${note}.`);
      }
      return readTable(table, value, `${option}.`);
    },
  };
}
