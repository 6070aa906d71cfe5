import { describe, expect, it } from 'vitest';
import { movedPayload } from '../../lib/state/payload.js';
import type { RequestSession } from '../../lib/session/request-session.js';
import { OneRequest, OneStore, stoppedTime } from '../support/one-session.js';

const pass = stoppedTime();

describe('loading a session', () => {
  it('takes one read, and none without a valid token', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    expect((await store.open(token)).session.get('user')).toBe('ann');
    expect(store.calls()).toEqual(['read A']);
    expect((await store.open(`${token}x`)).session.stored).toBe(false);
    expect((await store.open()).session.stored).toBe(false);
    expect(store.calls()).toEqual([]);
  });

  it.each(['watched', 'stealth'])(
    'finds nothing from the exact end of its lifetime on (%s)',
    async (driver) => {
      const store = await OneStore.start({ driver, age: '1h' });
      const token = await store.seed();
      pass(3_600_000 - 1);
      expect(await store.reads(token)).toEqual({ user: 'ann' });
      pass(1);
      expect(await store.reads(token)).toEqual({});
    },
  );

  it.each(['watched', 'stealth'])(
    'finds nothing beyond the absolute age, even if renewed (%s)',
    async (driver) => {
      const store = await OneStore.start({ driver, age: '1h', absoluteAge: '90m' });
      const token = await store.seed();
      pass(45 * 60_000);
      const renewed = (await (await store.open(token)).respond()).token;
      pass(45 * 60_000 - 1);
      expect(await store.reads(renewed)).toEqual({ user: 'ann' });
      pass(1);
      expect(await store.reads(renewed)).toEqual({});
    },
  );

  it('fails when the store fails, and succeeds when tried again', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    store.failNext('read');
    await expect(store.open(token)).rejects.toMatchObject({ statusCode: 503 });
    expect(await store.reads(token)).toEqual({ user: 'ann' });
  });
});

describe('a store failure while a session is loaded, with degrade,', () => {
  it('makes the session empty and read-only, and leaves the cookie alone', async () => {
    const store = await OneStore.start({ whenStoreFails: 'degrade' });
    const token = await store.seed();
    store.failNext('read');
    const request = await store.open(token);
    expect([request.session.all(), request.session.readonly]).toEqual([{}, true]);
    expect(() => request.session.put('a', 1)).toThrow(expect.objectContaining({ statusCode: 503 }));
    expect((await request.respond()).cookie).toBe('none');
    expect(await store.reads(token)).toEqual({ user: 'ann' });
  });

  it('does not hide an error of the application', async () => {
    let answers = (text: string): unknown => JSON.parse(text);
    const serializer = { stringify: JSON.stringify, parse: (text: string) => answers(text) };
    const store = await OneStore.start({ whenStoreFails: 'degrade', serializer });
    const token = await store.seed();
    answers = (text) => Promise.resolve(JSON.parse(text));
    await expect(store.open(token)).rejects.toMatchObject({ name: 'SessionValueError' });
  });
});

describe('a session whose redirects form a loop', () => {
  it.each<[string, (store: OneStore, session: RequestSession) => Promise<unknown>]>([
    ['is loaded once more', (_store, session) => session.reload()],
    ['is ended', (store, { id }) => store.manager.destroy(id)],
    ['is listed', (store) => store.manager.list('ann')],
    ['is worked with in a job', (store, { id }) => store.manager.run(id, () => undefined)],
  ])('fails with a SessionStoreError when it %s, and the log says why', async (_what, use) => {
    const store = await OneStore.start({ userKey: 'user' });
    const { session } = await store.open(await store.seed());
    const record = await store.driver.inner.read(session.id);
    if (record === null) throw new Error('it is stored');
    const payload = movedPayload(session.id, JSON);
    await store.driver.inner.write(session.id, { ...record, payload, version: record.version + 1 });
    await expect(use(store, session)).rejects.toMatchObject({ name: 'SessionStoreError', statusCode: 503 });
    expect(store.said).toEqual([
      expect.stringMatching(/^A session could not be found: 200 times in a row it had moved on/),
    ]);
  });
});

describe('a read-only session', () => {
  it('refuses writes, commits nothing and renews nothing', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    pass(3_600_000);
    const { session, ...request } = await store.open(token);
    await session.initiate(true);
    expect(() => session.put('a', 1)).toThrow(expect.objectContaining({ statusCode: 500 }));
    await session.commit();
    expect([request.tokens, store.calls()]).toEqual([[token], ['read A']]);
  });
});

describe('touch', () => {
  it('moves the expiry immediately, without a write, and renews the cookie', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    pass(1_000);
    const request = await store.open(token);
    await request.session.touch();
    expect(await request.respond()).toMatchObject({ cookie: 'set', maxAge: 7200 });
    expect(store.calls()).toEqual(['read A', 'touch A', 'read A']);
  });

  it('extends the session it was called on, also if the request switches to another one before its turn comes', async () => {
    const store = await OneStore.start();
    const [token, target] = [await store.seed(), await store.seed()];
    const { id } = (await store.open(target)).session;
    const { session } = await store.open(token);
    session.put('a', 1);
    const write = store.hold('write');
    const saving = session.save();
    await write.reached;
    const touching = session.touch();
    session.setId(id);
    write.release();
    await Promise.all([saving, touching]);
    expect(store.calls().filter((call) => call.startsWith('touch'))).toEqual(['touch A']);
  });

  it('does nothing after the session was abandoned', async () => {
    const store = await OneStore.start();
    const { hosted, session } = await store.open(await store.seed());
    hosted.abandon();
    await session.touch();
    expect(store.calls()).toEqual(['read A']);
  });

  it('does nothing for a session that is not stored', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    await request.session.touch();
    expect([(await request.respond()).cookie, store.calls()]).toEqual(['none', []]);
  });
});

describe('reload', () => {
  it('discards what is not stored, and reads what others stored', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const [one, other] = [await store.open(token), await store.open(token)];
    other.session.put('other', 1);
    await other.respond();
    one.session.put('one', 1);
    await one.session.reload();
    expect(one.session.all()).toEqual({ user: 'ann', other: 1 });
    store.calls();
    await one.respond();
    expect(store.calls()).toEqual([]);
  });

  it('reads a write whose answer was lost, and later changes are stored on top', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const { session, ...request } = await store.open(token);
    store.failNext('write', 'after');
    session.increment('count');
    await expect(session.save()).rejects.toMatchObject({ statusCode: 503 });
    await session.reload();
    session.increment('count');
    await session.commit();
    expect(await store.reads(request.tokens[0] ?? '')).toEqual({ user: 'ann', count: 2 });
  });

  it('does not revive a session that has ended', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const request = await store.open(token);
    await store.manager.destroy(request.session.id);
    (await request.session.reload()).put('late', 1);
    expect((await request.respond()).cookie).toBe('none');
    expect(await store.reads(token)).toEqual({});
  });
});

describe('switching to another session', () => {
  it('by setId loads the other session, and its cookie is sent', async () => {
    const store = await OneStore.start();
    const [token, target] = [await store.seed(), await store.seed((session) => session.put('user', 'bob'))];
    const { id } = (await store.open(target)).session;
    const request = await store.open(token);
    request.session.put('lost', 1).setId(id);
    expect(() => request.session.get('user')).toThrow('not loaded');
    await request.session.start();
    expect(request.session.get('user')).toBe('bob');
    expect((await request.respond()).token).toBe(target);
    expect(await store.reads(token)).toEqual({ user: 'ann' });
  });

  it('by setId loads the other session even while the first is still being loaded', async () => {
    const store = await OneStore.start();
    const [token, target] = [await store.seed(), await store.seed((session) => session.put('user', 'bob'))];
    const { id } = (await store.open(target)).session;
    const { session } = new OneRequest(store.lifecycles, [token]);
    const read = store.hold('read');
    const loading = session.initiate();
    await read.reached;
    const starting = session.setId(id).start();
    read.release();
    await Promise.all([loading, starting]);
    expect([session.get('user'), session.id]).toEqual(['bob', id]);
  });

  it('adopts an id without a record only if generateId made it', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    const id = await request.session.generateId();
    await request.session.setId(id).start();
    expect(request.session.id).toBe(id);
    await request.session.setId('chosen-by-a-visitor').start();
    expect(request.session.id).not.toBe('chosen-by-a-visitor');
  });

  it('by setSignedId changes nothing if the signature is invalid', async () => {
    const store = await OneStore.start();
    const token = await store.seed();
    const { session } = await store.open(token);
    expect(session.setSignedId(`${token}x`)).toBe(false);
    expect(session.get('user')).toBe('ann');
    expect(session.setSignedId(token)).toBe(session);
  });
});
