import { SessionStoreError } from 'nestjs-session-kit';
import { describe, expect, it } from 'vitest';
import { OneRequest, OneStore } from '../support/one-session.js';

describe('a request that switches to another session while that of its cookie is being loaded', () => {
  /** Two sessions: ann's, of the cookie, and bob's, which the request switches to. */
  async function start() {
    const store = await OneStore.start();
    const ann = await store.seed();
    const bob = await store.seed((session) => session.put('user', 'bob'));
    const { id } = (await store.open(bob)).session;
    store.calls();
    return { store, ann, bob: id };
  }

  /** The session of such a request, once the first one is loaded. */
  async function switched(store: OneStore, tokens: readonly string[], id: string) {
    const { session } = new OneRequest(store.lifecycles, tokens);
    const read = store.hold('read');
    const loading = session.initiate();
    await read.reached;
    session.setId(id);
    read.release();
    await loading;
    return session;
  }

  it('does not count as loaded once the first session has arrived', async () => {
    const { store, ann, bob } = await start();
    const session = await switched(store, [ann], bob);
    expect(session.initiated).toBe(false);
    expect(() => session.get('user')).toThrow('not loaded');
    expect((await session.start()).get('user')).toBe('bob');
  });

  it('tries no further cookie if the first names no session', async () => {
    const { store, ann, bob } = await start();
    const gone = await store.seed((session) => session.put('user', 'eve'));
    await store.manager.destroy((await store.open(gone)).session.id);
    store.calls();
    const session = await switched(store, [gone, ann], bob);
    expect(store.calls()).toHaveLength(1);
    expect((await session.start()).get('user')).toBe('bob');
    expect(store.calls()).toHaveLength(1);
  });

  it('loads the other session once, even if the first fails meanwhile', async () => {
    const { store, ann, bob } = await start();
    const { session } = new OneRequest(store.lifecycles, [ann]);
    const first = store.hold('read');
    const loading = session.initiate();
    await first.reached;
    const second = store.hold('read');
    const starting = session.setId(bob).start();
    await second.reached;
    store.failNext('read', 'after');
    first.release();
    await expect(loading).rejects.toThrow(SessionStoreError);
    const again = session.start();
    second.release();
    await Promise.all([starting, again]);
    expect(session.get('user')).toBe('bob');
    expect(store.calls()).toHaveLength(2);
  });
});
