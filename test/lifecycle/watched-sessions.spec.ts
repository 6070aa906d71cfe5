import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  type RequestSession,
  SessionManager,
  SessionModule,
  type SessionModuleOptions,
} from 'nestjs-session-kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { WatchedSessions } from '../../lib/lifecycle/watching/watched-sessions.js';
import type { Locate, Watch, Whereabouts } from '../../lib/lifecycle/watching/watch.js';
import { SessionLifecycles } from '../../lib/nest/session-lifecycles.js';
import { Deferred } from '../parallel/support/deferred.js';
import { WatchedDriver } from '../parallel/support/watched-driver.js';
import { heapGrowth } from '../support/heap-growth.js';
import { OneRequest } from '../support/one-session.js';
import { SECRET } from '../support/test-app.js';

const MINUTE_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
});
afterEach(() => void vi.useRealTimers().restoreAllMocks());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** A store shared by several processes of one application; with stealth, sessions are in cookies. */
class Shared {
  readonly driver = new WatchedDriver(new MemoryDriver({}, systemClock));

  /** One process of the application. */
  async process(options: Partial<SessionModuleOptions> = {}): Promise<Process> {
    const imports = [
      SessionModule.forRoot({ secret: SECRET, driver: 'shared', age: '10m', gc: false, ...options }),
    ];
    const module = await Test.createTestingModule({ imports }).compile();
    const manager = module.get(SessionManager);
    manager.extend('shared', () => this.driver);
    await module.init();
    return new Process(manager, module.get(SessionLifecycles));
  }
}

class Process {
  constructor(
    readonly manager: SessionManager,
    readonly lifecycles: SessionLifecycles,
  ) {}

  async open(token = ''): Promise<OneRequest> {
    const request = new OneRequest(this.lifecycles, token === '' ? [] : [token]);
    await request.session.initiate();
    return request;
  }

  /** Performs a request that acts on a session. Returns the token that the browser has after the response. */
  async request(token: string, act: (session: RequestSession) => unknown): Promise<string> {
    const request = await this.open(token);
    await act(request.session);
    const { error, token: next } = await request.respond();
    if (error !== null) throw error;
    return next === '' ? token : next;
  }
}

const ENDINGS: [string, (session: RequestSession) => unknown][] = [
  ['destroyed', (session) => session.destroy()],
  ['forgotten', (session) => session.forget()],
  ['invalidated', (session) => session.invalidate()],
];

describe.each(['shared', 'stealth'])('session.ended with the driver "%s"', (driver) => {
  async function begin(options: Partial<SessionModuleOptions> = {}) {
    const shared = new Shared();
    const here = await shared.process({ driver, ...options });
    const token = await here.request('', (session) => session.put('user', 'ann'));
    return { shared, here, token };
  }

  it.each(ENDINGS)('fires when another request of the process has the session %s', async (_how, end) => {
    const { here, token } = await begin();
    const { ended } = (await here.open(token)).session;
    await here.request(token, (session) => session.put('theme', 'dark'));
    expect(ended.aborted).toBe(false);
    await here.request(token, end);
    expect(ended.aborted).toBe(true);
  });

  it.each(ENDINGS)(
    'has already fired if first accessed after another request has the session %s',
    async (_how, end) => {
      const { here, token } = await begin({ sockets: { checkEvery: false } });
      const { session } = await here.open(token);
      const moved = await here.request(token, (other) => other.regenerate());
      await here.request(moved, end);
      expect(session.ended.aborted).toBe(true);
    },
  );

  it('follows a session that got its new id before the signal was accessed', async () => {
    const { here, token } = await begin({ sockets: { checkEvery: false } });
    const { session } = await here.open(token);
    const moved = await here.request(token, (other) => other.regenerate());
    const { ended } = session;
    expect(ended.aborted).toBe(false);
    await here.request(moved, (other) => other.destroy());
    expect(ended.aborted).toBe(true);
  });

  it.each(ENDINGS.slice(0, 2))(
    'fires immediately when its own request has the session %s, stored or not',
    async (_how, end) => {
      const { here, token } = await begin();
      for (const each of [token, '']) {
        const { session } = await here.open(each);
        const { ended } = session;
        void end(session);
        expect(ended.aborted).toBe(true);
        expect(session.ended).toBe(ended);
      }
      // First accessed after the ending.
      const { session } = await here.open(token);
      void session.destroy();
      session.put('begun', 'anew');
      expect(session.ended.aborted).toBe(true);
    },
  );

  it('fires when its own request has invalidated the session and committed', async () => {
    const { here, token } = await begin();
    const { session } = await here.open(token);
    const { ended } = session;
    session.invalidate().flash('status', 'You are signed out.');
    await session.commit();
    expect(ended.aborted).toBe(true);
  });

  it('follows a session that another request of the process gives a new id', async () => {
    const { here, token } = await begin();
    const { ended } = (await here.open(token)).session;
    const second = await here.request(token, (session) => session.regenerate());
    const third = await here.request(second, (session) => session.regenerate());
    expect(ended.aborted).toBe(false);
    await here.request(third, (session) => session.destroy());
    expect(ended.aborted).toBe(true);
  });

  it('follows a session that its own request gives a new id', async () => {
    const { here, token } = await begin();
    const { session } = await here.open(token);
    const { ended } = session;
    const other = (await here.open(token)).session.ended;
    await session.regenerate().commit();
    expect([ended.aborted, other.aborted]).toEqual([false, false]);
    await here.request(session.signedId, (again) => again.destroy());
    expect([ended.aborted, other.aborted]).toEqual([true, true]);
  });

  it('fires when the session expires, taking renewals by visits into account', async () => {
    const { here, token } = await begin();
    const { ended } = (await here.open(token)).session;
    await pass(8 * MINUTE_MS);
    await here.request(token, (session) => session.get('user'));
    await pass(9 * MINUTE_MS);
    expect(ended.aborted).toBe(false);
    await pass(MINUTE_MS);
    expect(ended.aborted).toBe(true);
  });

  it('watches a new session once it is stored', async () => {
    const { here } = await begin();
    const { session } = await here.open();
    const { ended } = session;
    session.put('user', 'bob');
    await pass(20 * MINUTE_MS);
    expect(ended.aborted).toBe(false);
    await session.commit();
    await here.request(session.signedId, (again) => again.destroy());
    expect(ended.aborted).toBe(true);
  });

  it('does not fire after the response has ended, and leaves no timer', async () => {
    const { here, token } = await begin();
    const request = await here.open(token);
    const { ended } = request.session;
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    request.end();
    expect(vi.getTimerCount()).toBe(0);
    await here.request(token, (session) => session.destroy());
    expect([ended.aborted, request.session.ended.aborted]).toEqual([false, false]);
    // Nor does a signal first accessed after the response.
    const other = await here.request('', (session) => session.put('user', 'bob'));
    request.session.setSignedId(other);
    await request.session.start();
    expect(request.session.ended.aborted).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});

function watchAt(sessions: WatchedSessions, place: Whereabouts, locate: Locate): Watch {
  const watch = sessions.watch(locate);
  watch.at(place);
  return watch;
}

describe('session.ended', () => {
  /** One session, and two processes that share its store. */
  async function begin(options: Partial<SessionModuleOptions> = {}) {
    const shared = new Shared();
    const here = await shared.process(options);
    const there = await shared.process(options);
    const token = await there.request('', (session) => session.put('user', 'ann'));
    const request = await here.open(token);
    return { shared, here, there, token, request, ended: request.session.ended };
  }

  it('belongs to the session that the request has switched to', async () => {
    const { here, token } = await begin();
    const other = await here.request('', (session) => session.put('user', 'bob'));
    const { session } = await here.open(token);
    const before = session.ended;
    session.setSignedId(other);
    await session.start();
    await here.request(token, (first) => first.destroy());
    expect([before.aborted, session.ended.aborted]).toEqual([false, false]);
    await here.request(other, (second) => second.destroy());
    expect([before.aborted, session.ended.aborted]).toEqual([false, true]);
  });

  it('fires immediately when SessionManager.destroy ends the session in this process', async () => {
    const { here, request, ended } = await begin();
    await here.manager.destroy(request.session.id);
    expect(ended.aborted).toBe(true);
  });

  it.each(ENDINGS)('fires within checkEvery when another process has the session %s', async (_how, end) => {
    const { there, token, ended } = await begin({ sockets: { checkEvery: '10s' } });
    await there.request(token, end);
    expect(ended.aborted).toBe(false);
    await pass(10_000);
    expect(ended.aborted).toBe(true);
  });

  it('fires only at the expiry when another process ends the session and checkEvery is false', async () => {
    const { shared, there, token, ended } = await begin({ sockets: { checkEvery: false } });
    await there.request(token, (session) => session.destroy());
    shared.driver.takeCounts();
    await pass(10 * MINUTE_MS - 1);
    expect([ended.aborted, shared.driver.takeCounts().read]).toEqual([false, 0]);
    await pass(1);
    expect(ended.aborted).toBe(true);
  });

  it.each(['1m', '1h', '5s'])(
    'follows a new id assigned by another process, with checkEvery %s',
    async (checkEvery) => {
      const { there, token, ended } = await begin({ sockets: { checkEvery } });
      let last = token;
      for (let round = 0; round < 3; round += 1) {
        last = await there.request(last, (session) => session.regenerate());
        await pass(45_000);
      }
      expect(ended.aborted).toBe(false);
      await there.request(last, (session) => session.destroy());
      await pass(20_000);
      expect(ended.aborted).toBe(true);
    },
  );

  it('fires immediately when a commit of its own request finds the session gone', async () => {
    const { there, token, request, ended } = await begin({ sockets: { checkEvery: false } });
    await there.request(token, (session) => session.destroy());
    await request.session.put('late', true).commit();
    await pass(0);
    expect(ended.aborted).toBe(true);
    expect((await there.open(token)).session.all()).toEqual({});
  });

  it('has already fired if first accessed after a commit that found the session gone', async () => {
    const { here, there, token } = await begin();
    const { session } = await here.open(token);
    await there.request(token, (other) => other.destroy());
    await session.put('late', true).commit();
    expect(session.ended.aborted).toBe(true);
  });

  it('takes into account renewals by another process, with or without checks in between', async () => {
    for (const checkEvery of ['1m', false] as const) {
      const { there, token, ended } = await begin({ sockets: { checkEvery } });
      for (let visit = 0; visit < 3; visit += 1) {
        await pass(8 * MINUTE_MS);
        await there.request(token, (session) => session.get('user'));
      }
      expect(ended.aborted).toBe(false);
      await pass(10 * MINUTE_MS);
      expect(ended.aborted).toBe(true);
    }
  });

  it.each(['1m', false] as const)(
    'does not fire while the store is down, even long after the expiry (checkEvery: %s)',
    async (checkEvery) => {
      const { shared, there, token, ended } = await begin({ sockets: { checkEvery } });
      await there.request(token, (session) => session.destroy());
      shared.driver.before = () => {
        throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
      };
      await pass(30 * MINUTE_MS);
      expect(ended.aborted).toBe(false);
      shared.driver.before = () => undefined;
      await pass(2 * MINUTE_MS);
      expect(ended.aborted).toBe(true);
    },
  );

  it('does not fire after an outage if the session is still alive', async () => {
    const { shared, there, token, ended } = await begin({ age: '1h' });
    shared.driver.before = () => {
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    };
    await pass(10 * MINUTE_MS);
    shared.driver.before = () => undefined;
    await pass(10 * MINUTE_MS);
    expect(ended.aborted).toBe(false);
    await there.request(token, (session) => session.destroy());
    await pass(20_000);
    expect(ended.aborted).toBe(true);
  });

  it('fires immediately when this process ends a session that another has already ended', async () => {
    const { here, there, token, request, ended } = await begin({ sockets: { checkEvery: false } });
    await there.request(token, (session) => session.destroy());
    await here.manager.destroy(request.session.id);
    expect(ended.aborted).toBe(true);
  });

  it('follows a move by another process that a commit of its own request has found', async () => {
    const { here, there, token, request, ended } = await begin({ sockets: { checkEvery: false } });
    const moved = await there.request(token, (session) => session.regenerate());
    await request.session.put('theme', 'dark').commit();
    await here.request(moved, (session) => session.destroy());
    expect(ended.aborted).toBe(true);
  });

  it('ignores the answer of the store for an id that the session has left meanwhile', async () => {
    const live = new WatchedSessions(systemClock, 1_000);
    const answer = new Deferred<null>();
    const watch = watchAt(live, { id: 'a', expiresAt: Date.now() + MINUTE_MS }, () => answer.promise);
    await pass(1_000);
    live.moved('a', 'b');
    answer.resolve(null);
    await answer.promise;
    await Promise.resolve();
    expect(watch.signal.aborted).toBe(false);
    live.ended('b');
    expect(watch.signal.aborted).toBe(true);
  });

  it('costs one read per session and interval, evenly spread, however many requests watch it', async () => {
    const shared = new Shared();
    const here = await shared.process({ sockets: { checkEvery: '10s' } });
    for (let visitor = 0; visitor < 50; visitor += 1) {
      const token = await here.request('', (session) => session.put('visitor', visitor));
      for (let tab = 0; tab < 3; tab += 1) void (await here.open(token)).session.ended;
    }
    shared.driver.takeCounts();
    for (let second = 0; second < 30; second += 1) {
      await pass(1_000);
      expect(shared.driver.takeCounts()).toEqual({ read: 5, write: 0, touch: 0, destroy: 0 });
    }
  });

  it('checks few sessions at a time in a slow store, and each once', async () => {
    const shared = new Shared();
    const here = await shared.process({ sockets: { checkEvery: '1s' }, storeTimeout: '1h' });
    for (let visitor = 0; visitor < 50; visitor += 1)
      void (await here.open(await here.request('', (session) => session.put('visitor', visitor)))).session
        .ended;
    const gate = new Deferred();
    shared.driver.takeCounts();
    shared.driver.before = () => gate.promise;
    await pass(5_000);
    expect(shared.driver.calls.length).toBe(8);
    gate.resolve();
    await pass(0);
    expect(shared.driver.takeCounts().read).toBe(50);
  });

  it('checks each of 2,000 sessions once per interval, at most 100 per turn of the event loop', async () => {
    const live = new WatchedSessions(systemClock, 10_000);
    const expiresAt = Date.now() + 10 * MINUTE_MS;
    const asked = new Map<string, number>();
    let [inTurn, most] = [0, 0];
    const turn = (): void => {
      most = Math.max(most, inTurn);
      inTurn = 0;
    };
    for (let number = 0; number < 2_000; number += 1) {
      watchAt(live, { id: String(number), expiresAt }, async (id) => {
        asked.set(id, (asked.get(id) ?? 0) + 1);
        inTurn += 1;
        if (inTurn === 1) setImmediate(turn);
        return { id, expiresAt };
      });
    }
    for (let part = 1; part <= 10; part += 1) {
      vi.advanceTimersByTime(1_000);
      while (asked.size < part * 200) await new Promise(setImmediate);
      await new Promise(setImmediate);
      expect(asked.size).toBe(part * 200);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(100);
    expect(new Set(asked.values())).toEqual(new Set([1]));
    live.close();
  });

  it('keeps up with 2,000 sessions when the store takes 50 ms, with fewer than 50 checks at a time', async () => {
    const live = new WatchedSessions(systemClock, 10_000);
    const expiresAt = Date.now() + 10 * MINUTE_MS;
    const asked = new Set<string>();
    let waiting: (() => void)[] = [];
    let most = 0;
    for (let number = 0; number < 2_000; number += 1) {
      watchAt(live, { id: String(number), expiresAt }, async (id) => {
        asked.add(id);
        await new Promise<void>((resolve) => {
          most = Math.max(most, waiting.push(resolve));
        });
        return { id, expiresAt };
      });
    }
    for (let step = 0; step < 220; step += 1) {
      vi.advanceTimersByTime(50);
      const answered = waiting;
      waiting = [];
      for (const answer of answered) answer();
      await new Promise(setImmediate);
    }
    expect(asked.size).toBe(2_000);
    expect(most).toBeLessThan(50);
    live.close();
  });

  it('sets no timer if nobody watches the session any more when the store answers', async () => {
    const live = new WatchedSessions(systemClock, false);
    const answer = new Deferred<null>();
    const watch = watchAt(live, { id: 'a', expiresAt: Date.now() + 500 }, async () => {
      await answer.promise;
      throw new Error('refused');
    });
    await pass(500);
    watch.stop();
    answer.resolve(null);
    await pass(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves neither memory nor timers behind after 10,000 watchers have come and gone', async () => {
    const { here, token, request } = await begin();
    request.end();
    const { expiresAt } = request.session;
    const watchers = (): void => {
      const watches = Array.from({ length: 10_000 }, (_, index) =>
        here.lifecycles.watch({ id: `${token}${index}`, expiresAt: expiresAt + index }),
      );
      expect(vi.getTimerCount()).toBe(10_001);
      for (const watch of watches) watch.stop();
    };
    watchers();
    expect(vi.getTimerCount()).toBe(0);
    expect(await heapGrowth(watchers)).toBeLessThan(1_000_000);
  });

  it('drops all watches and timers when the application ends, without firing', async () => {
    const live = new WatchedSessions(systemClock, 1_000);
    const watch = watchAt(live, { id: 'a', expiresAt: Date.now() + 1_000 }, () => Promise.resolve(null));
    live.close();
    expect([live.size, vi.getTimerCount()]).toEqual([0, 0]);
    await pass(2_000);
    expect(watch.signal.aborted).toBe(false);
  });

  it('costs no timer as long as it is not accessed', async () => {
    const shared = new Shared();
    const here = await shared.process();
    await here.request('', (session) => session.put('user', 'ann'));
    expect(vi.getTimerCount()).toBe(0);
  });
});
