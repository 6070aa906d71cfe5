import { describe, expect, it } from 'vitest';
import { OneStore, stoppedTime } from '../support/one-session.js';

const pass = stoppedTime();

describe('destroy', () => {
  it('makes the session read as empty immediately, before the store has answered', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    const removal = store.hold('destroyVersion');
    const destroying = request.session.destroy();
    expect([request.session.all(), request.session.stored]).toEqual([{}, false]);
    await removal.reached;
    expect(await store.reads(token)).toEqual({ user: 'ann' });
    removal.release();
    await destroying;
    expect(await store.reads(token)).toEqual({});
    expect((await request.respond()).cookie).toBe('expire');
    expect(store.calls()).toEqual(['read A', 'destroyVersion A 1']);
  });

  it('is followed by a new session with a new id on the first write', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    const { id } = request.session;
    void request.session.destroy();
    request.session.put('status', 'bye');
    expect(request.session.id).not.toBe(id);
    const answer = await request.respond();
    expect(store.calls()).toEqual(['read A', 'destroyVersion A 1', 'write B 1']);
    expect(await store.reads(answer.token)).toEqual({ status: 'bye' });
  });

  it('removes what a concurrent commit stores meanwhile', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    request.session.put('a', 1);
    const write = store.hold('write');
    const committing = request.session.commit();
    await write.reached;
    const destroying = request.session.destroy();
    write.release();
    await Promise.all([committing, destroying]);
    expect(await store.reads(token)).toEqual({});
    expect(store.calls()).toEqual(['read A', 'write A 2', 'destroyVersion A 2']);
  });

  it('is reported by the commit if it failed without being awaited, and retried by a later one', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    store.driver.before = () => {
      throw new Error('away');
    };
    void request.session.destroy();
    expect((await request.respond()).error).toMatchObject({ statusCode: 503 });
    store.driver.before = () => undefined;
    expect(await request.respond()).toMatchObject({ cookie: 'expire', error: null });
    expect(await store.reads(token)).toEqual({});
  });

  it('leaves the cookie alone when the session was already gone', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const [one, other] = [await store.open(token), await store.open(token)];
    await one.session.destroy();
    await other.session.destroy();
    expect([(await one.respond()).cookie, (await other.respond()).cookie]).toEqual(['expire', 'none']);
  });

  it('called twice has the same effect on the cookie as called once', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const [one, other] = [await store.open(token), await store.open(token)];
    for (const { session } of [one, one, other, other]) await session.destroy();
    expect([(await one.respond()).cookie, (await other.respond()).cookie]).toEqual(['expire', 'none']);
  });

  it('leaves the cookie alone when the request has switched to another session since', async () => {
    const store = await OneStore.start();
    const request = await store.open(await store.seed());
    await request.session.destroy();
    await request.session.setId('nobody').start();
    expect((await request.respond()).cookie).toBe('none');
  });

  it('of a cookie-based session expires the cookie, and the old cookie opens nothing', async () => {
    const store = await OneStore.start({ driver: 'stealth' });
    const token = await store.seed();
    const request = await store.open(token);
    await request.session.destroy();
    expect((await request.respond()).cookie).toBe('expire');
    expect(await store.reads(token)).toEqual({});
  });
});

describe('an id under which the same request begins a new session', () => {
  it('stays ended for all other requests until something is stored under it', async () => {
    const store = await OneStore.start();
    const ending = await store.open();
    const id = await ending.session.generateId();
    const begin = async (): Promise<unknown> => (await ending.session.setId(id).start()).put('user', 'ann');
    await begin();
    await ending.session.commit();
    pass(120_000);
    const slow = await store.open(ending.session.signedId);
    await slow.session.touch();
    await ending.session.destroy();
    await begin();
    store.failNext('write');
    await expect(ending.session.commit()).rejects.toMatchObject({ statusCode: 503 });
    expect((await slow.respond()).cookie).toBe('none');
    await ending.session.commit();
    expect(await ending.respond()).toMatchObject({ cookie: 'set' });
    expect(await store.reads(ending.session.signedId)).toEqual({ user: 'ann' });
  });
});
