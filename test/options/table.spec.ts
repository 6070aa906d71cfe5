import { Test } from '@nestjs/testing';
import { SessionManager, SessionModule } from 'nestjs-session-kit';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { boolean, text, wholeNumber } from '../../lib/options/checks.js';
import { duration } from '../../lib/options/duration.js';
import type { SessionModuleOptions } from '../../lib/options/session.options.js';
import { optionSettings, unexplained } from '../../lib/options/option-table.js';
import { redisSettings } from '../../lib/options/redis.options.js';
import { type Table, group, readTable } from '../../lib/options/read-table.js';
import { SessionConfigError } from '../../lib/session.errors.js';
import { CustomDriver } from '../conformance/custom-driver.js';
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
      expect(() => check(given, 'redis')).toThrow(
        `The option 'redis.${stray}' does not exist. Known are age, name, servers, inner.`,
      );
    }
  });

  it('names the full path of a nested option', () => {
    expect(() => readTable(table, { inner: { max: 4 } }, 'a.')).toThrow("'a.inner.max' got 4; it takes up");
    expect(() => readTable(table, { inner: [] }, 'a.')).toThrow("'a.inner' got an empty list; it takes an");
  });
});

/** Its options are getters of the class and of its base; methods and private fields are none. */
class BaseOptions {
  readonly #secret = SECRET;
  get secret() {
    return this.#secret;
  }
  get mongo() {
    return { url: 'here' };
  }
  makeOptions() {
    return {};
  }
}
class ClassOptions extends BaseOptions {
  [driver: string]: unknown;
  gc = false as const;
  get age() {
    return '1h';
  }
  get cookie() {
    return new (class {
      get path() {
        return '/shop';
      }
    })();
  }
}

describe('Options that are an instance of a class', () => {
  it('count with the getters of the class and of its bases, on all levels', () => {
    const settings = optionSettings(new ClassOptions());
    expect(settings).toMatchObject({ age: 3_600_000, gc: false, driver: 'stealth', secret: [SECRET] });
    expect(settings.cookie.path).toBe('/shop');
  });

  it('may have getters of other names, which are helpers of the class', () => {
    class Inner {
      get max() {
        return this.twice / 2;
      }
      get twice() {
        return 4;
      }
    }
    expect(readTable(table, { inner: new Inner() }, '')).toMatchObject({ inner: { max: 2 } });
    // `mongo` is neither an option nor the driver.
    expect(unexplained(optionSettings(new ClassOptions()).given)).toEqual([]);
  });

  it('do not get options from a class of the platform', () => {
    expect(() => redisSettings(Object(new URL('redis://127.0.0.1:6379')))).toThrow(
      "The option 'redis' got nothing",
    );
  });

  it('are read from a prototype without a class, and from an object without a prototype', () => {
    const inherited: SessionModuleOptions = Object.create({ secret: SECRET, age: '1h' });
    expect(optionSettings(inherited).age).toBe(3_600_000);
    const bare: SessionModuleOptions = Object.assign(Object.create(null), { secret: SECRET, age: '1h' });
    expect(optionSettings(bare).age).toBe(3_600_000);
  });

  it('are accepted by forRoot, and by drivers of your own', async () => {
    class Options extends ClassOptions {
      get driver() {
        return 'mongo';
      }
      get drivers() {
        return { mongo: { useFactory: (config: unknown) => new NotingDriver(config) } };
      }
    }
    const imports = [SessionModule.forRoot(new Options())];
    const module = await Test.createTestingModule({ imports }).compile();
    await module.init();
    expect(module.get(SessionManager).driver()).toMatchObject({
      made: { url: 'here' },
      opened: { url: 'here' },
    });
    await module.close();
  });
});

/** Keeps the configuration that it was made with, and the one that it was opened with. */
class NotingDriver extends CustomDriver {
  opened: unknown;
  constructor(readonly made: unknown) {
    super(systemClock);
  }
  async open(config: unknown): Promise<void> {
    this.opened = config;
  }
}
