import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ArgumentsHost,
  Controller,
  type ExceptionFilter,
  Get,
  Injectable,
  Module,
  type OnModuleInit,
} from '@nestjs/common';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type RecordDriver,
  type SealingDriver,
  Session,
  SessionConfigError,
  SessionDriver,
  SessionError,
  SessionManager,
  SessionStoreError,
  type SessionModuleOptions,
  type SessionRecord,
} from 'nestjs-session-kit';
import { systemClock } from '../../lib/drivers/clock.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { HandlerApp } from '../support/handler-app.js';
import { HeardEvents } from '../support/heard-events.js';
import { PlainDriver as PlainSealer } from '../support/plain-driver.js';
import { PLATFORMS, TestApp, type TestAppSetup } from '../support/test-app.js';

/** A dependency of a driver in an application, such as a connection pool. */
@Injectable()
class Journal {
  readonly entries: string[] = [];
}

/** Records its calls and the configuration that it got. */
class JournalingDriver extends CustomDriver {
  readonly config: unknown;

  constructor(
    readonly journal: Journal,
    config?: unknown,
  ) {
    super(systemClock);
    this.config = config;
  }

  async open(config: unknown): Promise<void> {
    this.journal.entries.push(`open ${JSON.stringify(config)}`);
  }

  async close(): Promise<void> {
    this.journal.entries.push('close');
  }

  async collectGarbage(now: number): Promise<number> {
    this.journal.entries.push(`collect ${typeof now}`);
    return 7;
  }
}

@SessionDriver('mongo')
class MarkedDriver extends JournalingDriver {
  // Nest reads what to inject from the constructor of the class itself.
  // oxlint-disable-next-line no-useless-constructor
  constructor(journal: Journal) {
    super(journal);
  }
}

@Injectable()
class PlainDriver extends JournalingDriver {
  // Nest reads what to inject from the constructor of the class itself.
  // oxlint-disable-next-line no-useless-constructor
  constructor(journal: Journal) {
    super(journal);
  }
}

@Injectable()
class Extender implements OnModuleInit {
  constructor(
    private readonly sessions: SessionManager,
    private readonly journal: Journal,
  ) {}

  onModuleInit(): void {
    this.sessions.extend('mongo', (config: unknown) => new JournalingDriver(this.journal, config));
  }
}

@Controller()
class CounterController {
  @Get()
  count(@Session() session: Session) {
    return { count: session.increment('count') };
  }

  @Get('read')
  read(@Session('count') count: number | undefined) {
    return { count: count ?? null };
  }
}

/** A module of the application that SessionModule knows nothing of. */
@Module({ providers: [Journal], exports: [Journal] })
class JournalModule {}

const MONGO = { url: 'mongo://127.0.0.1/test' };

const WAYS: readonly { readonly name: string; readonly setup: TestAppSetup }[] = [
  {
    name: '@SessionDriver on a provider',
    setup: {
      providers: [MarkedDriver],
      imports: [JournalModule],
      options: { driver: 'mongo', mongo: MONGO },
    },
  },
  {
    name: "the option 'drivers' with useClass",
    setup: {
      providers: [PlainDriver],
      imports: [JournalModule],
      options: { driver: 'mongo', mongo: MONGO, drivers: { mongo: { useClass: PlainDriver } } },
    },
  },
  {
    name: "the option 'drivers' with useFactory and inject",
    setup: {
      imports: [JournalModule],
      options: {
        driver: 'mongo',
        mongo: MONGO,
        drivers: {
          mongo: {
            useFactory: (journal: Journal, config: unknown) => new JournalingDriver(journal, config),
            inject: [Journal],
          },
        },
      },
    },
  },
  {
    name: "the option 'drivers' with useFactory and an optional dependency that no module provides",
    setup: {
      imports: [JournalModule],
      options: {
        driver: 'mongo',
        mongo: MONGO,
        drivers: {
          mongo: {
            useFactory: (missing: undefined, journal: Journal, config: unknown) =>
              missing ?? new JournalingDriver(journal, config),
            inject: [
              { token: 'NOBODY', optional: true },
              { token: Journal, optional: false },
            ],
          },
        },
      },
    },
  },
  {
    name: 'SessionManager.extend while the application boots',
    setup: { providers: [Extender], imports: [JournalModule], options: { driver: 'mongo', mongo: MONGO } },
  },
];

describe.each(WAYS)('a driver brought by $name', ({ setup }) => {
  it.each(PLATFORMS)('keeps sessions on %s, with what was injected and configured', async (platform) => {
    let journal: Journal;
    {
      await using app = await TestApp.start(platform, { ...setup, controllers: [CounterController] });
      journal = app.get(Journal);
      expect(journal.entries).toEqual([`open ${JSON.stringify(MONGO)}`]);

      const visitor = app.visitor();
      await visitor.get('/').expect(200, { count: 1 });
      await visitor.get('/').expect(200, { count: 2 });

      const sessions = app.get(SessionManager);
      expect(sessions.driver()).toBe(sessions.driver('mongo'));
      expect(sessions.driver()).toBeInstanceOf(JournalingDriver);
      expect(await sessions.collectGarbage()).toBe(7);
      expect(journal.entries.at(-1)).toBe('collect number');
    }
    expect(journal.entries.at(-1)).toBe('close');
  });
});

it('driver factories get the configuration', async () => {
  for (const { setup } of WAYS.slice(2)) {
    await using app = await TestApp.start('express', setup);
    expect(app.get(SessionManager).driver()).toHaveProperty('config', MONGO);
  }
});

it('useClass is instantiated if no module provides it, with dependencies from any module', async () => {
  await using app = await TestApp.start('express', {
    controllers: [CounterController],
    imports: [JournalModule],
    options: { driver: 'own', drivers: { own: { useClass: PlainDriver } } },
  });
  await app.request.get('/').expect(200, { count: 1 });
  expect(app.get(SessionManager).driver()).toHaveProperty('journal', app.get(Journal));
});

it('a factory with two parameters is called for each request, and gets the request', async () => {
  const store = new CustomDriver(systemClock);
  const urls: unknown[] = [];

  @Injectable()
  class PerRequest implements OnModuleInit {
    constructor(private readonly sessions: SessionManager) {}

    onModuleInit(): void {
      this.sessions.extend('tenant', (_config: unknown, request: { url?: string } | undefined) => {
        urls.push(request?.url);
        return store;
      });
    }
  }

  for (const platform of PLATFORMS) {
    urls.length = 0;
    await using app = await TestApp.start(platform, {
      controllers: [CounterController],
      providers: [PerRequest],
      options: { driver: 'tenant' },
    });
    const visitor = app.visitor();
    await visitor.get('/?tenant=a').expect(200, { count: 1 });
    await visitor.get('/?tenant=b').expect(200, { count: 2 });
    expect(urls.filter((url) => url !== undefined)).toEqual(['/?tenant=a', '/?tenant=b']);
  }
});

/** A promise of another library, or of the context in which Jest runs tests. */
class ForeignPromise<T> {
  readonly #native: Promise<T>;

  constructor(native: Promise<T>) {
    this.#native = native;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is one
  then(...handlers: Parameters<Promise<T>['then']>): Promise<unknown> {
    return this.#native.then(...handlers);
  }
}

it.each([
  ['native', <T>(native: Promise<T>) => native],
  ['another library’s', <T>(native: Promise<T>) => new ForeignPromise(native) as unknown as Promise<T>],
])('a sealing driver may be asynchronous, with promises that are %s', async (_whose, promised) => {
  class SlowSeal implements SealingDriver {
    async seal(record: SessionRecord): Promise<string> {
      return Buffer.from(JSON.stringify(record)).toString('base64url');
    }

    async open(token: string): Promise<SessionRecord | null> {
      try {
        const record: SessionRecord = JSON.parse(Buffer.from(token, 'base64url').toString());
        return record;
      } catch {
        return null;
      }
    }
  }
  for (const platform of PLATFORMS) {
    await using app = await TestApp.start(platform, {
      controllers: [CounterController],
      options: {
        driver: 'seal',
        drivers: {
          seal: {
            useFactory: (): SealingDriver => {
              const slow = new SlowSeal();
              return {
                seal: (record) => promised(slow.seal(record)),
                open: (token) => promised(slow.open(token)),
              };
            },
          },
        },
      },
    });
    const visitor = app.visitor();
    await visitor.get('/').expect(200, { count: 1 });
    await visitor.get('/').expect(200, { count: 2 });
    await app.request.get('/').set('Cookie', 'session=garbage').expect(200, { count: 1 });
  }
});

it.each(PLATFORMS)(
  'an asynchronous sealing driver that hangs gets the store timeout and is logged, on %s',
  async (platform) => {
    const hanging = { open: false, seal: false };
    const answer = <T>(call: 'open' | 'seal', value: () => T): Promise<T> =>
      hanging[call] ? new Promise(() => undefined) : Promise.resolve().then(value);
    const driver: SealingDriver = {
      seal: (record) => answer('seal', () => Buffer.from(JSON.stringify(record)).toString('base64url')),
      open: (token) =>
        answer('open', (): SessionRecord => JSON.parse(Buffer.from(token, 'base64url').toString())),
    };
    const lines: string[] = [];
    const say = (line: unknown): number => lines.push(String(line));
    await using app = await TestApp.start(platform, {
      controllers: [CounterController],
      options: { driver: 'keys', drivers: { keys: { useFactory: () => driver } }, storeTimeout: 50 },
      configure: (application) => application.useLogger({ log: () => {}, warn: say, error: say }),
    });
    const visitor = app.visitor();
    await visitor.get('/').expect(200, { count: 1 });
    hanging.open = true;
    await visitor.get('/').expect(503);
    hanging.open = false;
    hanging.seal = true;
    await visitor.get('/').expect(503);
    hanging.seal = false;
    await visitor.get('/').expect(200, { count: 2 });
    const ofTheStore = lines.filter((line) => line.includes('The session store "keys"'));
    expect(ofTheStore[0]).toMatch(/did not answer within 50 ms/);
    expect(ofTheStore.at(-1)).toBe('The session store "keys" is back.');
  },
);

describe.each(
  PLATFORMS.flatMap((platform) =>
    (['a synchronous', 'an asynchronous'] as const).map((kind) => ({ platform, kind })),
  ),
)('$kind sealing driver that fails, on $platform', ({ platform, kind }) => {
  async function failing(fails: 'open' | 'seal', options: Partial<SessionModuleOptions> = {}) {
    let broken = false;
    const answer = <T>(call: 'open' | 'seal', value: () => T): T => {
      if (broken && call === fails) throw new Error('hunter2');
      return value();
    };
    const synchronous: SealingDriver = {
      seal: (record) => answer('seal', () => Buffer.from(JSON.stringify(record)).toString('base64url')),
      open: (token) =>
        answer('open', (): SessionRecord => JSON.parse(Buffer.from(token, 'base64url').toString())),
    };
    const asynchronous: SealingDriver = {
      seal: async (record) => synchronous.seal(record),
      open: async (token) => synchronous.open(token),
    };
    const driver = kind === 'a synchronous' ? synchronous : asynchronous;
    const lines: string[] = [];
    const say = (line: unknown): number => lines.push(String(line));
    const app = await TestApp.start(platform, {
      controllers: [CounterController],
      options: { driver: 'keys', drivers: { keys: { useFactory: () => driver } }, ...options },
      configure: (application) => application.useLogger({ log: () => {}, warn: say, error: say }),
    });
    onTestFinished(() => app[Symbol.asyncDispose]());
    const visitor = app.visitor();
    await visitor.get('/').expect(200, { count: 1 });
    broken = true;
    return { visitor, lines, mend: () => (broken = false) };
  }

  it.each(['open', 'seal'] as const)(
    'in %s is answered with 503 and logged once, without its text',
    async (fails) => {
      const { visitor, lines, mend } = await failing(fails);
      for (let count = 0; count < 3; count += 1) await visitor.get('/').expect(503);
      expect(lines.filter((line) => line.includes('The session store "keys" failed'))).toHaveLength(1);
      expect(lines.join()).not.toContain('hunter2');
      mend();
      await visitor.get('/').expect(200, { count: 2 });
      expect(lines.at(-1)).toBe('The session store "keys" is back.');
    },
  );

  it('in open leaves the request an empty session if the option whenStoreFails says so', async () => {
    const { visitor, mend } = await failing('open', { whenStoreFails: 'degrade' });
    await visitor.get('/read').expect(200, { count: null });
    mend();
    await visitor.get('/').expect(200, { count: 2 });
  });
});

it.each<[string, unknown, string]>([
  ['a semicolon', 'secret; Domain=example.com', 'text that no cookie can carry'],
  ['a line break', 'secret\r\nLocation: /elsewhere', 'text that no cookie can carry'],
  ['a letter beyond ASCII', 'sécret', 'text that no cookie can carry'],
  ['nothing in it', '', 'text that no cookie can carry'],
  ['another type', Buffer.from('secret'), 'a value of type object'],
])('a token of a sealing driver with %s is refused, and never shown', async (_what, token, shown) => {
  for (const platform of PLATFORMS) {
    for (const seal of [() => token, () => Promise.resolve(token)]) {
      const errors: unknown[] = [];
      await using app = await TestApp.start(platform, {
        controllers: [CounterController],
        options: {
          driver: 'careless',
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- plain JavaScript gives what it likes
          drivers: { careless: { useFactory: () => ({ seal, open: () => null }) as SealingDriver } },
        },
        configure: (application) => {
          application.useGlobalFilters({
            catch(error: Error, host: ArgumentsHost) {
              errors.push(error.cause);
              const adapter = application.getHttpAdapter();
              adapter.reply(host.switchToHttp().getResponse(), {}, 503);
            },
          } satisfies ExceptionFilter);
        },
      });
      const { headers } = await app.visitor().get('/').expect(503);
      expect(headers['set-cookie']).toBeUndefined();
      expect(headers['location']).toBeUndefined();
      expect(errors).toEqual([
        new SessionError(
          `The session driver "careless" sealed a session into ${shown}. seal() returns letters, digits, '-', '_' and '.'.`,
        ),
      ]);
    }
  }
});

it('garbage is collected outside of requests, as often as the option gc says', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const journal = new Journal();
    await using app = await TestApp.start('express', {
      options: {
        driver: 'own',
        gc: '5m',
        drivers: { own: { useFactory: () => new JournalingDriver(journal) } },
      },
    });
    await vi.advanceTimersByTimeAsync(5 * 60_000 - 1);
    expect(journal.entries).not.toContain('collect number');
    await vi.advanceTimersByTimeAsync(1);
    expect(journal.entries).toContain('collect number');
    expect(app.url).toContain('127.0.0.1');
  } finally {
    vi.useRealTimers();
  }
});

it.each([
  [
    new SessionStoreError('3 files of sessions could not be collected'),
    '3 files of sessions could not be collected',
  ],
  [Object.assign(new Error('payload of nobody'), { code: 'EACCES' }), 'EACCES'],
  [new TypeError('payload of nobody'), 'TypeError'],
  ['payload of nobody', 'an unknown error'],
])('a failed garbage collection is logged with its reason: %s', async (reason, said) => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const warn = vi.fn<(...lines: unknown[]) => void>();
  try {
    class Stuck extends CustomDriver {
      collectGarbage(): Promise<number> {
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a driver may reject with anything
        return Promise.reject(reason);
      }
    }
    await using app = await TestApp.start('express', {
      options: { driver: 'own', gc: '5m', drivers: { own: { useFactory: () => new Stuck(systemClock) } } },
      configure: (application) => application.useLogger({ log: () => {}, error: () => {}, warn }),
    });
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(app.url).toContain('127.0.0.1');
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      `Expired sessions could not be removed this time (${said}); it is tried again.`,
      'SessionModule',
    );
  } finally {
    vi.useRealTimers();
  }
});

it.each([
  ['of a store once, as Nest does not', new SessionStoreError('3 files are left'), ['3 files are left']],
  ['of the driver itself not at all, as the caller has it', new TypeError('payload of nobody'), []],
])('a garbage collection that the application asks for logs a failure %s', async (_, reason, lines) => {
  class Stuck extends CustomDriver {
    collectGarbage(): Promise<number> {
      return Promise.reject(reason);
    }
  }
  const error = vi.fn<(...said: unknown[]) => void>();
  await using app = await TestApp.start('express', {
    options: { driver: 'own', drivers: { own: { useFactory: () => new Stuck(systemClock) } } },
    configure: (application) => application.useLogger({ log: () => {}, warn: () => {}, error }),
  });
  await expect(app.get(SessionManager).collectGarbage()).rejects.toBe(reason);
  expect(error.mock.calls.map(([line]) => line)).toEqual(lines);
});

it('a built-in driver that is configured but not in use is opened only on its first call', async () => {
  const location = join(tmpdir(), `session-unused-${process.pid}`);
  await using app = await TestApp.start('express', {
    options: { driver: 'memory', file: { location }, redis: { host: '127.0.0.1', port: 1 } },
  });
  expect(existsSync(location)).toBe(false);
  const driver = app.get(SessionManager).driver('file');
  expect('read' in driver && (await driver.read('nobody'))).toBeNull();
  expect(existsSync(location)).toBe(true);
  rmSync(location, { recursive: true });
});

describe('a driver that is not valid', () => {
  const boot = (options: Partial<SessionModuleOptions>) => TestApp.start('express', { options });

  it('stops the boot with the known names if its name is unknown', async () => {
    const failure = boot({ driver: 'mongodb' });
    await expect(failure).rejects.toThrow(SessionConfigError);
    await expect(failure).rejects.toThrow(/mongodb.*memory, file, database, redis, memcached, stealth/);
  });

  it('is refused if extend names the driver in use after the boot', async () => {
    await using app = await boot({ driver: 'memory' });
    const sessions = app.get(SessionManager);
    expect(() => sessions.extend('memory', () => new CustomDriver(systemClock))).toThrow(/too late/);
    sessions.extend('later', () => new CustomDriver(systemClock));
    expect(sessions.driver('later')).toBeInstanceOf(CustomDriver);
  });

  it.each([
    { driver: 'memory', memory: { maxx: 1 } },
    { driver: 'file', file: { folder: '/tmp' } },
  ])('stops the boot if it has an unknown option: %j', async (options) => {
    await expect(boot(options as Partial<SessionModuleOptions>)).rejects.toThrow(/does not exist. Known are/);
  });

  it('stops the boot if methods are missing, and names them', async () => {
    const half = { read: async () => null, write: async () => true };
    const useFactory = () => half as unknown as RecordDriver;
    await expect(boot({ driver: 'half', drivers: { half: { useFactory } } })).rejects.toThrow(
      /"half" lacks touch, destroy/,
    );
  });

  it('stops the boot if the factory of extend returns a promise', async () => {
    @Injectable()
    class Hasty {
      constructor(sessions: SessionManager) {
        sessions.extend('later', (async () => new CustomDriver(systemClock)) as never);
      }
    }
    await expect(
      TestApp.start('express', { options: { driver: 'later' }, providers: [Hasty] }),
    ).rejects.toThrow(/"later" is a promise: .* its open\(\)/);
  });

  it('stops the boot if an injected dependency is provided nowhere, and names it', async () => {
    const useFactory = (journal: Journal) => new JournalingDriver(journal);
    await expect(
      boot({ driver: 'own', drivers: { own: { useFactory, inject: [Journal] } } }),
    ).rejects.toThrow(/drivers\.own\.inject.*Journal/);
  });
});

it.each(PLATFORMS)(
  'a token that a sealing driver opens is refused as moved or gone, not as somebody else’s, on %s',
  async (platform) => {
    using heard = new HeardEvents();
    await using app = await HandlerApp.start(platform, {
      options: { driver: 'plain', drivers: { plain: { useFactory: () => new PlainSealer() } } },
    });
    const refusal = async (cookie: string): Promise<unknown> => {
      heard.take();
      await app.visitor().in((session) => session.get('a'), { headers: { cookie } });
      return heard.take();
    };
    const visitor = app.visitor();
    const first = await visitor.handle((session) => session.put('a', 1));
    const second = await visitor.handle((session) => session.regenerate());
    expect(await refusal(first.asHeaders.cookie)).toMatchObject([{ name: 'refused', reason: 'moved' }]);
    await visitor.in((session) => session.destroy());
    expect(await refusal(second.asHeaders.cookie)).toMatchObject([{ name: 'refused', reason: 'gone' }]);
    expect(await refusal('session=garbage')).toMatchObject([{ name: 'refused', reason: 'not-ours' }]);
  },
);
