import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Session, type SessionModuleOptions, onSessionEvent } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { describeWith, startRedis, type TestServer } from '../servers/index.js';
import { HandlerApp } from '../support/handler-app.js';
import { HeardEvents } from '../support/heard-events.js';
import { PLATFORMS, SECRET, type Platform } from '../support/test-app.js';

const OTHER = 'another secret for tests, as long as it has to be';

describeWith(['redis'], 'what happens to sessions', () => {
  let redis: TestServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(() => void vi.useRealTimers());

  const DRIVERS = ['memory', 'redis', 'stealth'] as const;
  type Driver = (typeof DRIVERS)[number];
  const start = (platform: Platform, driver: Driver, options: Partial<SessionModuleOptions> = {}) =>
    HandlerApp.start(platform, {
      options: { driver, redis: { url: redis.url, prefix: `${randomUUID()}:` }, ...options },
    });
  const ways = DRIVERS.flatMap((driver) => PLATFORMS.map((platform) => [driver, platform] as const));

  it.each(PLATFORMS)(
    'includes the refusal of a dead cookie as gone, with a ledger, on %s',
    async (platform) => {
      using heard = new HeardEvents();
      await using app = await start(platform, 'stealth', { stealth: { ledger: 'redis' } });
      const visitor = app.visitor();
      const { asHeaders: headers } = await visitor.handle((session) => session.put('a', 1));
      await visitor.in((session) => session.destroy());
      heard.take();
      await app.visitor().in((session) => session.get('a'), { headers });
      expect(heard.take()).toMatchObject([{ name: 'refused', reason: 'gone' }]);
    },
  );

  describe.each(ways)('with %s on %s', (driver, platform) => {
    const keepsRecords = driver !== 'stealth';

    it('is reported once each, with the handle of the session', async () => {
      using heard = new HeardEvents();
      await using app = await start(platform, driver);
      const visitor = app.visitor();
      await app.visitor().in((session) => session.get('nothing'));
      expect(heard.names()).toEqual([]);

      const began = Date.now();
      const handle = await visitor.in((session) => session.put('a', 1).handle);
      const [begun, committed, ...rest] = heard.take();
      expect(rest).toEqual([]);
      const of = { driver, handle, at: expect.any(Number) };
      expect(begun).toEqual({ name: 'begun', ...of });
      expect(committed).toEqual({
        name: 'committed',
        ...of,
        ms: expect.any(Number),
        attempts: 1,
        size: expect.any(Number),
      });
      expect(begun?.at).toBeGreaterThanOrEqual(began);

      await visitor.in((session) => session.get('a'));
      const [loaded, ...more] = heard.take();
      expect(more).toEqual([]);
      expect(loaded).toEqual({
        name: 'loaded',
        ...of,
        ms: expect.any(Number),
        createdAt: expect.any(Number),
        expiresAt: expect.any(Number),
      });

      const told = async (act: Parameters<typeof visitor.in>[0]): Promise<string[]> => {
        await visitor.in(act);
        const events = heard.take();
        expect(new Set(events.map((event) => ('handle' in event ? event.handle : '')))).toEqual(
          new Set([handle]),
        );
        return events.map(({ name }) => name);
      };
      expect(await told((session) => session.put('a', 2))).toEqual(['loaded', 'committed']);
      expect(await told((session) => session.regenerate())).toEqual(['loaded', 'moved', 'committed']);
      expect(await told((session) => session.signIn('ann'))).toEqual([
        'loaded',
        'moved',
        'committed',
        'signed-in',
      ]);
      expect(await told((session) => session.put('a', 3))).toEqual(['loaded', 'committed']);
      expect(await told((session) => session.put('userId', 'bob'))).toEqual([
        'loaded',
        'committed',
        'signed-out',
        'signed-in',
      ]);
      expect(await told((session) => session.forget('userId'))).toEqual([
        'loaded',
        'committed',
        'signed-out',
      ]);
    });

    it('is reported where the facade gives the session, from the first load on', async () => {
      await using app = await start(platform, driver);
      const visitor = app.visitor();
      const { id } = await visitor.in((session) => session.signIn('ann'));
      const heard: string[] = [];
      const stops = (['loaded', 'committed', 'moved', 'refused'] as const).map((name) =>
        onSessionEvent(name, () => heard.push(`${name}: ${Session.userId}`)),
      );
      onTestFinished(() => {
        for (const stop of stops) stop();
      });
      await visitor.in((session) => session.put('a', 1));
      await app.visitor().in((session) => session.get('a'), { headers: { cookie: 'session=forged' } });
      expect(heard.splice(0)).toEqual(['loaded: ann', 'committed: ann', 'refused: null']);
      if (!keepsRecords) return;
      await app.manager.run(id, (session) => session.put('a', 2));
      expect(heard.splice(0)).toEqual(['loaded: ann', 'committed: ann']);
    });

    it('includes how a session ended, and the next one under its own handle', async () => {
      using heard = new HeardEvents();
      await using app = await start(platform, driver);
      const visitor = app.visitor();
      const handle = await visitor.in((session) => session.signIn('ann').handle);
      heard.take();
      await visitor.in((session) => session.signOut().flash('status', 'Good-bye.'));
      const events = heard.take();
      expect(events.map(({ name }) => name)).toEqual(['loaded', 'signed-out', 'ended', 'begun', 'committed']);
      expect(events[2]).toMatchObject({ handle, reason: 'invalidated' });
      const next = events[3];
      expect(next).not.toMatchObject({ handle });
      await visitor.in((session) => session.destroy());
      const ended = heard.take();
      expect(ended.at(-1)).toMatchObject({ name: 'ended', reason: 'destroyed' });
      expect(ended.at(-1)).toMatchObject(
        next !== undefined && 'handle' in next ? { handle: next.handle } : {},
      );
      expect(ended).toHaveLength(2);
    });

    it('is reported for a moved session when a request with its old id ends it', async () => {
      using heard = new HeardEvents();
      await using app = await start(platform, driver);
      const visitor = app.visitor();
      await visitor.in((session) => session.signIn('ann'));
      const { asHeaders, value: handle } = await visitor.handle((session) => session.regenerate().handle);
      await visitor.in((session) => session.regenerate());
      heard.take();
      await app.visitor().in((session) => session.destroy(), { headers: asHeaders });
      expect(heard.take()).toEqual([
        { name: 'refused', driver, at: expect.any(Number), reason: 'moved' },
        { name: 'signed-out', driver, at: expect.any(Number), handle },
        { name: 'ended', driver, at: expect.any(Number), handle, reason: 'destroyed' },
      ]);
    });

    it('includes why a token was refused', async () => {
      using heard = new HeardEvents();
      await using app = await start(platform, driver);
      const visitor = app.visitor();
      const { asHeaders } = await visitor.handle((session) => session.put('a', 1));
      await visitor.in((session) => session.regenerate());
      heard.take();
      const refusal = async (cookie: string): Promise<unknown> => {
        await app.visitor().in((session) => session.get('a'), { headers: { cookie } });
        return heard.take().map((event) => ('reason' in event ? event.reason : event.name));
      };
      expect(await refusal(asHeaders.cookie)).toEqual(['moved']);
      expect(await refusal('session=s%3Aabc.def')).toEqual(['not-ours']);
      expect(await refusal(asHeaders.cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')))).toEqual([
        'not-ours',
      ]);
      expect(await refusal(`session=v1${keepsRecords ? 's' : ''}.abc.def`)).toEqual(['other-driver']);
      const other = await app.visitor().handle((session) => session.put('a', 1));
      heard.take();
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 3_600_000 });
      // Redis expires records by its own clock.
      if (driver !== 'redis') expect(await refusal(other.asHeaders.cookie)).toEqual(['gone']);
    });

    it('includes which old secret a token was made with, until the cookie is replaced', async () => {
      using heard = new HeardEvents();
      const prefix = `${randomUUID()}:`;
      const options = { redis: { url: redis.url, prefix } };
      let cookie = '';
      {
        await using app = await start(platform, driver, { ...options, secret: OTHER });
        const { asHeaders } = await app.visitor().handle((session) => session.put('a', 1));
        ({ cookie } = asHeaders);
      }
      heard.take();
      await using app = await start(platform, driver, { ...options, secret: [SECRET, OTHER] });
      const { asHeaders, value } = await app
        .visitor()
        .handle((session) => session.put('a', 1).regenerate().get('a'), { headers: { cookie } });
      expect(value).toBe(1);
      const said = (): unknown[] => heard.take().filter(({ name }) => name === 'old-secret');
      // Memory has lost the session with its process, so no secret opens anything.
      const old = { name: 'old-secret', driver, at: expect.any(Number), opened: 'token', position: 1 };
      expect(said()).toEqual(driver === 'memory' ? [] : [old]);
      await app.visitor().in((session) => session.get('a'), { headers: asHeaders });
      expect(said()).toEqual([]);
    });

    it.runIf(keepsRecords)('is reported outside of requests too, once for each session', async () => {
      using heard = new HeardEvents();
      await using app = await start(platform, driver, { sessionsPerUser: { max: 3 } });
      const { manager } = app;
      const signIn = async () => {
        const visitor = app.visitor();
        const { id, handle } = await visitor.in((session) => ({
          id: session.signIn('ann').id,
          handle: session.handle,
        }));
        return { visitor, id, handle };
      };
      const ended = () =>
        heard
          .take()
          .flatMap((event) =>
            event.name === 'ended'
              ? [[event.handle, event.reason]]
              : event.name === 'signed-out'
                ? [[event.handle]]
                : [],
          );
      const all = [await signIn(), await signIn(), await signIn()];
      const [first, second, third] = all;
      if (first === undefined || second === undefined || third === undefined) return expect.unreachable();
      expect(ended()).toEqual([]);

      await second.visitor.in((session) => session.put('seen', 1));
      await third.visitor.in((session) => session.put('seen', 1));
      const fourth = await signIn();
      expect(ended()).toEqual([[first.handle], [first.handle, 'limit']]);

      // Found under the old id as well as the new one.
      await second.visitor.in((session) => session.regenerate());
      expect(await manager.end('ann', second.handle)).toBe(true);
      expect(await manager.end('ann', second.handle)).toBe(false);
      expect(ended()).toEqual([[second.handle], [second.handle, 'manager']]);

      await third.visitor.in((session) => session.regenerate());
      await manager.destroy(third.id);
      await manager.destroy(third.id);
      expect(ended()).toEqual([[third.handle], [third.handle, 'manager']]);

      expect(await manager.endAll('ann')).toBe(1);
      expect(ended()).toEqual([[fourth.handle], [fourth.handle, 'manager']]);

      const { value } = await app
        .visitor()
        .handle((session) => ({ id: session.put('a', 1).id, handle: session.handle }));
      heard.take();
      await manager.run(value.id, (session) => session.increment('a'));
      expect(heard.take()).toMatchObject([
        { name: 'loaded', handle: value.handle },
        { name: 'committed', handle: value.handle },
      ]);
      await manager.destroy(value.id);
      expect(ended()).toEqual([[value.handle, 'manager']]);
    });

    it.runIf(keepsRecords)('is reported once for a session that a refused sign-in has ended', async () => {
      using heard = new HeardEvents();
      await using app = await start(platform, driver, { sessionsPerUser: { max: 1, when: 'refuse' } });
      await app.visitor().in((session) => session.signIn('ann'));
      const visitor = app.visitor();
      const handle = await visitor.in((session) => session.put('a', 1).handle);
      heard.take();
      await visitor.handle((session) => session.signIn('ann'), { status: 409 });
      expect(heard.names()).toEqual(['loaded']);
      await visitor.handle((session) => session.invalidate().put('userId', 'ann'), { status: 409 });
      expect(heard.take()).toMatchObject([
        { name: 'loaded' },
        { name: 'ended', handle, reason: 'invalidated' },
      ]);
    });

    it.runIf(keepsRecords)('includes how often a commit was tried that others overtook', async () => {
      using heard = new HeardEvents();
      const options = { redis: { url: redis.url, prefix: `${randomUUID()}:` } };
      await using app = await start(platform, driver, options);
      const visitor = app.visitor();
      const handle = await visitor.in((session) => session.put('a', 1).handle);
      heard.take();
      const [isLoaded, mayGoOn] = [new Deferred(), new Deferred()];
      const slow = visitor.in(async (session) => {
        session.put('slow', 1);
        isLoaded.resolve();
        await mayGoOn.promise;
      });
      await isLoaded.promise;
      await visitor.in((session) => session.signIn('ann').put('quick', 1));
      await visitor.in((session) => session.put('quick', 2));
      heard.take();
      mayGoOn.resolve();
      await slow;
      // The other request has signed the user in and moved the session.
      expect(heard.take()).toMatchObject([
        { name: 'merged', handle, attempts: 2 },
        { name: 'committed', handle, attempts: 2 },
      ]);
    });

    it.runIf(keepsRecords)('does not include a renewal as a commit', async () => {
      using heard = new HeardEvents();
      await using app = await start(platform, driver, { touchEvery: 0 });
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      heard.take();
      await visitor.in((session) => session.get('a'));
      expect(heard.names()).toEqual(['loaded']);
    });
  });

  it.each(PLATFORMS)('includes how many expired records were removed, on %s', async (platform) => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    using heard = new HeardEvents();
    await using app = await start(platform, 'memory');
    for (let count = 0; count < 3; count += 1) await app.visitor().in((session) => session.put('a', 1));
    await app.manager.collectGarbage();
    heard.take();
    vi.setSystemTime(Date.now() + 3 * 3_600_000);
    await app.manager.collectGarbage();
    await app.manager.collectGarbage();
    expect(heard.take()).toEqual([{ name: 'expired', driver: 'memory', at: Date.now(), count: 3 }]);
  });

  it.each(PLATFORMS)('includes which old secret has sealed a record, on %s', async (platform) => {
    using heard = new HeardEvents();
    const options = { encrypt: true, redis: { url: redis.url, prefix: `${randomUUID()}:` } };
    let id = '';
    {
      await using app = await start(platform, 'redis', { ...options, secret: OTHER });
      id = await app.visitor().in((session) => session.put('a', 1).id);
    }
    await using app = await start(platform, 'redis', { ...options, secret: [SECRET, OTHER] });
    heard.take();
    await app.manager.run(id, (session) => session.increment('a'));
    const old = {
      name: 'old-secret',
      driver: 'redis',
      at: expect.any(Number),
      opened: 'record',
      position: 1,
    };
    expect(heard.take().filter(({ name }) => name === 'old-secret')).toEqual([old]);
    await app.manager.run(id, (session) => session.increment('a'));
    expect(heard.names()).not.toContain('old-secret');
  });
});
