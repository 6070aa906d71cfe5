import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Inject, Injectable } from '@nestjs/common';
import {
  NoSessionError,
  SessionConfigError,
  SessionManager,
  type SessionModuleOptions,
} from 'nestjs-session-kit';
import { systemClock } from '../../lib/drivers/clock.js';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CountingDriver } from '../support/counting-driver.js';
import { type Handler, HandlerApp } from '../support/handler-app.js';
import { HeardEvents } from '../support/heard-events.js';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { PLATFORMS, SECRET, setCookies } from '../support/test-app.js';
import { Browser, ledgerPromises, seenBy, startShops } from './ledger-promises.js';

const HOUR = 3_600_000;
const OTHER = 'another secret for tests, as long as it has to be';
const START = 1_800_000_000_000;

const on = (
  driver: RecordDriver,
  stealth: SessionModuleOptions['stealth'] = {},
): Partial<SessionModuleOptions> => ({
  driver: 'stealth',
  stealth: { ledger: 'shared', ...stealth },
  drivers: { shared: { useFactory: () => driver } },
});

const clockAt = (ms: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: START + ms });
  onTestFinished(() => void vi.useRealTimers());
};

describe.each(PLATFORMS)('stealth with a ledger in memory, on %s', (platform) => {
  let driver: MemoryDriver;
  ledgerPromises(platform, () => {
    driver = new MemoryDriver({}, systemClock);
    return on(driver);
  });
});

describe.each(PLATFORMS)('stealth with a ledger, on %s', (platform) => {
  async function start(
    driver: RecordDriver,
    options: Partial<SessionModuleOptions> = {},
  ): Promise<HandlerApp> {
    const app = await HandlerApp.start(platform, { options: { ...on(driver), ...options } });
    onTestFinished(() => app[Symbol.asyncDispose]());
    return app;
  }

  it('calls its store at most once for a request that reads, twice for one that writes, and never without a cookie', async () => {
    const ledger = new CountingDriver();
    const app = await start(ledger);
    const [ann, nobody] = [app.visitor(), app.visitor()];
    await app.visitor().in((session) => session.get('cart'));
    await nobody.in((session) => session.put('cart', 1));
    expect(ledger.take()).toEqual([]);
    await nobody.in((session) => session.get('cart'));
    expect(ledger.take()).toEqual(['read']);
    await nobody.in((session) => session.put('cart', 2));
    expect(ledger.take()).toEqual(['read', 'read']);
    await ann.in((session) => session.signIn('ann'));
    expect(ledger.take()).toEqual(['write']);
    await ann.in((session) => session.get('cart'));
    expect(ledger.take()).toEqual(['read']);
    await ann.in((session) => session.put('cart', 1));
    expect(ledger.take()).toEqual(['read', 'write']);
  });

  it('keeps encrypted records, only of signed-in sessions and of ids that have ended', async () => {
    const ledger = new MemoryDriver({}, systemClock);
    const lines: string[] = [];
    const write = ledger.write.bind(ledger);
    ledger.write = (id, record) => {
      lines.push(record.payload);
      return write(id, record);
    };
    const app = await start(ledger);
    const visitor = app.visitor();
    await visitor.in((session) => session.put('cart', 'a red mug'));
    expect(lines).toHaveLength(0);
    await visitor.in((session) => session.signIn('ann@home'));
    // One of the session, and one of its previous id.
    expect(lines).toHaveLength(2);
    await visitor.in((session) => session.put('cart', 'a blue mug'));
    await visitor.in((session) => session.signOut());
    expect(lines.join()).not.toMatch(/a (red|blue) mug|ann@home|\{/);
  });

  it('gives a session another id even if it gets its user without signIn', async () => {
    const app = await start(new MemoryDriver({}, systemClock));
    const visitor = app.visitor();
    const { asHeaders: copy, value: before } = await visitor.handle((session) => session.put('cart', 1).id);
    await visitor.in((session) => session.put('userId', 'ann'));
    const after = await visitor.in((session) => [session.id, session.userId, session.get('cart')]);
    expect(after).toEqual([expect.not.stringMatching(before), 'ann', 1]);
    expect(await seenBy(app, copy)).toEqual([false, null, null]);
  });

  it('keeps an ended session ended for as long as a copy of its cookie may be valid', async () => {
    clockAt(0);
    const app = await start(new MemoryDriver({}, systemClock), { age: '2h' });
    const visitor = app.visitor();
    const { asHeaders: copy } = await visitor.handle((session) => session.put('cart', 1).setDuration('30d'));
    const { asHeaders: second } = await visitor.handle((session) => session.regenerate());
    await visitor.in((session) => session.destroy());
    for (const hours of [0, 1, 3, 24 * 29, 24 * 31]) {
      vi.setSystemTime(START + hours * HOUR);
      for (const each of [copy, second]) expect(await seenBy(app, each)).toEqual([false, null, null]);
    }
  });

  it.each<[string, Handler<unknown>, Partial<SessionModuleOptions>]>([
    ['it was shortened', (session) => session.setDuration('1m'), {}],
    ['it was shortened and touched', (session) => session.setDuration('1m').touch(), {}],
    ['it was written to with a shorter age', (session) => session.put('cart', 2), { age: '1m' }],
    ['it was touched with a shorter age', (session) => session.touch(), { age: '1m' }],
  ])(
    'keeps copies of longer-lived cookies of a session invalid once it has ended, if %s',
    async (_how, shorten, options) => {
      const endings: Handler<unknown>[] = [
        (session) => session.destroy(),
        (session) => session.signOut(),
        (session) => session.regenerate(),
        (session) => session.signIn('ann'),
      ];
      for (const end of endings) {
        clockAt(0);
        const driver = new MemoryDriver({}, systemClock);
        const before = await start(driver, { age: '400d' });
        const copy = await before.visitor().handle((session) => session.put('cart', 1));
        const app = await start(driver, { age: '400d', ...options });
        const { asHeaders, value } = await app
          .visitor()
          .handle(
            (session, context) => Promise.resolve(shorten(session, context)).then(() => session.handle),
            {
              headers: copy.asHeaders,
            },
          );
        const ended = await app.visitor().handle(
          (session, context) => {
            expect(session.handle).toBe(value);
            return end(session, context);
          },
          { headers: asHeaders },
        );
        expect(ended.cookies).not.toEqual([]);
        await app.manager.collectGarbage();
        clockAt(24 * HOUR);
        await app.manager.collectGarbage();
        const { cart } = await app.visitor().in((session) => session.all(), { headers: copy.asHeaders });
        expect(cart).toBeUndefined();
      }
    },
  );

  it.each<[string, Handler<unknown>]>([
    ['writes to it', (session) => session.put('cart', 2)],
    ['touches it', (session) => session.touch()],
  ])('leaves the id of a session as it is if a process whose clock is behind %s', async (_how, change) => {
    const driver = new MemoryDriver({}, systemClock);
    clockAt(0);
    const [ahead, behind] = [await start(driver), await start(driver)];
    const first = await ahead.visitor().handle((session) => session.put('cart', 1).id);
    clockAt(-5_000);
    const { value } = await behind
      .visitor()
      .handle((session, context) => Promise.resolve(change(session, context)).then(() => session.id), {
        headers: first.asHeaders,
      });
    expect(value).toBe(first.value);
    // What was sent with the earlier cookie meanwhile belongs to the same session.
    expect(await behind.visitor().in((session) => session.id, { headers: first.asHeaders })).toBe(value);
  });

  it('extends a shortened lifetime at once by a touch', async () => {
    const app = await start(new MemoryDriver({}, systemClock));
    const visitor = app.visitor();
    await visitor.in((session) => session.put('cart', 1));
    const isModified = await visitor.in(async (session) => {
      await session.setDuration('1h').touch();
      return session.isModified;
    });
    expect(isModified).toBe(false);
    expect(await visitor.in((session) => session.all())).toEqual({ cart: 1 });
  });

  it('leaves the id of a session as it is if each request says at which time it ends', async () => {
    const app = await start(new MemoryDriver({}, systemClock));
    const visitor = app.visitor();
    const ids = new Set<string>();
    for (const [begins, ends] of [
      [0, 2_000],
      [5_000, 5_010],
      [6_000, 9_000],
      [9_500, 9_500],
    ] as const) {
      clockAt(begins);
      ids.add(
        await visitor.in((session) => {
          session.setDuration(HOUR - begins);
          // It is stored when the handler is done.
          clockAt(ends);
          return session.id;
        }),
      );
    }
    expect(ids.size).toBe(1);
  });

  it('keeps a cookie invalid that a process whose clock is ahead renewed right before the session ended', async () => {
    const driver = new MemoryDriver({}, systemClock);
    clockAt(0);
    const [ahead, behind] = [await start(driver), await start(driver)];
    const first = await behind.visitor().handle((session) => session.put('cart', 1));
    clockAt(30_000);
    const renewed = await ahead.visitor().handle((session) => session.put('cart', 2), {
      headers: first.asHeaders,
    });
    clockAt(0);
    await behind.visitor().in((session) => session.destroy(), { headers: first.asHeaders });
    clockAt(2 * HOUR + 20_000);
    const later = await start(driver);
    await later.manager.collectGarbage();
    expect(await later.visitor().in((session) => session.all(), { headers: renewed.asHeaders })).toEqual({});
  });

  it('extends a signed-in session by its record, even if its cookie ends with the browser', async () => {
    clockAt(0);
    const app = await start(new MemoryDriver({}, systemClock), { age: '2h', clearWithBrowser: true });
    const { asHeaders: headers } = await app.visitor().handle((session) => session.signIn('ann'));
    for (const hours of [1, 2, 3, 4]) {
      vi.setSystemTime(START + hours * HOUR);
      expect(await app.visitor().in(({ userId }) => userId, { headers })).toBe('ann');
    }
    vi.setSystemTime(START + 7 * HOUR);
    expect(await app.visitor().in(({ userId }) => userId, { headers })).toBeNull();
  });

  it('limits the number of sessions per user', async () => {
    const app = await start(new MemoryDriver({}, systemClock), {
      sessionsPerUser: { max: 1, when: 'refuse' },
    });
    const [first, second] = [app.visitor(), app.visitor()];
    await first.in((session) => session.signIn('ann'));
    await second.in((session) => session.put('cart', 1));
    const { response } = await second.handle((session) => session.signIn('ann'), { status: 409 });
    expect(setCookies(response)).toEqual([]);
    expect(await second.in((session) => [session.userId, session.get('cart')])).toEqual([null, 1]);
    await first.in((session) => session.signOut());
    await second.in((session) => session.signIn('ann'));
    expect(await second.in(({ userId }) => userId)).toBe('ann');
  });

  it('reads, runs and destroys signed-in sessions by their id, and can only destroy others', async () => {
    const app = await start(new MemoryDriver({}, systemClock));
    const [ann, nobody] = [app.visitor(), app.visitor()];
    const id = await ann.in((session) => session.put('cart', 1).signIn('ann').id);
    const { value: other, asHeaders: copy } = await nobody.handle((session) => session.put('cart', 1).id);
    expect((await app.manager.read(id))?.values).toEqual({ cart: 1, userId: 'ann' });
    await app.manager.run(id, (session) => session.increment('cart'));
    expect(await ann.in((session) => session.get('cart'))).toBe(2);
    expect(await app.manager.read(other)).toBeNull();
    const running = app.manager.run(other, () => 'not reached');
    await expect(running).rejects.toThrow(NoSessionError);
    await expect(running).rejects.toThrow(/nobody is signed in to/);
    for (const each of [id, other]) await app.manager.destroy(each);
    expect(await ann.in(({ stored }) => stored)).toBe(false);
    expect(await seenBy(app, copy)).toEqual([false, null, null]);
  });

  it('accepts sessions from before there was a ledger only if nobody is signed in to them', async () => {
    const before = await HandlerApp.start(platform, { options: { driver: 'stealth' } });
    onTestFinished(() => before[Symbol.asyncDispose]());
    const { asHeaders: nobody } = await before.visitor().handle((session) => session.put('cart', 1));
    const { asHeaders: ann } = await before.visitor().handle((session) => session.signIn('ann'));
    const after = await start(new MemoryDriver({}, systemClock));
    expect(await seenBy(after, nobody)).toEqual([true, null, 1]);
    expect(await seenBy(after, ann)).toEqual([false, null, null]);
  });

  it.each([{}, { ledgerEvery: '10m' }])(
    'reseals a record with the first secret at its next renewal, and reports the old secret until then (%j)',
    async (cached) => {
      clockAt(0);
      const ledger = new MemoryDriver({}, systemClock);
      const stealth = { ledger: 'shared', ...cached };
      const before = await start(ledger, { secret: OTHER, stealth });
      const { asHeaders, value: id } = await before.visitor().handle((session) => session.signIn('ann').id);
      const sealed = (await ledger.read(id))?.payload;
      const after = await start(ledger, { secret: [SECRET, OTHER], stealth });
      const browser = new Browser();
      browser.cookie = asHeaders.cookie;
      using heard = new HeardEvents();
      const opened = (): unknown[] =>
        heard.take().flatMap((event) => (event.name === 'old-secret' ? [event] : []));
      const old = { name: 'old-secret', at: START, position: 1 };
      await browser.in(after, (session) => session.get('cart'));
      expect(opened()).toEqual([
        { ...old, driver: 'shared', opened: 'record' },
        { ...old, driver: 'stealth', opened: 'token' },
      ]);
      expect((await ledger.read(id))?.payload).toBe(sealed);
      vi.setSystemTime(START + 2 * 60_000);
      await browser.in(after, (session) => session.get('cart'));
      expect((await ledger.read(id))?.payload).not.toBe(sealed);
      opened();
      vi.setSystemTime(START + 13 * 60_000);
      expect(await browser.in(after, ({ userId }) => userId)).toBe('ann');
      expect(opened()).toEqual([]);
      const last = await start(ledger, { secret: SECRET, stealth });
      expect(await browser.in(last, ({ userId }) => userId)).toBe('ann');
    },
  );

  it('supports tokens in headers too', async () => {
    const app = await start(new MemoryDriver({}, systemClock), { header: 'X-Session' });
    const client = app.visitor();
    const tokenOf = ({ response }: { response: { headers: Record<string, string> } }): string =>
      response.headers['x-session'] ?? '';
    const asked = (token: string) => ({ headers: { 'X-Session': token } });
    const first = tokenOf(await client.handle((session) => session.put('cart', 1), asked('new')));
    const second = tokenOf(await client.handle((session) => session.signIn('ann'), asked(first)));
    expect(await client.in((session) => [session.userId, session.get('cart')], asked(second))).toEqual([
      'ann',
      1,
    ]);
    expect(await client.in(({ stored }) => stored, asked(first))).toBe(false);
  });

  it('removes expired records, and reports whether its store is up', async () => {
    clockAt(0);
    const ledger = new MemoryDriver({}, systemClock);
    const app = await start(ledger);
    await app.visitor().in((session) => session.signIn('ann'));
    vi.setSystemTime(START + 3 * HOUR);
    expect(await app.manager.collectGarbage()).toBe(1);
    expect(await app.manager.check()).toMatchObject({ driver: 'stealth', up: true });
    const scripted = new ScriptedDriver();
    const other = await start(scripted);
    scripted.mood = 'failing';
    expect(await other.manager.check()).toMatchObject({ driver: 'stealth', up: false });
  });

  describe('whose store fails', () => {
    async function inTrouble(options: Partial<SessionModuleOptions> = {}) {
      const ledger = new ScriptedDriver();
      const app = await start(ledger, options);
      const { asHeaders: ann } = await app.visitor().handle((session) => session.signIn('ann'));
      const { asHeaders: nobody } = await app.visitor().handle((session) => session.put('cart', 1));
      return { ledger, app, cookies: [ann, nobody] };
    }

    it('answers a visitor with a session 503, signed in or not, and leaves the cookie as it is', async () => {
      const { ledger, app, cookies } = await inTrouble();
      ledger.mood = 'failing';
      for (const headers of cookies) {
        const { response } = await app.visitor().handle(() => 'not reached', { headers, status: 503 });
        expect(setCookies(response)).toEqual([]);
      }
      ledger.mood = 'well';
      for (const headers of cookies)
        expect(await app.visitor().in(({ stored }) => stored, { headers })).toBe(true);
    });

    it('continues with an empty session if it is to degrade', async () => {
      const { ledger, app, cookies } = await inTrouble({ whenStoreFails: 'degrade' });
      ledger.mood = 'failing';
      const view: Handler<unknown> = (session) => [session.stored, session.readonly, session.all()];
      for (const headers of cookies)
        expect(await app.visitor().in(view, { headers })).toEqual([false, true, {}]);
    });

    it('answers 503 if a session could not be ended, which stays valid', async () => {
      const { ledger, app, cookies } = await inTrouble();
      const ends: Handler<unknown>[] = [
        (session) => session.destroy(),
        (session) => session.signOut(),
        (session) => session.regenerate(),
      ];
      for (const headers of cookies)
        for (const end of ends) {
          const { response } = await app.visitor().handle(
            async (session) => {
              ledger.mood = 'failing';
              await end(session, undefined as never);
              await session.commit();
            },
            { headers, status: 503 },
          );
          expect(setCookies(response)).toEqual([]);
          ledger.mood = 'well';
          expect(await app.visitor().in(({ stored }) => stored, { headers })).toBe(true);
        }
    });
  });
});

describe('a ledger that is cached for ten seconds', () => {
  it('is read at most once in that time by each process, and shows each visitor their own writes', async () => {
    clockAt(0);
    const ledger = new CountingDriver();
    const { here, there } = await startShops('express', () => on(ledger, { ledgerEvery: '10s' }));
    const ann = new Browser();
    await ann.in(here, (session) => session.signIn('ann'));
    ledger.take();
    const view: Handler<unknown> = (session) => [session.userId, session.get('cart', 0)];
    for (let count = 0; count < 3; count += 1) {
      expect(await ann.in(here, view)).toEqual(['ann', 0]);
      expect(await ann.in(there, view)).toEqual(['ann', 0]);
    }
    // The process that wrote the record has it in its cache.
    expect(ledger.take()).toEqual(['read']);
    await ann.in(there, (session) => session.put('cart', 1));
    expect(ledger.take()).toEqual(['write']);
    // The cookie names a newer version than this process has cached.
    expect(await ann.in(here, view)).toEqual(['ann', 1]);
    expect(ledger.take()).toEqual(['read']);
    vi.setSystemTime(START + 11_000);
    await ann.in(here, view);
    expect(ledger.take()).toEqual(['read']);
  });

  it('merges a write with those of other processes in the meantime', async () => {
    const ledger = new CountingDriver();
    const { here, there } = await startShops('express', () => on(ledger, { ledgerEvery: '10s' }));
    const { asHeaders: headers } = await here.visitor().handle((session) => session.signIn('ann'));
    await there.visitor().handle((session) => session.increment('count'), { headers });
    await here.visitor().handle((session) => session.increment('count'), { headers });
    await there.visitor().handle((session) => session.increment('count'), { headers });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 });
    onTestFinished(() => void vi.useRealTimers());
    expect(await here.visitor().in((session) => session.get('count'), { headers })).toBe(3);
  });

  it('respects what this process ends at once, and what another one ends within ten seconds', async () => {
    clockAt(0);
    const ledger = new CountingDriver();
    const { here, there } = await startShops('fastify', () => on(ledger, { ledgerEvery: '10s' }));
    const cartOf: Handler<unknown> = (session) => session.get('cart');
    for (const begin of [
      (session) => session.put('cart', 1),
      (session) => session.put('cart', 1).signIn('ann'),
    ] satisfies Handler<unknown>[]) {
      const now = Date.now();
      const visitor = here.visitor();
      const { asHeaders: copy } = await visitor.handle(begin);
      for (const app of [here, there]) expect(await app.visitor().in(cartOf, { headers: copy })).toBe(1);
      await visitor.in((session) => session.signOut());
      expect(await seenBy(here, copy)).toEqual([false, null, null]);
      expect(await there.visitor().in(cartOf, { headers: copy })).toBe(1);
      vi.setSystemTime(now + 10_000);
      expect(await seenBy(there, copy)).toEqual([false, null, null]);
    }
  });
});

describe('an application with a ledger that cannot be one', () => {
  const boot = async (options: Partial<SessionModuleOptions>): Promise<string> => {
    try {
      const app = await HandlerApp.start('express', { options: { driver: 'stealth', ...options } });
      await app[Symbol.asyncDispose]();
      return 'booted';
    } catch (error) {
      expect(error).toBeInstanceOf(SessionConfigError);
      return (error as Error).message;
    }
  };

  it.each<[string, Partial<SessionModuleOptions>, RegExp]>([
    ['an unknown driver', { stealth: { ledger: 'mongo' } }, /no session driver "mongo".*redis/],
    [
      'stealth itself',
      { stealth: { ledger: 'stealth' } },
      /'stealth.ledger' got "stealth"; it takes the name of a driver that keeps records/,
    ],
    [
      'a ledgerEvery alone',
      { stealth: { ledgerEvery: '10s' } },
      /'stealth.ledgerEvery' says.*'stealth.ledger'/,
    ],
    [
      'a ledgerEvery that is none',
      { stealth: { ledger: 'memory', ledgerEvery: 'soon' } },
      /'stealth.ledgerEvery' got "soon"/,
    ],
    [
      'one that seals',
      {
        stealth: { ledger: 'mine' },
        drivers: { mine: { useFactory: () => ({ seal: () => '', open: () => null }) } },
      },
      /'stealth.ledger' got "mine".*keeps none/,
    ],
    [
      'one that cannot list, and a limit',
      { stealth: { ledger: 'memcached' }, sessionsPerUser: { max: 1 } },
      /'sessionsPerUser' needs a driver that can list.*"memcached" cannot/,
    ],
    ['no ledger, and a limit', { sessionsPerUser: { max: 1 } }, /'sessionsPerUser' needs.*"stealth" cannot/],
  ])('does not boot with %s', async (_what, options, says) => {
    expect(await boot(options)).toMatch(says);
  });

  it('boots with one that cannot list, and says so when it has to list', async () => {
    const ledger = new CountingDriver();
    await using app = await HandlerApp.start('express', { options: on(ledger) });
    await expect(app.manager.list('ann')).rejects.toThrow(SessionConfigError);
    await expect(app.manager.list('ann')).rejects.toThrow(/ledger "shared" cannot list/);
  });

  it('refuses a driver that is made for each request', async () => {
    @Injectable()
    class Extends {
      constructor(@Inject(SessionManager) sessions: SessionManager) {
        sessions.extend('mine', (_config, _request) => new CountingDriver());
      }
    }
    const starting = HandlerApp.start('express', {
      options: { driver: 'stealth', stealth: { ledger: 'mine' } },
      providers: [Extends],
    });
    await expect(starting).rejects.toThrow(/'stealth.ledger' got "mine".*made anew for each request/);
  });
});
