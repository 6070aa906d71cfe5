import { setImmediate as settled } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RequestSession, Session } from 'nestjs-session-kit';
import { HeardEvents } from '../support/heard-events.js';
import { OneRequest, OneStore, stoppedTime } from '../support/one-session.js';

const pass = stoppedTime();
const REDIRECT_MS = 30_000;

describe('regenerate', () => {
  it('stores under the new id first, then replaces the old record with a redirect', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    const before = request.session.id;
    request.session.regenerate();
    expect(request.session.id).not.toBe(before);
    const answer = await request.respond();
    expect(store.calls()).toEqual(['read A', 'write B 1', 'write A 2']);
    expect(await store.reads(answer.token)).toEqual({ user: 'ann' });
    expect(await store.reads(token)).toEqual({});
  });

  it('leaves a redirect for thirty seconds, and nothing after that', async () => {
    const store = await OneStore.start();
    const request = await store.open(await store.seed());
    const old = request.session.id;
    request.session.regenerate();
    await request.respond();
    pass(REDIRECT_MS - 1);
    expect(await store.driver.inner.read(old)).not.toBeNull();
    pass(1);
    expect(await store.driver.inner.read(old)).toBeNull();
  });

  it('is followed by a concurrent commit, which sends no cookie itself', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const [mover, writer] = [await store.open(token), await store.open(token)];
    mover.session.regenerate();
    const moved = await mover.respond();
    writer.session.put('late', 1);
    expect((await writer.respond()).cookie).toBe('none');
    expect(await store.reads(moved.token)).toEqual({ user: 'ann', late: 1 });
  });

  it('keeps back the late cookie of a request with the old id, also if the answer to the redirect was lost', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    pass(120_000);
    const [late, mover] = [await store.open(token), await store.open(token)];
    const { id } = late.session;
    await late.session.commit();
    mover.session.regenerate();
    store.driver.after = (call) => {
      if (call.id === id) throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
    };
    await expect(mover.session.save()).rejects.toMatchObject({ statusCode: 503 });
    store.driver.after = () => undefined;
    expect((await mover.respond()).cookie).toBe('set');
    expect((await late.respond()).cookie).toBe('none');
  });

  it('called twice concurrently results in one id', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const requests = [await store.open(token), await store.open(token)];
    for (const { session } of requests) session.regenerate().increment('moves');
    const tokens = await Promise.all(requests.map(async (request) => (await request.respond()).token));
    expect(new Set(tokens).size).toBe(1);
    expect(await store.reads(tokens[0] ?? '')).toEqual({ user: 'ann', moves: 2 });
  });

  it('leaves the old session as it is if the store fails to write the new record', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    request.session.regenerate();
    store.failNext('write');
    expect((await request.respond()).error).toMatchObject({ statusCode: 503 });
    expect(await store.reads(token)).toEqual({ user: 'ann' });
    const { token: next } = await request.respond();
    expect(await store.reads(next)).toEqual({ user: 'ann' });
    expect(await store.reads(token)).toEqual({});
  });

  it('called again while it is being stored moves the session once more', async () => {
    const store = await OneStore.start();
    const request = await store.open(await store.seed());
    const write = store.hold('write');
    const saving = request.session.regenerate().save();
    await write.reached;
    const { id } = request.session.regenerate();
    write.release();
    await saving;
    const { token } = await request.respond();
    const { session } = await store.open(token);
    expect([session.id, session.all()]).toEqual([id, { user: 'ann' }]);
  });

  it.each(['touch', 'reload'] as const)(
    'is performed once if the answer to its redirect was lost and a %s comes next',
    async (next) => {
      const store = await OneStore.start();
      const token = await store.seed();
      const request = await store.open(token);
      request.session.regenerate().increment('count');
      store.driver.after = (call) => {
        if (call.method !== 'write' || call.record.version !== 2) return;
        store.driver.after = () => undefined;
        throw new Error('lost');
      };
      await expect(request.session.save()).rejects.toMatchObject({ statusCode: 503 });
      await request.session[next]();
      const { id } = request.session.regenerate().put('again', true);
      await request.respond();
      const reader = (await store.open(request.session.signedId)).session;
      expect([reader.id, reader.all()]).toEqual([id, { user: 'ann', count: 1, again: true }]);
    },
  );

  it('of a cookie-based session seals it under a new id, and the old cookie opens nothing', async () => {
    const store = await OneStore.start({ driver: 'stealth' });
    const token = await store.seed();
    const request = await store.open(token);
    request.session.regenerate();
    expect(await store.reads((await request.respond()).token)).toEqual({ user: 'ann' });
    expect(await store.reads(token)).toEqual({});
  });
});

describe('invalidate', () => {
  it('ends the old record before anything new is stored, and leaves no redirect', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    const old = request.session.id;
    request.session.invalidate().put('status', 'bye');
    const answer = await request.respond();
    expect(store.calls()).toEqual(['read A', 'destroyVersion A 1', 'write B 1']);
    expect(await store.driver.inner.read(old)).toBeNull();
    expect(await store.reads(answer.token)).toEqual({ status: 'bye' });
  });

  it('does not repeat a failed write of the old session', async () => {
    const store = await OneStore.start();
    const request = await store.open(await store.seed());
    request.session.put('a', 1);
    store.failNext('write');
    await expect(request.session.save()).rejects.toMatchObject({ statusCode: 503 });
    store.calls();
    request.session.invalidate().put('status', 'bye');
    await request.respond();
    expect(store.calls()).toEqual(['destroyVersion A 1', 'write B 1']);
  });

  it('ends the session even if the new one cannot be stored', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    request.session.invalidate().put('status', 'bye');
    store.failNext('write');
    expect((await request.respond()).error).toMatchObject({ statusCode: 503 });
    expect(await store.reads(token)).toEqual({});
  });

  it('ends a session that is being stored for the first time', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    const { id } = request.session.put('user', 'ann');
    const write = store.hold('write');
    const saving = request.session.save();
    await write.reached;
    request.session.invalidate().put('status', 'bye');
    write.release();
    await saving;
    expect(await store.reads((await request.respond()).token)).toEqual({ status: 'bye' });
    expect(await store.driver.inner.read(id)).toBeNull();
  });

  it('ends the session even if the response head is already sent and the new cookie cannot be', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    request.headSent = true;
    request.session.invalidate().put('status', 'bye');
    expect(String((await request.respond()).error)).toContain('the head of the response has left');
    await settled();
    expect(await store.reads(token)).toEqual({});
  });

  it('leaves nothing that another request flashed, also if this one has reloaded the session since', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const [leaver, writer] = [await store.open(token), await store.open(token)];
    writer.session.flash('notice', 'for ann');
    await writer.respond();
    await leaver.session.reload();
    leaver.session.invalidate().put('status', 'bye');
    const next = await store.open((await leaver.respond()).token);
    expect(next.session.all()).toEqual({ status: 'bye' });
    expect(next.session.flashMessages.all()).toEqual({});
  });

  it('is not followed by a concurrent commit', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const [leaver, writer] = [await store.open(token), await store.open(token)];
    leaver.session.invalidate().put('status', 'bye');
    const left = await leaver.respond();
    writer.session.put('late', 1);
    expect((await writer.respond()).cookie).toBe('none');
    expect(await store.reads(left.token)).toEqual({ status: 'bye' });
  });
});

describe.each(['watched', 'stealth'])('a request with an id that was just left (%s)', (driver) => {
  it('reads nothing, stores nothing, sends no cookie and warns once', async () => {
    const store = await OneStore.start({ driver });
    const token = await store.seed();
    const mover = await store.open(token);
    mover.session.regenerate();
    const moved = await mover.respond();
    const late = await store.open(token);
    expect(late.session.all()).toEqual({});
    store.calls();
    late.session.put('a', 1);
    for (const _ of [1, 2]) expect(await late.respond()).toMatchObject({ cookie: 'none', error: null });
    expect(store.calls()).toEqual([]);
    expect(store.said).toHaveLength(1);
    expect(await store.reads(moved.token)).toEqual({ user: 'ann' });
  });

  it('stores nothing when it switches to an id without a session, nor after a destroy there', async () => {
    const store = await OneStore.start({ driver });
    const token = await store.seed();
    const mover = await store.open(token);
    mover.session.regenerate();
    await mover.respond();
    const late = await store.open(token);
    await late.session.setId(await late.session.generateId()).start();
    store.calls();
    for (const _ of [1, 2]) {
      late.session.put('a', 1);
      expect((await late.respond()).cookie).toBe('none');
      await late.session.destroy();
    }
    expect(store.calls()).toEqual([]);
  });

  it.each<[what: string, end: (session: Session) => unknown]>([
    ['destroy, behind a commit', async (session) => (await session.put('a', 1).commit()).destroy()],
    ['invalidate, behind a commit', async (session) => (await session.put('a', 1).commit()).invalidate()],
    ['destroy, behind touch', async (session) => (await session.touch()).destroy()],
    ['destroy, behind reload', async (session) => (await session.reload()).destroy()],
    ['invalidate, behind reload', async (session) => (await session.reload()).invalidate()],
  ])('ends the session where it moved to during the request: %s', async (_what, end) => {
    const store = await OneStore.start({ driver });
    const token = await store.seed();
    const slow = await store.open(token);
    const mover = await store.open(token);
    mover.session.regenerate();
    const moved = await mover.respond();
    await end(slow.session);
    await slow.respond();
    expect(await store.reads(moved.token)).toEqual({});
  });

  it('destroys the session where it has moved to, and expires the cookie', async () => {
    const store = await OneStore.start({ driver });
    const token = await store.seed();
    const mover = await store.open(token);
    mover.session.regenerate();
    const moved = await mover.respond();
    const late = await store.open(token);
    await late.session.destroy();
    expect((await late.respond()).cookie).toBe('expire');
    expect(await store.reads(moved.token)).toEqual({});
  });
});

describe('a request with two cookies whose ids were just replaced', () => {
  it('ends the session of the first, and the event names that one', async () => {
    const store = await OneStore.start({ driver: 'stealth' });
    const tokens = [await store.seed(), await store.seed()];
    const handles: string[] = [];
    for (const token of tokens) {
      const { session } = await store.open(token);
      handles.push(session.handle);
      await session.regenerate().commit();
    }
    using events = new HeardEvents();
    const { session } = new OneRequest(store.lifecycles, tokens);
    await session.initiate();
    await session.destroy();
    expect(events.take()).toEqual([
      expect.objectContaining({ name: 'refused' }),
      expect.objectContaining({ name: 'refused' }),
      expect.objectContaining({ name: 'ended', handle: handles[0] }),
    ]);
  });
});

describe('a session that ends while another request signs it in', () => {
  it.each<[string, (session: RequestSession) => unknown]>([
    ['invalidate', (session) => session.invalidate()],
    ['destroy', (session) => session.destroy()],
  ])('is said to be signed out after %s', async (_how, end) => {
    const store = await OneStore.start();
    const token = await store.seed((session) => session.put('cart', 1));
    const [ends, signsIn] = [await store.open(token), await store.open(token)];
    signsIn.session.signIn('ann');
    await signsIn.respond();
    using events = new HeardEvents();
    await end(ends.session);
    await ends.respond();
    const { handle } = signsIn.session;
    expect(events.take().slice(0, 2)).toEqual([
      expect.objectContaining({ name: 'signed-out', handle }),
      expect.objectContaining({ name: 'ended', handle }),
    ]);
  });
});

describe('a session that is invalidated while its sign-in is refused as one too many', () => {
  it('ends, and what was written since is kept', async () => {
    const store = await OneStore.start({ sessionsPerUser: { max: 1, when: 'refuse' } });
    await store.seed((session) => session.signIn('ann'));
    const token = await store.seed((session) => session.put('cart', 1));
    const { session } = await store.open(token);
    store.driver.beforeListing = () => {
      store.driver.beforeListing = () => undefined;
      session.invalidate().put('notice', 'bye');
    };
    await session.signIn('ann').save();
    expect(await store.reads(token)).toEqual({});
    expect(await store.reads(session.signedId)).toEqual({ notice: 'bye' });
  });
});
