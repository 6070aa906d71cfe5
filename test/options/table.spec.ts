import { describe, expect, it } from 'vitest';
import { readOption } from '../../lib/options/read-option.js';
import { boolean, text, wholeNumber } from '../../lib/options/checks.js';
import { duration } from '../../lib/options/duration.js';
import type { SessionModuleOptions } from '../../lib/options/session.options.js';
import { optionSettings } from '../../lib/options/option-table.js';
import { type Table, group, readTable } from '../../lib/options/read-table.js';
import { SessionConfigError } from '../../lib/session.errors.js';
import { SECRET } from '../support/test-app.js';

const table = {
  age: { default: '2h', check: duration() },
  name: { check: text() },
  servers: { required: 'named', check: text('a server') },
  inner: { default: {}, check: group({ max: { default: 3, check: wholeNumber(1, 3, 'up to three') } }) },
} as const satisfies Table;

describe('A table of options', () => {
  it('turns defaults into settings with the same checks as given options', () => {
    expect(readTable(table, {}, '')).toEqual({
      age: 7_200_000,
      name: undefined,
      servers: undefined,
      inner: { max: 3 },
    });
    expect(() => readTable({ on: { default: 'yes', check: boolean() } }, {}, '')).toThrow(SessionConfigError);
  });

  it('treats undefined as the default, except for a required option or one that must have a value if named', () => {
    expect(readTable(table, { age: undefined, name: undefined }, '').age).toBe(7_200_000);
    const message = "The option 'memcached.servers' got undefined; it takes a server.";
    expect(() => readTable(table, { servers: undefined }, 'memcached.')).toThrow(message);
    const needed = { secret: { required: 'always', check: text() } } as const satisfies Table;
    expect(() => readTable(needed, {}, '')).toThrow("The option 'secret' got undefined; it takes text.");
  });

  it('refuses unknown names, inherited ones included, and lists the known ones', () => {
    const check = group(table);
    for (const stray of ['ages', 'toString', '__proto__']) {
      const given: unknown = JSON.parse(`{"${stray}": {}}`);
      expect(() => readOption(check, given, 'redis')).toThrow(
        `The option 'redis.${stray}' does not exist. Known are age, name, servers, inner.`,
      );
    }
  });

  it('names the full path of a nested option', () => {
    expect(() => readTable(table, { inner: { max: 4 } }, 'a.')).toThrow("'a.inner.max' got 4; it takes up");
    expect(() => readTable(table, { inner: [] }, 'a.')).toThrow("'a.inner' got an empty list; it takes an");
  });
});

describe('The options of the module', () => {
  it('may be an instance of a class with getters', () => {
    class Options {
      get secret() {
        return SECRET;
      }
      get age() {
        return '1h';
      }
    }
    const options: SessionModuleOptions = Object.create(Options.prototype);
    expect(optionSettings(options)).toMatchObject({ age: 3_600_000, driver: 'stealth', gc: 600_000 });
  });
});
