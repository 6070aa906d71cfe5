import { describe, expect, it } from 'vitest';
import { SessionReadonlyError } from 'nestjs-session-kit';
import { DetachedHost } from '../../lib/session/detached-host.js';
import { HostedSession } from '../../lib/session/hosted-session.js';
import type { RequestSession } from '../../lib/session/request-session.js';
import { OneStore, stoppedTime } from '../support/one-session.js';

const pass = stoppedTime();

const SOCKET = { name: 'the handler of a message', isVisit: true, noCookie: 'A socket cannot send one.' };

/** A loaded session without a response. */
async function detached(
  store: OneStore,
  token: string,
  entryPoint: Parameters<OneStore['lifecycles']['detachedHost']>[0] = SOCKET,
): Promise<{ hosted: HostedSession; session: RequestSession; host: DetachedHost }> {
  const host = store.lifecycles.detachedHost(entryPoint, token === '' ? [] : [token]);
  const hosted = new HostedSession(host);
  return { hosted, session: await hosted.session.initiate(), host };
}

describe('a session without a response', () => {
  it('is read and written like any other, with one read and one write', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const { hosted, session } = await detached(store, token);
    session.put('seen', true);
    await hosted.commitDue();
    expect(store.calls()).toEqual(['read A', 'write A 2']);
    expect(await store.reads(token)).toEqual({ user: 'ann', seen: true });
  });

  it('merges its changes with those that a request made meanwhile', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const [{ hosted, session }, request] = [await detached(store, token), await store.open(token)];
    session.increment('count');
    request.session.increment('count');
    await Promise.all([hosted.commitDue(), request.respond()]);
    expect(await store.reads(token)).toEqual({ user: 'ann', count: 2 });
  });

  it('keeps the stored session alive, as a visit does', async () => {
    const store = await OneStore.start({ age: '1h' });
    const token = await store.seed();
    pass(45 * 60_000);
    await (await detached(store, token)).hosted.commitDue();
    pass(45 * 60_000);
    expect(await store.reads(token)).toEqual({ user: 'ann' });
  });

  it('neither shows nor uses up flash messages, and leaves its own messages for the next page', async () => {
    const store = await OneStore.start();
    const token = await store.seed((session) => session.flash('status', 'Saved.').put('user', 'ann'));
    const { hosted, session } = await detached(store, token);
    expect([session.all(), session.get('status'), session.flashMessages.isEmpty]).toEqual([
      { user: 'ann' },
      undefined,
      true,
    ]);
    session.flush().flash('job', 'Done.');
    await hosted.commitDue();
    await session.reload();
    expect(session.flashMessages.isEmpty).toBe(true);
    expect(await store.reads(token)).toEqual({ status: 'Saved.', job: 'Done.' });
  });

  it.each(['', 'garbage', 's:garbage.of another application'])(
    'reads as empty if the token is %j, and refuses to begin a session',
    async (token) => {
      const store = await OneStore.start();
      const { hosted, session } = await detached(store, token);
      expect([session.all(), session.stored]).toEqual([{}, false]);
      expect(() => session.put('a', 1)).toThrow(SessionReadonlyError);
      expect(() => session.flash('a', 1)).toThrow('to begin one needs a cookie. A socket cannot send one.');
      await session.destroy();
      await hosted.commitDue();
      expect(store.calls()).toEqual([]);
    },
  );

  it('refuses to flash a form, and takes the same values as messages', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const { hosted, session } = await detached(store, token);
    for (const flash of [
      () => session.flashAll(),
      () => session.flashOnly('title'),
      () => session.flashExcept('title'),
    ])
      expect(flash).toThrow(
        expect.objectContaining({ name: 'SessionError', message: expect.stringContaining('no form') }),
      );
    session.flash('title', 'T');
    await hosted.commitDue();
    expect(await store.reads(token)).toEqual({ user: 'ann', title: 'T' });
  });

  it('refuses another id or session, and stays usable', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const { hosted, session } = await detached(store, token);
    for (const move of [
      () => session.regenerate(),
      () => session.invalidate(),
      () => session.setId('another'),
      () => session.setSignedId(token),
    ])
      expect(move).toThrow(/cannot get another id here.* A socket cannot send one\.$/);
    session.put('a', 1);
    await hosted.commitDue();
    expect(await store.reads(token)).toEqual({ user: 'ann', a: 1 });
  });

  it('can be destroyed, after which it reads as empty and nothing is written', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const { hosted, session } = await detached(store, token);
    await session.destroy();
    expect(session.all()).toEqual({});
    expect(() => session.put('a', 1)).toThrow(SessionReadonlyError);
    await hosted.commitDue();
    expect(store.calls().filter((call) => call.startsWith('write'))).toEqual([]);
    expect(await store.reads(token)).toEqual({});
  });

  it('is not revived if it ended meanwhile, and reports that its changes were dropped', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const { hosted, session } = await detached(store, token);
    await store.manager.destroy(session.id);
    session.put('late', 1);
    expect(hosted.lifecycle.session.droppedChanges).toBe(false);
    await hosted.commitDue();
    expect(hosted.lifecycle.session.droppedChanges).toBe(true);
    expect(await store.reads(token)).toEqual({});
  });

  it('reads nothing under an id that was just left, unless its entry point follows', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    request.session.regenerate();
    const moved = (await request.respond()).token;
    expect((await detached(store, token)).session.all()).toEqual({});
    const { hosted, session } = await detached(store, token, { ...SOCKET, followsMoves: true });
    expect(session.put('job', 1).get('user')).toBe('ann');
    await hosted.commitDue();
    expect(await store.reads(moved)).toEqual({ user: 'ann', job: 1 });
  });

  it('accepts all changes at an entry point that stores nothing, and stores none', async () => {
    const store = await OneStore.start();
    const { hosted, session } = await detached(store, '', { ...SOCKET, storesNothing: true });
    session.put('a', 1).regenerate().flash('b', 2).increment('a');
    expect(session.all()).toEqual({ a: 2, b: 2 });
    await session.commit();
    await session.destroy();
    expect(session.put('c', 1).all()).toEqual({ c: 1 });
    await hosted.commitDue();
    expect(() => session.setId('another')).toThrow(SessionReadonlyError);
    expect(store.calls()).toEqual([]);
  });

  it('logs once that changes after its end are not stored', async () => {
    const store = await OneStore.start();
    const { hosted, session, host } = await detached(store, await store.seed());
    host.end();
    hosted.hostOver();
    session.put('a', 1).put('b', 1);
    await new Promise(setImmediate);
    expect(store.said).toEqual([expect.stringContaining('after the handler of a message had ended')]);
    session.put('c', 1);
    await session.commit();
    await new Promise(setImmediate);
    expect(store.said.length).toBe(1);
  });
});

describe('a cookie-based session without a response', () => {
  it('can be read, and refuses every change', async () => {
    const store = await OneStore.start({ driver: 'stealth' });
    const token = await store.seed();
    const { hosted, session } = await detached(store, token);
    expect(session.get('user')).toBe('ann');
    for (const change of [
      () => session.put('a', 1),
      () => session.regenerate(),
      () => session.flash('a', 1),
      () => void session.setDuration('1h'),
    ])
      expect(change).toThrow(/visitor's cookie itself.* A socket cannot send one\.$/);
    expect(() => session.destroy()).toThrow(SessionReadonlyError);
    await hosted.commitDue();
  });

  it('refuses to commit a mutation in place', async () => {
    const store = await OneStore.start({ driver: 'stealth' });
    const token = await store.seed((session) => session.put('cart', ['mug']));
    const { hosted, session } = await detached(store, token);
    session.get<string[]>('cart')?.push('pen');
    await expect(hosted.commitDue()).rejects.toThrow(SessionReadonlyError);
  });

  it('skips a due renewal without an error', async () => {
    const store = await OneStore.start({ driver: 'stealth', age: '1h' });
    const token = await store.seed();
    pass(45 * 60_000);
    const { hosted, session } = await detached(store, token);
    await hosted.commitDue();
    expect([session.get('user'), store.said]).toEqual(['ann', []]);
  });
});
