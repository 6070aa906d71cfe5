import { describe, expect, it } from 'vitest';
import { OneStore, stoppedTime } from '../support/one-session.js';

const pass = stoppedTime();

describe('a commit', () => {
  it('creates the record of a new session and sends its cookie', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    request.session.put('a', 1);
    const { cookie, token, maxAge } = await request.respond();
    expect(store.calls()).toEqual(['write A 1']);
    expect([cookie, maxAge]).toEqual(['set', 7200]);
    expect(await store.reads(token)).toEqual({ a: 1 });
  });

  it('makes no store call and sends no cookie when nothing is due', async () => {
    const store = await OneStore.start();
    expect((await (await store.open()).respond()).cookie).toBe('none');
    expect(store.calls()).toEqual([]);
    const token = await store.seed();
    expect((await (await store.open(token)).respond()).cookie).toBe('none');
    expect(store.calls()).toEqual(['read A']);
  });

  it('writes once, one version above the one read, and leaves a still valid cookie alone', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    request.session.put('a', 1);
    await request.session.commit();
    expect((await request.respond()).cookie).toBe('none');
    expect(store.calls()).toEqual(['read A', 'write A 2']);
    request.session.put('a', 2);
    await request.respond();
    expect(store.calls()).toEqual(['write A 3']);
  });

  it('replays its changes on the newest record when another request wrote first', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const [one, other] = [await store.open(token), await store.open(token)];
    one.session.increment('visits');
    other.session.put('other', 1).increment('visits');
    await other.respond();
    store.calls();
    expect((await one.respond()).cookie).toBe('none');
    expect(store.calls()).toEqual(['write A 2', 'read A', 'write A 3']);
    expect(await store.reads(token)).toEqual({ user: 'ann', visits: 2, other: 1 });
  });

  it('drops its changes and sends no cookie when the record is gone', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    await store.manager.destroy(request.session.id);
    request.session.put('a', 1);
    pass(3_600_000);
    const { cookie, error } = await request.respond();
    expect([cookie, error]).toEqual(['none', null]);
    expect(await store.reads(token)).toEqual({});
  });

  it('repeats a write whose answer was lost, and detects that it had arrived', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    request.session.increment('visits');
    store.failNext('write', 'after');
    await expect(request.session.commit()).rejects.toMatchObject({ statusCode: 503 });
    await request.session.commit();
    expect(store.calls()).toEqual(['read A', 'write A 2', 'write A 2', 'read A']);
    expect(await store.reads(token)).toEqual({ user: 'ann', visits: 1 });
  });

  it('fails together with the one it waits for, without another call to the store', async () => {
    const store = await OneStore.start();
    const { session } = await store.open(await store.seed());
    session.put('a', 1);
    store.failNext('write');
    const failed = await Promise.allSettled([session.commit(), session.commit()]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(store.calls()).toEqual(['read A', 'write A 2']);
    await session.commit();
    expect(store.calls()).toEqual(['write A 2']);
  });

  it('repeats a write that had not arrived', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    request.session.increment('visits');
    store.failNext('write');
    await expect(request.session.commit()).rejects.toMatchObject({ statusCode: 503 });
    expect((await request.respond()).error).toBeNull();
    expect(await store.reads(token)).toEqual({ user: 'ann', visits: 1 });
  });

  it('renews with a touch when only a renewal is due, and with its write otherwise', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    pass(59_999);
    await (await store.open(token)).respond();
    expect(store.calls()).toEqual(['read A']);
    pass(1);
    const { cookie, maxAge } = await (await store.open(token)).respond();
    expect([cookie, maxAge]).toEqual(['set', 7200]);
    expect(store.calls().slice(0, 2)).toEqual(['read A', 'touch A']);
    pass(60_000);
    const writer = await store.open(token);
    writer.session.put('a', 1);
    expect((await writer.respond()).maxAge).toBe(7200);
    expect(store.calls()).toEqual(['read A', 'write A 2']);
  });

  it('writes nothing if a value cannot be stored, and names its key', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    request.session.put('big', 1n);
    const { cookie, error } = await request.respond();
    expect([cookie, String(error)]).toEqual(['none', expect.stringContaining('big')]);
    expect(store.calls()).toEqual(['read A']);
  });

  it('fails again for a change that could not be sealed', async () => {
    const store = await OneStore.start({ driver: 'stealth' });
    const request = await store.open(await store.seed());
    request.session.flash('text', 'x'.repeat(20_000));
    for (const _ of [1, 2]) expect(String((await request.respond()).error)).toContain('are allowed');
  });

  it('seals a new cookie for each change of a cookie-based session, and none for a read', async () => {
    const store = await OneStore.start({ driver: 'stealth' });
    const token = await store.seed();
    expect((await (await store.open(token)).respond()).cookie).toBe('none');
    const request = await store.open(token);
    request.session.put('a', 1);
    expect(await store.reads((await request.respond()).token)).toEqual({ user: 'ann', a: 1 });
    expect(store.calls()).toEqual([]);
  });
});
