import superjson from 'superjson';
import { describe, expect, it } from 'vitest';
import type { RequestSession, SessionModuleOptions } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { CountingDriver } from '../support/counting-driver.js';
import { HandlerApp } from '../support/handler-app.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS } from '../support/test-app.js';
import { encryptingSerializer, restless } from '../support/unsteady.js';

interface Cart {
  items: string[];
}

/** Options for a driver, with whatever it needs. */
const DRIVERS: readonly [name: string, options: (folder: string) => Partial<SessionModuleOptions>][] = [
  ['memory', () => ({ driver: 'memory' })],
  ['file', (location) => ({ driver: 'file', file: { location } })],
  ['stealth', () => ({ driver: 'stealth' })],
  ['a driver of the application', () => ownDriver(new CountingDriver())],
];

function ownDriver(driver: CountingDriver): Partial<SessionModuleOptions> {
  return { driver: 'own', drivers: { own: { useFactory: () => driver } } };
}

function writesOf(driver: CountingDriver): number {
  return driver.take().filter((call) => call === 'write').length;
}

class Counting {
  calls = 0;

  toJSON(): object {
    return { calls: (this.calls += 1) };
  }
}

function countingItsReaders(): object {
  const value = {
    calls: 0,
    get at(): number {
      return (value.calls += 1);
    },
  };
  return value;
}

const now = (): string => process.hrtime.bigint().toString();

/** Values that JSON serializes differently each time. */
const UNSTEADY: readonly [what: string, make: () => object][] = [
  ['toJSON', () => ({ toJSON: () => ({ at: now() }) })],
  ['a toJSON that counts', () => new Counting()],
  [
    'a getter',
    () => ({
      get at() {
        return now();
      },
    }),
  ],
  ['a getter that counts', countingItsReaders],
];

describe.each(PLATFORMS)('A session whose serialized text differs each time, on %s', (platform) => {
  describe.each(DRIVERS)('with an encrypting serializer and %s', (_name, optionsFor) => {
    it('is stored and read like any other, including mutations in place', async () => {
      await using folder = await TempFolder.make();
      const options = { ...optionsFor(folder.path), serializer: encryptingSerializer() };
      await using app = await HandlerApp.start(platform, { options });
      const visitor = app.visitor();
      await visitor.in((session) =>
        session.put('cart', { items: ['tea'] }).flash('status', { text: 'Saved.' }),
      );
      expect(await visitor.in((session) => session.all())).toEqual({
        cart: { items: ['tea'] },
        status: { text: 'Saved.' },
      });
      await visitor.in((session) => session.get<Cart>('cart', { items: [] }).items.push('milk'));
      await visitor.in(async (session) => {
        const cart = session.get<Cart>('cart', { items: [] });
        await session.commit();
        cart.items.push('rice');
        await session.commit();
        cart.items.push('salt');
      });
      await visitor.in(async (session) => {
        session.get<Cart>('cart', { items: [] }).items.push('forgotten');
        await session.reload();
      });
      expect(await visitor.in((session) => session.all())).toEqual({
        cart: { items: ['tea', 'milk', 'rice', 'salt'] },
      });
    });

    it.each(UNSTEADY)('stores a value with %s', async (_what, make) => {
      await using folder = await TempFolder.make();
      const options = { ...optionsFor(folder.path), serializer: encryptingSerializer() };
      await using app = await HandlerApp.start(platform, { options });
      const visitor = app.visitor();
      await visitor.in((session) => session.put('value', make()));
      expect(await visitor.in((session) => session.get('value'))).toEqual(expect.any(Object));
    });
  });

  it('is written once for each request that changes it, and not for one that reads', async () => {
    const driver = new CountingDriver();
    const options = { ...ownDriver(driver), serializer: encryptingSerializer() };
    await using app = await HandlerApp.start(platform, { options });
    const visitor = app.visitor();
    await visitor.in((session) => session.put('cart', { items: ['tea'] }));
    expect(writesOf(driver)).toBe(1);
    await visitor.in((session) => session.get('cart'));
    expect(writesOf(driver)).toBe(0);
    await visitor.in((session) => session.get<Cart>('cart', { items: [] }).items.push('milk'));
    expect(writesOf(driver)).toBe(1);
  });

  it('is merged by its changes if requests write it at once', async () => {
    const options = { serializer: encryptingSerializer() };
    await using app = await HandlerApp.start(platform, { options });
    const visitor = app.visitor();
    await visitor.in((session) => session.put({ cart: { items: ['tea'] }, seen: { pages: 1 } }));
    const both = [new Deferred(), new Deferred()];
    const together = async (index: number, deed: (session: RequestSession) => unknown): Promise<void> => {
      await visitor.in(async (session) => {
        session.all();
        both[index]?.resolve();
        await Promise.all(both.map(({ promise }) => promise));
        deed(session);
      });
    };
    await Promise.all([
      together(0, (session) => session.get<Cart>('cart', { items: [] }).items.push('milk')),
      together(1, (session) => session.increment('seen.pages')),
    ]);
    expect(await visitor.in((session) => session.all())).toEqual({
      cart: { items: ['tea', 'milk'] },
      seen: { pages: 2 },
    });
  });

  it.each(UNSTEADY)('is written once because of %s in a value', async (_what, make) => {
    const driver = new CountingDriver();
    await using app = await HandlerApp.start(platform, { options: ownDriver(driver) });
    const visitor = app.visitor();
    await visitor.in((session) => session.put('value', make()));
    expect(writesOf(driver)).toBe(1);
    await visitor.in((session) => session.put('list', [make()]).increment('count'));
    expect(writesOf(driver)).toBe(1);
    expect(await visitor.in((session) => session.get('count'))).toBe(1);
    expect(writesOf(driver)).toBe(0);
  });

  it('detects mutations in dates, maps, sets and bytes that a serializer restores', async () => {
    const { stringify, parse } = superjson;
    const driver = new CountingDriver();
    await using app = await HandlerApp.start(platform, {
      options: { ...ownDriver(driver), serializer: { stringify, parse } },
    });
    const visitor = app.visitor();
    const rich = {
      date: new Date(0),
      map: new Map([['a', 1]]),
      set: new Set([1]),
      bytes: new Uint8Array([1]),
    };
    await visitor.in((session) => session.put('rich', rich));
    driver.take();
    await visitor.in((session) => session.get('rich'));
    expect(writesOf(driver)).toBe(0);
    for (const mutate of [
      (value: typeof rich) => value.date.setTime(1),
      (value: typeof rich) => value.map.set('a', 2),
      (value: typeof rich) => value.set.add(2),
      (value: typeof rich) => value.bytes.fill(2),
    ]) {
      await visitor.in((session) => mutate(session.get<typeof rich>('rich', rich)));
      expect(writesOf(driver)).toBe(1);
    }
    expect(await visitor.in((session) => session.get('rich'))).toEqual({
      date: new Date(1),
      map: new Map([['a', 2]]),
      set: new Set([1, 2]),
      bytes: new Uint8Array([2]),
    });
  });
});

describe.each(PLATFORMS)('A value that differs on every read, on %s', (platform) => {
  it.each(DRIVERS)('is stored like any other, with %s', async (_name, optionsFor) => {
    await using folder = await TempFolder.make();
    await using app = await HandlerApp.start(platform, { options: optionsFor(folder.path) });
    const visitor = app.visitor();
    await visitor.in((session) => session.put({ ticking: restless(), cart: { items: ['tea'] } }));
    await visitor.in((session) => session.put('list', [restless()]));
    expect(await visitor.in((session) => session.all())).toEqual({
      ticking: { looks: expect.any(Number) },
      list: [{ looks: expect.any(Number) }],
      cart: { items: ['tea'] },
    });
  });

  it('is written once, and so is a mutation beside it', async () => {
    const driver = new CountingDriver();
    await using app = await HandlerApp.start(platform, { options: ownDriver(driver) });
    const visitor = app.visitor();
    await visitor.in(async (session) => {
      const cart = { items: ['tea'] };
      await session.put({ ticking: restless(), cart }).commit();
      await session.commit();
      expect(writesOf(driver)).toBe(1);
      cart.items.push('milk');
    });
    expect(writesOf(driver)).toBe(1);
    expect(await visitor.in((session) => session.get('cart'))).toEqual({ items: ['tea', 'milk'] });
  });

  it('is merged with a concurrent write of another request', async () => {
    await using app = await HandlerApp.start(platform);
    const visitor = app.visitor();
    await visitor.in((session) => session.put('steady', 1));
    await visitor.in(async (session) => {
      await session.put('ticking', restless()).commit();
      await visitor.in((other) => other.put('other', 2));
      session.put('late', 3);
    });
    expect(await visitor.in((session) => Object.keys(session.all()).toSorted())).toEqual([
      'late',
      'other',
      'steady',
      'ticking',
    ]);
  });
});

/** Changes a value of the application with every write. */
class MeddlingDriver extends CountingDriver {
  readonly list: number[] = [];

  override write(...args: Parameters<CountingDriver['write']>): Promise<boolean> {
    this.list.push(this.list.length);
    return super.write(...args);
  }
}

describe.each(PLATFORMS)('A value that changes with every attempt to store it, on %s', (platform) => {
  it('is written eight times at most, answered with 503 and named in the log', async () => {
    const said: string[] = [];
    const note = (message: unknown): void => void said.push(String(message));
    const driver = new MeddlingDriver();
    await using app = await HandlerApp.start(platform, {
      options: ownDriver(driver),
      configure: (nest) => {
        nest.useLogger({ log: () => undefined, warn: note, error: note });
      },
    });
    await app.visitor().handle((session) => session.put('growing', driver.list), { status: 503 });
    expect(writesOf(driver)).toBe(8);
    expect(said.join('\n')).toMatch(/value at "growing" was another one each of the 8 times/);
  });
});
