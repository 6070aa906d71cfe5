import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RequestSession } from 'nestjs-session-kit';
import { type Handled, HandlerApp, type Visitor } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';
import { Deferred } from './support/deferred.js';

afterEach(() => {
  vi.useRealTimers();
});

/** Starts a request that has loaded its session and waits in its handler until `finish` is called. */
async function slow<T>(
  visitor: Visitor,
  change: (session: RequestSession) => T | Promise<T>,
): Promise<{ finish(): Promise<Handled<T>> }> {
  const reached = new Deferred();
  const barrier = new Deferred();
  const answer = visitor.handle<T>(async (session) => {
    expect(session.get('name')).toBe('Ada');
    reached.resolve();
    await barrier.promise;
    return change(session);
  });
  await Promise.race([reached.promise, answer]);
  return {
    finish: () => {
      barrier.resolve();
      return answer;
    },
  };
}

/** A second browser with the same cookie; cookies sent to it do not reach the first. */
function sameVisitor(app: HandlerApp, cookie: string): Visitor {
  const visitor = app.visitor();
  visitor.agent.set('cookie', cookie);
  return visitor;
}

describe.each(PLATFORMS)('a slow request on %s', (platform) => {
  async function begin() {
    const app = await HandlerApp.start(platform);
    const { value: id, asHeaders } = await app
      .visitor()
      .handle((session) => session.put({ name: 'Ada', tags: ['new'] }).id);
    const open = () => sameVisitor(app, asHeaders.cookie);
    return { app, id, open, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  }

  it.each([
    ['a put', (session: RequestSession) => void session.put('back', true)],
    ['a flash', (session: RequestSession) => void session.flash('back', true)],
    ['a mutation in place', (session: RequestSession) => void session.get<string[]>('tags', []).push('back')],
    ['a regenerate', (session: RequestSession) => void session.regenerate().put('back', true)],
    ['a touch', async (session: RequestSession) => void (await session.touch())],
    ['a save', async (session: RequestSession) => void (await session.put('back', true).save())],
    ['a destroy', async (session: RequestSession) => void (await session.destroy())],
  ])('cannot revive a session that was signed out meanwhile, by %s', async (_, change) => {
    for (const signOut of ['destroy', 'invalidate'] as const) {
      await using scene = await begin();
      const { app, id, open } = scene;
      const request = await slow(open(), change);
      const out = await open().handle((session) => session[signOut]());
      expect(out.cookies).toHaveLength(1);
      const { cookies } = await request.finish();
      expect(cookies, signOut).toEqual([]);
      expect(await app.manager.read(id)).toBeNull();
      expect(await open().in((session) => session.all())).toEqual({});
      if (signOut === 'invalidate') {
        const after = sameVisitor(app, out.asHeaders.cookie);
        expect(await after.in((session) => session.all())).toEqual({});
      }
    }
  });

  it('cannot revive a session that an operator ended, under any of its ids', async () => {
    await using scene = await begin();
    const { app, id, open } = scene;
    const request = await slow(open(), (session) => void session.put('back', true));
    const moved = await open().handle((session) => session.regenerate().id);
    await app.manager.destroy(id);
    expect((await request.finish()).cookies).toEqual([]);
    expect(await app.manager.read(id)).toBeNull();
    expect(await app.manager.read(moved.value)).toBeNull();
  });

  it('cannot revive a session that expired meanwhile', async () => {
    await using scene = await begin();
    const { app, id, open } = scene;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 3_600_000 - 5_000 });
    const request = await slow(open(), (session) => void session.put('back', true));
    vi.setSystemTime(Date.now() + 5_000);
    expect((await request.finish()).cookies).toEqual([]);
    expect(await app.manager.read(id)).toBeNull();
  });

  it('does not disturb the new session that the visitor has by then', async () => {
    await using scene = await begin();
    const { app, open } = scene;
    const request = await slow(open(), (session) => void session.put('back', true));
    await open().in((session) => session.destroy());
    const next = await app.visitor().handle((session) => session.put('name', 'Bob'));
    expect((await request.finish()).cookies).toEqual([]);
    const bob = sameVisitor(app, next.asHeaders.cookie);
    expect(await bob.in((session) => session.all())).toEqual({ name: 'Bob' });
  });

  it('follows a session that was regenerated meanwhile, while a new request with the old id finds nothing', async () => {
    await using scene = await begin();
    const { app, id, open } = scene;
    const request = await slow(open(), (session) => {
      session.put('late', true).push('cart', 'book').flash('status', 'Added.');
    });
    const signIn = await open().handle((session) => session.regenerate().put('userId', 'ada').id);
    expect((await request.finish()).cookies).toEqual([]);
    expect(await app.manager.read(id)).toBeNull();
    const thief = await open().handle((session) => ({ all: session.all(), fresh: session.fresh }));
    expect(thief.value).toEqual({ all: {}, fresh: true });
    const after = sameVisitor(app, signIn.asHeaders.cookie);
    expect(await after.in((session) => ({ id: session.id, all: session.all() }))).toEqual({
      id: signIn.value,
      all: { name: 'Ada', tags: ['new'], userId: 'ada', late: true, cart: ['book'], status: 'Added.' },
    });
  });

  it('follows a regenerated session for no longer than half a minute', async () => {
    await using scene = await begin();
    const { app, open } = scene;
    const request = await slow(open(), (session) => void session.put('late', true));
    const { value: id } = await open().handle((session) => session.regenerate().id);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    expect((await request.finish()).cookies).toEqual([]);
    expect((await app.manager.read(id))?.values).toEqual({ name: 'Ada', tags: ['new'] });
  });

  it('cannot write into a session with an id that it has moved away from', async () => {
    await using scene = await begin();
    const { app, open } = scene;
    const { value: id } = await open().handle((session) => session.regenerate().id);
    const thief = await open().handle((session) => session.put('stolen', true).id);
    expect(thief.value).not.toBe(id);
    expect((await app.manager.read(id))?.values).toEqual({ name: 'Ada', tags: ['new'] });
  });
});

describe.each(PLATFORMS)('with a ledger on %s, a slow request', (platform) => {
  it('cannot revive a session that is ended by its id after it was signed out', async () => {
    await using app = await HandlerApp.start(platform, {
      options: { driver: 'stealth', stealth: { ledger: 'memory' } },
    });
    const { value: id, asHeaders } = await app
      .visitor()
      .handle(async (session) => (await session.put('name', 'Ada').signIn('ada').commit()).id);
    const open = () => sameVisitor(app, asHeaders.cookie);
    const request = await slow(open(), (session) => session.put('back', true));
    await open().in((session) => session.signOut());
    await app.manager.destroy(id);
    await request.finish();
    expect(await open().in((session) => session.all())).toEqual({});
    expect(await app.manager.list('ada')).toEqual([]);
  });
});
