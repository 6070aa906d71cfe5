import { describe, expect, it } from 'vitest';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { REDIRECT_MS } from '../../lib/lifecycle/lifetimes.js';
import { VISITOR } from '../../lib/lifecycle/caller.js';
import { SessionLifecycle } from '../../lib/lifecycle/session-lifecycle.js';
import type { SessionRuntime } from '../../lib/lifecycle/session-runtime.js';
import { SessionStoreError, SessionTooLargeError } from '../../lib/session.errors.js';
import type { RequestSession } from '../../lib/session/request-session.js';
import { LedgerWorld } from '../parallel/support/ledger-world.js';
import { type Answer, type ApplicationProcess, LIFETIMES } from '../parallel/support/world.js';
import type { DriverCall } from '../parallel/support/watched-driver.js';

const MINUTE_MS = 60_000;

function setUp(
  runtime: Partial<SessionRuntime> = {},
  kind: (driver: MemoryDriver) => RecordDriver = (driver) => driver,
) {
  const world = new LedgerWorld((clock) => kind(new MemoryDriver({}, clock)), {
    userKey: 'userId',
    ...runtime,
  });
  const [here, there] = [world.process(), world.process()];
  /** Performs one request and returns its response. */
  const does = async (
    process: ApplicationProcess,
    token: string | null,
    deed: (session: RequestSession) => unknown,
  ): Promise<Answer> => {
    const request = await process.request(token);
    await deed(request.session);
    return request.respond();
  };
  /** Loses the answer to the next call of a driver method. */
  const loseAnswer = (method: DriverCall['method']): void => {
    world.driver.after = (call) => {
      if (call.method !== method) return;
      world.driver.after = () => undefined;
      throw new Error('The connection was reset.');
    };
  };
  /** Opens a session in a new process, which knows only what the ledger says. */
  const open = async (token: string | null): Promise<RequestSession> =>
    (await world.process().request(token)).session;
  return { world, here, there, does, loseAnswer, open };
}

/** @throws if the response sets no cookie */
function tokenOf({ cookie, error }: Answer): string {
  if (cookie.kind !== 'set') throw new Error(`No cookie was set (${cookie.kind}): ${String(error)}`);
  return cookie.token;
}

const fill = (session: RequestSession): unknown => session.put('cart', 1);

describe('a cookie-based session with a ledger', () => {
  it('moves to its new id once if the answer of the ledger is lost', async () => {
    const { here, does, loseAnswer, open } = setUp();
    const token = tokenOf(await does(here, null, fill));
    const request = await here.request(token);
    request.session.regenerate();
    loseAnswer('write');
    await expect(request.session.commit()).rejects.toThrow(SessionStoreError);
    const next = tokenOf(await request.respond());
    expect((await open(next)).get('cart')).toBe(1);
    expect((await open(token)).stored).toBe(false);
  });

  it('is signed in once if the answer of the ledger is lost', async () => {
    const { here, does, loseAnswer, open, world } = setUp();
    for (const lost of [1, 2]) {
      const token = tokenOf(await does(here, null, fill));
      const request = await here.request(token);
      request.session.signIn('ann');
      let writes = 0;
      world.driver.before = ({ method }) => {
        if (method === 'write' && (writes += 1) === lost) loseAnswer('write');
      };
      await expect(request.session.commit()).rejects.toThrow(SessionStoreError);
      world.driver.before = () => undefined;
      const next = tokenOf(await request.respond());
      expect((await open(next)).userId).toBe('ann');
      expect((await open(token)).stored).toBe(false);
      expect(await here.backend.users?.endAll('ann', null)).toBe(1);
    }
  });

  it('stays as it is if it turns out too large to move to its new id', async () => {
    const { here, does, open } = setUp();
    const token = tokenOf(await does(here, null, fill));
    const { error } = await does(here, token, (session) =>
      session.put('text', 'x'.repeat(5_000)).regenerate(),
    );
    expect(error).toBeInstanceOf(SessionTooLargeError);
    expect((await open(token)).get('cart')).toBe(1);
  });

  it('is not limited to the size of a cookie once a user is signed in', async () => {
    const { here, does, open } = setUp();
    const text = 'x'.repeat(50_000);
    const token = tokenOf(await does(here, null, (session) => session.put('text', text).signIn('ann')));
    expect((await open(token)).get('text')).toBe(text);
  });

  it('is not revived by a slow request, and can be ended by one wherever it has moved to', async () => {
    const { here, there, does, open } = setUp();
    const token = tokenOf(await does(here, null, fill));
    const [writes, ends] = [await there.request(token), await there.request(token)];
    const next = tokenOf(await does(here, token, (session) => session.regenerate()));
    writes.session.put('cart', 2);
    expect((await writes.respond()).cookie.kind).toBe('none');
    ends.session.signOut();
    await ends.respond();
    expect((await open(next)).stored).toBe(false);
  });

  it('can be ended, but no longer written, by a request that arrives late', async () => {
    const { here, there, does, open } = setUp();
    const token = tokenOf(await does(here, null, fill));
    const next = tokenOf(await does(here, token, (session) => session.regenerate()));
    expect((await does(there, token, fill)).cookie.kind).toBe('none');
    expect((await open(next)).stored).toBe(true);
    await does(there, token, (session) => session.destroy());
    expect((await open(next)).stored).toBe(false);
  });

  it('can still be ended by a request whose write came too late', async () => {
    const { here, there, does, open } = setUp();
    const token = tokenOf(await does(here, null, fill));
    const late = await there.request(token);
    const next = tokenOf(await does(here, token, (session) => session.regenerate()));
    late.session.put('cart', 2);
    await late.session.commit();
    await late.session.destroy();
    expect((await open(next)).stored).toBe(false);
  });

  it('is signed in by a request during which its cookie expires', async () => {
    const { world, here, does, open } = setUp();
    const request = await here.request(tokenOf(await does(here, null, fill)));
    world.clock.advance(LIFETIMES.age);
    request.session.signIn('ann');
    expect((await open(tokenOf(await request.respond()))).all()).toEqual({ cart: 1, userId: 'ann' });
  });

  it('can be ended in a full ledger by a request that arrived before it moved', async () => {
    const { world, here, there, does, open } = setUp();
    const token = tokenOf(await does(here, null, (session) => session.signIn('ann')));
    const late = await there.request(token);
    const next = tokenOf(await does(here, token, (session) => session.regenerate()));
    world.driver.before = ({ method }) => {
      if (method === 'write') throw Object.assign(new Error('No space is left.'), { code: 'ENOSPC' });
    };
    await late.session.destroy();
    world.driver.before = () => undefined;
    for (const each of [token, next]) expect((await open(each)).stored).toBe(false);
  });

  it('is not renewed after it has ended', async () => {
    const { world, here, there, does } = setUp();
    const token = tokenOf(await does(here, null, fill));
    world.clock.advance(2 * MINUTE_MS);
    const [late, steady] = [await there.request(token), await here.request(token)];
    expect((await steady.respond()).cookie.kind).toBe('set');
    await does(here, token, (session) => session.destroy());
    expect((await late.respond()).cookie.kind).toBe('none');
    await late.session.touch();
  });

  it('is empty on reload if it has ended elsewhere, and otherwise as in the cookie', async () => {
    const { here, there, does } = setUp();
    const token = tokenOf(await does(here, null, fill));
    const { session } = await there.request(token);
    session.put('cart', 2);
    await session.reload();
    expect(session.get('cart')).toBe(1);
    await does(here, token, (other) => other.destroy());
    await session.reload();
    expect(session.stored).toBe(false);
  });

  it('can be ended by a request that reloads it after it was signed in elsewhere, or while it reloads', async () => {
    const { world, here, there, does } = setUp();
    for (const isAwaited of [true, false])
      for (const end of ['destroy', 'signOut'] as const) {
        const token = tokenOf(await does(here, null, fill));
        const late = await there.request(token);
        await does(here, token, (session) => session.signIn('ann'));
        const reloading = late.session.reload();
        if (isAwaited) await reloading;
        void late.session[end]();
        expect((await late.respond()).error).toBeNull();
        await reloading;
        expect(await world.living(), `${end}, awaited: ${String(isAwaited)}`).toEqual([]);
      }
  });

  it('redirects concurrent requests to the signed-in session for half a minute, then nowhere', async () => {
    const { world, here, there, does, open } = setUp();
    const token = tokenOf(await does(here, null, fill));
    const requests = [await there.request(token), await there.request(token)];
    const next = tokenOf(await does(here, token, (session) => session.signIn('ann')));
    for (const [index, { session }] of requests.entries()) {
      session.put(`late${index}`, true);
      await session.commit();
      world.clock.advance(REDIRECT_MS);
    }
    expect((await open(next)).all()).toEqual({ cart: 1, userId: 'ann', late0: true });
  });

  it('stays ended when it is ended twice', async () => {
    const { here, there, does, open } = setUp();
    const token = tokenOf(await does(here, null, fill));
    const requests = [await there.request(token), await here.request(token)];
    for (const { session } of requests) await session.destroy();
    expect((await open(token)).stored).toBe(false);
  });

  it('is not renewed when no cookie can be sent', async () => {
    const { world, here, there, does } = setUp();
    const token = tokenOf(await does(here, null, fill));
    world.clock.advance(2 * MINUTE_MS);
    for (const [consumesFlash, due] of [[true, true] as const, ['hidden', false] as const]) {
      const life = new SessionLifecycle(there.sessions, { ...VISITOR, consumesFlash });
      await life.loads.byToken(token);
      expect([life.session.base !== null, life.due]).toEqual([true, due]);
    }
  });

  it('is served, but not renewed, while the ledger fails, if the application tolerates that', async () => {
    const { world, here, does } = setUp({ degrade: true });
    const token = tokenOf(await does(here, null, fill));
    world.clock.advance(60 * MINUTE_MS);
    const [reads, writes] = [await here.request(token), await here.request(token)];
    writes.session.put('late', 1);
    world.driver.before = () => {
      throw new Error('The connection was reset.');
    };
    expect(await reads.respond()).toMatchObject({ status: 200, cookie: { kind: 'none' } });
    expect(await writes.respond()).toMatchObject({ status: 503, cookie: { kind: 'none' } });
  });

  it.each<[string, (session: RequestSession) => unknown, object]>([
    ['invalidated', (session) => session.invalidate().put('new', true), { new: true }],
    ['regenerated', (session) => session.regenerate(), { cart: 1, late: true }],
    ['signed in', (session) => session.signIn('ann'), { cart: 1, late: true, userId: 'ann' }],
    ['given a user', (session) => session.put('userId', 'ann'), { cart: 1, late: true, userId: 'ann' }],
  ])('leaves no live cookie behind if it is %s while its write waits, or before a touch', async (...row) => {
    const [, deed, kept] = row;
    const { world, here, does, open } = setUp();
    for (const isTouched of [false, true]) {
      const token = tokenOf(await does(here, null, fill));
      const request = await here.request(token);
      if (!isTouched)
        world.driver.before = () => {
          world.driver.before = () => undefined;
          deed(request.session);
        };
      request.session.put('late', true);
      if (isTouched) {
        deed(request.session);
        await request.session.touch();
      }
      const next = tokenOf(await request.respond());
      expect((await open(token)).all()).toEqual({});
      expect((await open(next)).all()).toEqual(kept);
    }
  });

  it('is located under its id, and under the id it has moved to', async () => {
    const { here, there, does } = setUp();
    const token = tokenOf(await does(here, null, fill));
    const { id, expiresAt } = (await there.request(token)).session;
    const locate = there.sessions.locate(() => true);
    expect(await locate?.(id, expiresAt)).toEqual({ id, expiresAt });
    const { cookieId } = await does(here, token, (session) => session.signIn('ann'));
    expect(await locate?.(id, expiresAt)).toMatchObject({ id: cookieId });
    await does(here, token, (session) => session.destroy());
    expect(await locate?.(id, expiresAt)).toBeNull();
  });

  it('is not located once it has expired or ended', async () => {
    const { world, here, there, does } = setUp();
    const token = tokenOf(await does(here, null, fill));
    const { id, expiresAt } = (await there.request(token)).session;
    const locate = there.sessions.locate(() => true);
    await does(here, token, (session) => session.destroy());
    expect(await locate?.(id, expiresAt)).toBeNull();
    expect(await locate?.('another', world.clock.now())).toBeNull();
  });
});

describe('a signed-in session with a ledger that another process ends once more', () => {
  type Ending = (scene: ReturnType<typeof setUp> & { token: string; id: string }) => Promise<unknown>;

  const endings: [string, Ending][] = [
    ['signed out', ({ here, does, token }) => does(here, token, (session) => session.signOut())],
    ['destroyed', ({ here, does, token }) => does(here, token, (session) => session.destroy())],
    ['ended by its id', ({ here, id }) => here.backend.end(id)],
    ['ended from the list', ({ here }) => here.backend.users?.endAll('ann', null) ?? Promise.reject()],
    [
      'moved, and ended by its former id',
      async ({ here, does, token, id }) => {
        await does(here, token, (session) => session.regenerate());
        await here.backend.end(id);
      },
    ],
    [
      'moved, and ended a minute later',
      async ({ world, here, does, token }) => {
        const next = tokenOf(await does(here, token, (session) => session.regenerate()));
        world.clock.advance(MINUTE_MS);
        await does(here, next, (session) => session.destroy());
      },
    ],
    ['expired', async ({ world }) => world.clock.advance(LIFETIMES.age)],
    [
      'renewed, and expired',
      async ({ world, here, does, token }) => {
        world.clock.advance(2 * MINUTE_MS);
        await does(here, token, (session) => session.touch());
        world.clock.advance(LIFETIMES.age);
      },
    ],
  ];

  const drivers: [string, (driver: MemoryDriver) => RecordDriver][] = [
    ['removes versions', (driver) => driver],
    [
      'cannot remove a version',
      (driver) => ({
        read: (id) => driver.read(id),
        write: (id, record) => driver.write(id, record),
        touch: (id, expiresAt) => driver.touch(id, expiresAt),
        destroy: (id) => driver.destroy(id),
        listByUser: (userId, cursor) => driver.listByUser(userId, cursor),
      }),
    ],
  ];

  const late: [string, (session: RequestSession) => unknown][] = [
    ['a write', (session) => session.put('late', true)],
    ['a new id', (session) => session.regenerate().put('late', true)],
    ['a touch', (session) => session.touch()],
  ];

  const cases = drivers.flatMap((driver) =>
    endings.flatMap((ending) => late.map((deed) => [...ending, ...driver, ...deed] as const)),
  );

  it.each(cases)('stays ended: $0, in a store that $2, before $4', async (...[, end, , kind, , deed]) => {
    const scene = setUp({}, kind);
    const { world, here, there, does, open } = scene;
    const token = tokenOf(await does(here, null, (session) => session.put('userId', 'ann')));
    const request = await there.request(token);
    const { id } = request.session;
    await end({ ...scene, token, id });
    await world.process().backend.end(id);
    await deed(request.session);
    const { cookie } = await request.respond();
    expect(cookie.kind).toBe('none');
    expect((await open(token)).all()).toEqual({});
    expect(await here.backend.users?.list('ann')).toEqual([]);
  });
});
