import { Inject, Injectable, type Provider, Scope } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  type RecordDriver,
  SessionConfigError,
  SessionDriver,
  SessionManager,
  SessionModule,
  type SessionRecord,
} from 'nestjs-session-kit';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { FileDriver } from '../../lib/drivers/file/file.driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { OneStore, stoppedTime } from '../support/one-session.js';
import { SECRET } from '../support/test-app.js';

const pass = stoppedTime();

class Noted extends CustomDriver implements RecordDriver {
  constructor(
    readonly name: string,
    readonly heard: string[],
  ) {
    super(systemClock);
  }
  async open(config: unknown): Promise<void> {
    this.heard.push(`open ${this.name} ${JSON.stringify(config)}`);
  }
  async close(): Promise<void> {
    this.heard.push(`close ${this.name}`);
  }
}

@SessionDriver('marked')
class MarkedDriver extends CustomDriver {
  constructor() {
    super(systemClock);
  }
}

@SessionDriver('marked')
class SameName extends MarkedDriver {}

@Injectable({ scope: Scope.REQUEST })
class MadeForRequest {}

@Injectable({ scope: Scope.TRANSIENT })
@SessionDriver('passing')
class Passing extends CustomDriver {
  constructor() {
    super(systemClock);
  }
}

@SessionDriver('needs the request')
class NeedsTheRequest extends CustomDriver {
  constructor(@Inject(MadeForRequest) readonly made: MadeForRequest) {
    super(systemClock);
  }
}

describe('the drivers of an application', () => {
  it('are listed in the error for an unknown one', async () => {
    const { manager } = await OneStore.start();
    expect(() => manager.driver('mongo')).toThrow(
      /"mongo".*memory, file, database, redis, memcached, stealth, watched/,
    );
    expect(() => manager.driver('mongo')).toThrow(
      "a class with @SessionDriver('mongo') among the providers of a module",
    );
  });

  it.each([
    [Symbol('x'), 'Symbol(x)'],
    [Object.create(null), 'an object'],
    [['memory'], 'a list'],
    [7, '7'],
  ])('are not found by %o, which is no name', async (name, shown) => {
    const { manager } = await OneStore.start();
    // As plain JavaScript may call it.
    const asked = (): unknown => Reflect.apply(manager.driver.bind(manager), undefined, [name]);
    expect(asked).toThrow(SessionConfigError);
    expect(asked).toThrow(`SessionManager.driver got ${shown}; it takes the name of a driver (memory, file,`);
  });

  it('are opened once each at boot with the options under their name, and closed in the same order', async () => {
    const heard: string[] = [];
    const { module } = await OneStore.start({
      driver: 'one',
      one: { url: 'here' },
      drivers: {
        one: { useFactory: () => new Noted('one', heard) },
        two: { useFactory: () => new Noted('two', heard) },
      },
    });
    expect(heard).toEqual(['open one {"url":"here"}', 'open two undefined']);
    await module.close();
    expect(heard.slice(2)).toEqual(['close one', 'close two']);
  });

  it('stop the boot with an error that names the one that cannot be opened, and not what its client says', async () => {
    const refused = Object.assign(new Error('no mongo://ada:hunter2@db'), { code: 'ECONNREFUSED' });
    for (const [thrown, message] of [
      [refused, 'The session driver "one" could not be opened (ECONNREFUSED).'],
      ['hunter2', 'The session driver "one" could not be opened (an unknown error).'],
    ] as const) {
      const driver = Object.assign(new MarkedDriver(), { open: () => Promise.reject(thrown) });
      const booted = OneStore.start({ drivers: { one: { useFactory: () => driver } } });
      await expect(booted).rejects.toMatchObject({ name: 'SessionStoreError', message, cause: thrown });
    }
    const own = new SessionConfigError('mongo.url got nothing; it takes a URL.');
    const driver = Object.assign(new MarkedDriver(), { open: () => Promise.reject(own) });
    await expect(OneStore.start({ drivers: { one: { useFactory: () => driver } } })).rejects.toBe(own);
  });

  it('include the providers marked with @SessionDriver', async () => {
    const module = await Test.createTestingModule({
      imports: [SessionModule.forRoot({ secret: SECRET, driver: 'marked', gc: false })],
      providers: [MarkedDriver],
    }).compile();
    await module.init();
    expect(module.get(SessionManager).driver()).toBe(module.get(MarkedDriver));
  });

  it.each<[how: string, provider: Provider]>([
    [
      'a factory in place of the class',
      { provide: MarkedDriver, useFactory: async () => new MarkedDriver() },
    ],
    ['a factory under another token', { provide: 'MONGO', useFactory: () => new MarkedDriver() }],
    ['a value', { provide: 'MONGO', useValue: new MarkedDriver() }],
    ['a substitute for the class', { provide: MarkedDriver, useValue: new CustomDriver(systemClock) }],
  ])('include a marked class provided by %s', async (_how, provider) => {
    const module = await Test.createTestingModule({
      imports: [SessionModule.forRoot({ secret: SECRET, driver: 'marked', gc: false })],
      providers: [provider],
    }).compile();
    await module.init();
    expect(module.get(SessionManager).driver()).toBeInstanceOf(CustomDriver);
  });

  it.each<[what: string, providers: Provider[], message: RegExp]>([
    [
      'something injected into it is made for each request',
      [NeedsTheRequest, MadeForRequest],
      /"needs the request" is made anew for each request.*scope REQUEST/,
    ],
    ['made anew for each user of it', [Passing], /"passing" is made anew .* scope REQUEST or TRANSIENT/],
    [
      'provided by a factory for each request',
      [{ provide: MarkedDriver, scope: Scope.REQUEST, useFactory: () => new MarkedDriver() }],
      /"marked" is made anew for each request/,
    ],
    [
      'another class has its name',
      [MarkedDriver, SameName],
      /Two classes are the session driver "marked": MarkedDriver and SameName\. Give each a name of its own/,
    ],
  ])('stop the boot if a class is marked and %s', async (_what, providers, message) => {
    const module = await Test.createTestingModule({
      imports: [SessionModule.forRoot({ secret: SECRET, driver: 'memory', gc: false })],
      providers,
    }).compile();
    await expect(module.init()).rejects.toThrow(message);
  });

  it('can be added after the boot, but not under the name of the one in use', async () => {
    const { manager, driver } = await OneStore.start();
    manager.extend('late', () => driver);
    expect(manager.driver('late')).toBe(driver);
    expect(() => manager.extend('watched', () => driver)).toThrow('too late');
  });

  it.each<[unknown, unknown]>([
    ['', () => new MarkedDriver()],
    [5, () => new MarkedDriver()],
    ['late', new MarkedDriver()],
  ])('are refused when extend gets %j and %o', async (name, factory) => {
    const { manager } = await OneStore.start();
    expect(() => manager.extend(name as string, factory as () => MarkedDriver)).toThrow(
      /SessionManager.extend got .* it takes the name of a driver and a function that makes it/,
    );
  });

  it('are made once by a factory, but anew if it takes the request or is replaced', async () => {
    const { manager } = await OneStore.start();
    const make = () => new MarkedDriver();
    const forRequest = (_config: unknown, _request: unknown) => new MarkedDriver();
    manager.extend('once', (_config: unknown) => make());
    manager.extend('each', forRequest);
    const first = manager.driver('once');
    expect(manager.driver('once')).toBe(first);
    expect(manager.driver('each')).not.toBe(manager.driver('each'));
    manager.extend('once', make);
    expect(manager.driver('once')).not.toBe(first);
  });

  it('can be added before the boot, also under a built-in name, and are not made without a request', async () => {
    const own = new MarkedDriver();
    const asked: unknown[] = [];
    const options = { redis: { ownOption: true }, each: {}, driver: 'each' };
    const module = await Test.createTestingModule({
      imports: [SessionModule.forRoot({ secret: SECRET, gc: false, ...options } as never)],
    }).compile();
    const manager = module.get(SessionManager);
    manager.extend('redis', () => own);
    manager.extend('each', (_config: unknown, request: unknown) => {
      asked.push(request);
      return own;
    });
    await module.init();
    expect(asked).toEqual([]);
    expect(manager.driver('redis')).toBe(own);
    await module.close();
  });

  it('get no options if none stand under their name, even if objects inherit that name', async () => {
    const { manager } = await OneStore.start();
    const got: unknown[] = [];
    manager.extend('toString', (config: unknown) => {
      got.push(config);
      return new MarkedDriver();
    });
    manager.driver('toString');
    expect(got).toEqual([undefined]);
  });

  it('take precedence over built-in ones of the same name', async () => {
    const own = new MarkedDriver();
    const { manager } = await OneStore.start({
      driver: 'memory',
      drivers: { memory: { useFactory: () => own } },
    });
    expect(manager.driver()).toBe(own);
    const { manager: other } = await OneStore.start({
      redis: { url: 'redis://127.0.0.1:1' },
      drivers: { redis: { useFactory: () => own } },
    });
    expect(other.driver('redis')).toBe(own);
  });

  it('that are built in are made once, on demand', async () => {
    const { manager } = await OneStore.start();
    expect(manager.driver('memory')).toBe(manager.driver('memory'));
  });

  it('that are built in, configured and not in use are validated at boot and opened on demand', async () => {
    const open = vi.spyOn(FileDriver.prototype, 'open').mockResolvedValue();
    onTestFinished(() => open.mockRestore());
    const { manager } = await OneStore.start({ file: { location: 'nowhere' } });
    expect(open).not.toHaveBeenCalled();
    await expect(OneStore.start({ file: { location: 5 } as never })).rejects.toThrow("'file.location'");
    const driver = manager.driver('file');
    await ('read' in driver ? driver.read('nobody').catch(() => undefined) : undefined);
    expect(open).toHaveBeenCalledTimes(1);
  });

  it('that are built in and not in use have all their methods', async () => {
    const { manager } = await OneStore.start({ driver: 'stealth', memory: {} });
    const memory = manager.driver('memory');
    if (!('read' in memory)) throw new Error('It keeps no records.');
    const record: SessionRecord = {
      payload: '{}',
      version: 1,
      expiresAt: Date.now() + 60_000,
      lastActivity: 0,
      userId: 'ann',
      ipAddress: null,
      userAgent: null,
    };
    await memory.write('one', record);
    expect(await memory.listByUser?.('ann', null)).toEqual({
      records: [{ id: 'one', ...record }],
      cursor: null,
    });
    expect(await memory.destroyVersion?.('one', 2)).toBe(false);
    expect(await memory.destroyVersion?.('one', 1)).toBe(true);
  });

  it('that are built in and not in use reject calls of methods they lack', async () => {
    const never = () => Promise.reject(new Error('It is not called.'));
    const client = { gets: never, add: never, cas: never, delete: never };
    const { manager } = await OneStore.start({ memcached: { client } });
    const memcached = manager.driver('memcached');
    if (!('read' in memcached)) throw new Error('It keeps no records.');
    await expect(memcached.listByUser?.('ann', null)).rejects.toThrow(
      'The session driver "memcached" has no method listByUser.',
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['lacks methods', { read: () => null }, /"bad" lacks write, touch, destroy\./],
    ['seals and cannot open', { seal: () => '' }, /"bad" lacks open\./],
    ['is a promise', Promise.resolve(new MarkedDriver()), /"bad" is a promise/],
    ['is no object', 'redis', /"bad" is no object \(it is .*redis/],
  ])('are refused at boot if one %s', async (_what, driver, message) => {
    const module = await Test.createTestingModule({
      imports: [SessionModule.forRoot({ secret: SECRET, driver: 'bad', gc: false })],
    }).compile();
    module.get(SessionManager).extend('bad', () => driver as MarkedDriver);
    await expect(module.init()).rejects.toThrow(message);
  });

  it('are listed in the error for an unknown option, which stops the boot', async () => {
    await expect(OneStore.start({ wached: {} })).rejects.toThrow(
      /Unknown option 'wached': .* module \(secret, driver, age, .*\) nor the name of a driver \(memory, .* a class with @SessionDriver\('wached'\) among the providers of a module/,
    );
  });

  it('are closed once, and not made anew when one is requested afterwards', async () => {
    const heard: string[] = [];
    const { manager, lifecycles } = await OneStore.start({
      driver: 'memory',
      drivers: { one: { useFactory: () => new Noted('one', heard) } },
    });
    const drivers = [manager.driver(), manager.driver('one')];
    await lifecycles.shutdown();
    await lifecycles.shutdown();
    expect(heard).toEqual(['open one undefined', 'close one']);
    expect([manager.driver() === drivers[0], manager.driver('one') === drivers[1]]).toEqual([true, true]);
  });
});

describe('the manager', () => {
  it('reads a session with its values, and null for a redirect or an unknown id', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    const { id } = request.session;
    expect(await store.manager.read(id)).toMatchObject({
      id,
      values: { user: 'ann' },
      createdAt: Date.now(),
    });
    request.session.regenerate();
    await request.respond();
    expect(await store.manager.read(id)).toBeNull();
    expect(await store.manager.read('nobody')).toBeNull();
  });

  it.each(['watched', 'stealth'])(
    'neither reads nor ends a session by what is no id (%s)',
    async (driver) => {
      const { manager } = await OneStore.start({ driver });
      for (const id of ['', undefined, null, 7, {}]) {
        // As plain JavaScript may call it.
        const read = Reflect.apply(manager.read.bind(manager), undefined, [id]);
        const destroy = Reflect.apply(manager.destroy.bind(manager), undefined, [id]);
        await expect(read).rejects.toThrow(/read got .* for an id/);
        await expect(destroy).rejects.toThrow(/destroy got .* for an id/);
      }
    },
  );

  it('ends a session by an id that it has left, and a pending request cannot bring it back', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const [mover, late] = [await store.open(token), await store.open(token)];
    const { id } = late.session;
    mover.session.regenerate();
    const moved = await mover.respond();
    await store.manager.destroy(id);
    late.session.put('a', 1);
    expect((await late.respond()).cookie).toBe('none');
    expect([await store.reads(token), await store.reads(moved.token)]).toEqual([{}, {}]);
  });

  it('warns that it cannot end sessions that live in cookies', async () => {
    const store = await OneStore.start({ driver: 'stealth' });
    await store.manager.destroy('an id');
    expect(store.said).toEqual([expect.stringContaining('stealth')]);
    expect(await store.manager.read('an id')).toBeNull();
  });

  it('collects garbage if the driver can, one round at a time', async () => {
    const store = await OneStore.start({ driver: 'memory' });
    await store.seed();
    pass(2 * 3_600_000);
    const rounds = [store.manager.collectGarbage(), store.manager.collectGarbage()];
    // A second round would find nothing left to remove.
    expect(await Promise.all(rounds)).toEqual([1, 1]);
    expect(await (await OneStore.start({ driver: 'stealth' })).manager.collectGarbage()).toBe(0);
  });
});
