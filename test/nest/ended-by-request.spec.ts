import { describe, expect, it } from 'vitest';
import {
  type RequestSession,
  type SessionManager,
  type SessionModuleOptions,
  SessionStoreError,
  onSessionEvent,
} from 'nestjs-session-kit';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { HandlerApp, type Visitor } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

const STORES: readonly [name: string, options: Partial<SessionModuleOptions>][] = [
  ['memory', { driver: 'memory' }],
  ['stealth with a ledger', { driver: 'stealth', stealth: { ledger: 'memory' } }],
];

type Ending = (manager: SessionManager, session: RequestSession) => Promise<unknown>;

const ENDINGS: readonly [name: string, end: Ending][] = [
  ['endAll', (manager) => manager.endAll('ann')],
  ['end', (manager, { handle }) => manager.end('ann', handle)],
  ['destroy', (manager, { id }) => manager.destroy(id)],
];

type Run = (manager: SessionManager, session: RequestSession, fn: () => Promise<unknown>) => Promise<unknown>;

const JOBS: readonly [where: string, run: Run][] = [
  ['with values', (manager, _session, fn) => manager.run({}, fn)],
  ['with the session itself', (manager, { id }, fn) => manager.run(id, fn)],
  ['inside another', (manager, { id }, fn) => manager.run(id, () => manager.run({}, fn))],
];

const CASES = PLATFORMS.flatMap((platform) =>
  STORES.flatMap(([store, options]) =>
    ENDINGS.map(([method, end]) => ({ platform, store, options, method, end })),
  ),
);

/** Ann, signed in, in an application that she leaves at the end of the test. */
async function ann(platform: (typeof CASES)[number]['platform'], options: Partial<SessionModuleOptions>) {
  const app = await HandlerApp.start(platform, { options });
  const visitor = app.visitor();
  const { asHeaders } = await visitor.handle((session) => session.signIn('ann').put('cart', ['mug']));
  return {
    app,
    visitor,
    /** What the cookie that she had then still opens. */
    copied: () => app.visitor().in((session) => session.all(), { headers: asHeaders }),
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
    },
  };
}

const seen = (visitor: Visitor) =>
  visitor.in((session) => ({ user: session.userId, flashed: session.flashMessages.get('status') ?? null }));

describe.each(CASES)(
  'a request that ends its own session by SessionManager.$method, with $store on $platform',
  ({ platform, options, end }) => {
    it('can sign out after that, and say so on the next page', async () => {
      await using at = await ann(platform, options);
      await at.visitor.in(async (session) => {
        await end(at.app.manager, session);
        session.signOut().flash('status', 'Signed out everywhere.');
      });
      expect(await seen(at.visitor)).toEqual({ user: null, flashed: 'Signed out everywhere.' });
      expect(await at.copied()).toEqual({});
    });

    it.each<[string, (session: RequestSession) => unknown]>([
      ['signIn', (session) => session.signIn('ann')],
      ['regenerate and put', (session) => session.regenerate().put('userId', 'ann')],
    ])('can sign in after that by %s, with nothing of what has ended', async (_how, signIn) => {
      await using at = await ann(platform, options);
      const handle = await at.visitor.in(async (session) => {
        const before = session.handle;
        await end(at.app.manager, session);
        signIn(session);
        return before;
      });
      expect(await at.visitor.in((session) => session.all())).toEqual({ userId: 'ann' });
      expect(await at.visitor.in((session) => session.handle)).not.toBe(handle);
      expect(await at.copied()).toEqual({});
      expect(await at.app.manager.list('ann')).toHaveLength(1);
    });

    it('expires the cookie by destroy', async () => {
      await using at = await ann(platform, options);
      const { cookies } = await at.visitor.handle(async (session) => {
        await end(at.app.manager, session);
        await session.destroy();
      });
      expect(cookies).toEqual([expect.stringContaining('Max-Age=0')]);
    });

    it.each<[string, (session: RequestSession) => Promise<unknown>]>([
      ['a commit was dropped', (session) => session.put('late', true).commit()],
      ['it was reloaded', (session) => session.reload()],
    ])('expires the cookie by destroy after %s', async (_how, before) => {
      await using at = await ann(platform, options);
      const { cookies } = await at.visitor.handle(async (session) => {
        await end(at.app.manager, session);
        await before(session);
        await session.destroy();
      });
      expect(cookies).toEqual([expect.stringContaining('Max-Age=0')]);
    });

    it('stores and sends nothing of what it writes into what has ended', async () => {
      await using at = await ann(platform, options);
      const { cookies } = await at.visitor.handle(async (session) => {
        await end(at.app.manager, session);
        session.put('late', true);
      });
      expect(cookies).toEqual([]);
      expect(await at.visitor.in((session) => session.all())).toEqual({});
    });
  },
);

describe.each(STORES)(
  'a request that signs out, and then ends all sessions of the user, with %s',
  (_s, options) => {
    it.each<[how: string, act: (session: RequestSession) => unknown]>([
      ['regenerating', (session) => session.regenerate()],
      ['doing nothing', () => undefined],
    ])('says on the next page what it flashed before %s', async (_how, act) => {
      await using at = await ann('express', options);
      await at.visitor.in(async (session) => {
        session.signOut();
        await at.app.manager.endAll('ann', { except: session });
        session.flash('status', 'Signed out everywhere.');
        act(session);
      });
      expect(await seen(at.visitor)).toEqual({ user: null, flashed: 'Signed out everywhere.' });
      expect(await at.copied()).toEqual({});
    });
  },
);

describe.each(STORES)(
  'a request that ends its own session inside SessionManager.run, with %s',
  (_s, options) => {
    it.each(ENDINGS.flatMap(([method, end]) => JOBS.map(([where, run]) => ({ method, end, where, run }))))(
      'can sign out after $method in a run $where',
      async ({ end, run }) => {
        await using at = await ann('express', options);
        await at.visitor.in(async (session) => {
          await run(at.app.manager, session, () => end(at.app.manager, session));
          session.signOut().flash('status', 'Signed out everywhere.');
        });
        expect(await seen(at.visitor)).toEqual({ user: null, flashed: 'Signed out everywhere.' });
        expect(await at.copied()).toEqual({});
      },
    );
  },
);

describe.each(CASES.filter(({ method }) => method === 'destroy'))(
  'a request whose session is destroyed by the function that it gives to SessionManager.run, with $store on $platform',
  ({ platform, options }) => {
    const jobs: readonly [where: string, run: Ending][] = [
      ['alone', (manager, { id }) => manager.run(id, (job) => job.destroy())],
      ['inside another', (manager, { id }) => manager.run(id, () => manager.run(id, (job) => job.destroy()))],
      [
        'in which the request stores it under another id',
        (manager, session) =>
          manager.run(session.id, async (job) => {
            await session.regenerate().commit();
            await job.destroy();
          }),
      ],
      [
        'that then throws',
        (manager, { id }) =>
          expect(
            manager.run(id, async (job) => {
              await job.destroy();
              throw new Error('given up');
            }),
          ).rejects.toThrow('given up'),
      ],
    ];

    it.each(jobs)('can sign out after a job %s, and say so on the next page', async (_where, run) => {
      await using at = await ann(platform, options);
      await at.visitor.in(async (session) => {
        await run(at.app.manager, session);
        session.signOut().flash('status', 'Signed out.');
      });
      expect(await seen(at.visitor)).toEqual({ user: null, flashed: 'Signed out.' });
      expect(await at.copied()).toEqual({});
    });

    it.each(jobs)('expires the cookie by destroy after a job %s', async (_where, run) => {
      await using at = await ann(platform, options);
      const { cookies } = await at.visitor.handle(async (session) => {
        await run(at.app.manager, session);
        await session.destroy();
      });
      expect(cookies).toEqual([expect.stringContaining('Max-Age=0')]);
    });
  },
);

describe.each(PLATFORMS)(
  'a request on %s that signs out, and then ends all sessions of the user',
  (platform) => {
    it.each(STORES)('shows its message on the next page, with %s', async (_store, options) => {
      await using at = await ann(platform, options);
      await at.visitor.in(async (session) => {
        session.signOut().flash('status', 'Signed out everywhere.');
        expect(await at.app.manager.endAll('ann', { except: session })).toBe(1);
      });
      expect(await seen(at.visitor)).toEqual({ user: null, flashed: 'Signed out everywhere.' });
      expect(await at.copied()).toEqual({});
    });

    it('sends no cookie if another request has ended its session meanwhile', async () => {
      await using at = await ann(platform, { driver: 'memory' });
      const { cookies } = await at.visitor.handle(async (session, { req }) => {
        const { cookie } = (req as { headers: { cookie: string } }).headers;
        await at.app.visitor().in((other) => other.signOut(), { headers: { cookie } });
        expect(await at.app.manager.endAll('ann')).toBe(0);
        session.signOut().flash('status', 'Signed out.');
      });
      expect(cookies).toEqual([]);
    });
  },
);

it.each(STORES)(
  'A request can sign out after it has ended its session by an id that it left, with %s',
  async (_store, options) => {
    await using at = await ann('express', options);
    await at.visitor.in(async (session) => {
      const before = session.id;
      await session.regenerate().commit();
      await at.app.manager.destroy(before);
      session.signOut().flash('status', 'Signed out.');
    });
    expect(await seen(at.visitor)).toEqual({ user: null, flashed: 'Signed out.' });
  },
);

it('A request can sign out after endAll has ended its session, and failed at another', async () => {
  let refused: string | null = null;
  class Failing extends MemoryDriver {
    override destroyVersion(id: string, version: number): Promise<boolean> {
      return id === refused ? Promise.reject(new Error('down')) : super.destroyVersion(id, version);
    }
    override destroy(id: string): Promise<void> {
      return id === refused ? Promise.reject(new Error('down')) : super.destroy(id);
    }
  }
  const drivers = { failing: { useFactory: () => new Failing() } };
  await using at = await ann('express', { driver: 'failing', drivers });
  refused = await at.app.visitor().in(async (session) => (await session.signIn('ann').commit()).id);
  await at.visitor.in(async (session) => {
    await expect(at.app.manager.endAll('ann')).rejects.toThrow(SessionStoreError);
    session.signOut().flash('status', 'Signed out here.');
  });
  expect(await seen(at.visitor)).toEqual({ user: null, flashed: 'Signed out here.' });
});

it('A request keeps its session if a job in it could not destroy that', async () => {
  let isDown = false;
  class Failing extends MemoryDriver {
    override destroyVersion(id: string, version: number): Promise<boolean> {
      return isDown ? Promise.reject(new Error('down')) : super.destroyVersion(id, version);
    }
    override read(id: string): ReturnType<MemoryDriver['read']> {
      return isDown ? Promise.reject(new Error('down')) : super.read(id);
    }
  }
  const drivers = { failing: { useFactory: () => new Failing() } };
  await using at = await ann('express', { driver: 'failing', drivers });
  await at.visitor.in(async (session) => {
    const destroying = at.app.manager.run(session.id, async (job) => {
      isDown = true;
      await job.destroy();
    });
    await expect(destroying).rejects.toThrow(SessionStoreError);
    isDown = false;
    session.regenerate().push('cart', 'cup');
  });
  expect(await at.visitor.in((session) => session.all())).toEqual({ userId: 'ann', cart: ['mug', 'cup'] });
});

it.each<[string, string, Ending]>([
  [
    'endAll after signOut',
    'manager',
    (manager, session) => {
      session.signOut();
      return manager.endAll('ann', { except: session });
    },
  ],
  [
    'destroy in a job before signOut',
    'destroyed',
    async (manager, session) => {
      await manager.run(session.id, (job) => job.destroy());
      session.signOut();
    },
  ],
  [
    'destroy during a commit',
    'manager',
    (manager, session) => Promise.all([session.put('late', true).commit(), manager.destroy(session.id)]),
  ],
])('A session that the request ends by %s is heard to end once', async (_how, reason, end) => {
  await using at = await ann('express', { driver: 'memory' });
  const reasons: string[] = [];
  const stop = onSessionEvent('ended', (event) => void reasons.push(event.reason));
  try {
    await at.visitor.in((session) => end(at.app.manager, session));
  } finally {
    stop();
  }
  expect(reasons).toEqual([reason]);
});

describe.each(STORES)(
  'a request that ends its session by an id under which it is not stored yet, with %s',
  (_store, options) => {
    const ways: readonly [string, (session: RequestSession) => unknown][] = [
      ['regenerate', (session) => session.regenerate()],
      ['signIn', (session) => session.signIn('ann')],
      ['invalidate', (session) => session.invalidate().put('blank', true)],
    ];

    const visitors: readonly [string, (visitor: Visitor) => unknown][] = [
      ['nobody has begun', () => undefined],
      ['nobody is signed in to', (visitor) => visitor.in((session) => session.put('cart', ['mug']))],
      ['Ann is signed in to', (visitor) => visitor.in((session) => session.signIn('ann').put('cart', 1))],
    ];

    it.each(ways.flatMap((way) => visitors.map((visitor) => [...way, ...visitor] as const)))(
      'leaves nothing after %s of one that %s',
      async (_way, deed, _whose, begin) => {
        await using app = await HandlerApp.start('express', { options });
        const visitor = app.visitor();
        await begin(visitor);
        const {
          value: ids,
          asHeaders,
          cookies,
        } = await visitor.handle(async (session) => {
          const before = session.id;
          deed(session);
          await app.manager.destroy(session.id);
          return [before, session.id];
        });
        expect(cookies.filter((cookie) => !cookie.includes('Max-Age=0'))).toEqual([]);
        expect(await visitor.in((session) => session.all())).toEqual({});
        expect(await app.visitor().in((session) => session.all(), { headers: asHeaders })).toEqual({});
        for (const id of ids) expect(await app.manager.read(id)).toBeNull();
        expect(await app.manager.list('ann')).toEqual([]);
      },
    );

    it('does nothing before a generated id is loaded', async () => {
      await using at = await ann('express', options);
      await at.visitor.in(async (session) => {
        const id = await session.generateId();
        session.setId(id);
        await at.app.manager.destroy(id);
        await session.start();
      });
      expect(await at.copied()).toEqual({ userId: 'ann', cart: ['mug'] });
    });

    it('can begin another one', async () => {
      await using at = await ann('express', options);
      await at.visitor.in(async (session) => {
        await at.app.manager.destroy(session.regenerate().id);
        session.signOut().flash('status', 'Signed out.');
      });
      expect(await seen(at.visitor)).toEqual({ user: null, flashed: 'Signed out.' });
      expect(await at.copied()).toEqual({});
    });
  },
);

describe.each(STORES)(
  'a request whose session moves from id to id twice within half a minute, with %s',
  (_store, options) => {
    const AGES = [0, 1, 2] as const;
    const ways: readonly [string, (manager: SessionManager, id: string) => Promise<unknown>][] = [
      ['SessionManager.destroy', (manager, id) => manager.destroy(id)],
      ['destroy in a job', (manager, id) => manager.run(id, (job) => job.destroy())],
      [
        'destroy in a job inside another',
        (manager, id) => manager.run(id, () => manager.run(id, (job) => job.destroy())),
      ],
    ];

    it.each(
      AGES.flatMap((loaded) =>
        AGES.flatMap((given) => ways.map(([way, end]) => ({ loaded, given, way, end }))),
      ),
    )(
      'can sign out where it was loaded by id $loaded, and has ended it by $way of id $given',
      async ({ loaded, given, end }) => {
        await using at = await ann('express', options);
        const ids: string[] = [await at.visitor.in((session) => session.id)];
        for (let moves = 0; moves < loaded; moves += 1)
          ids.push(await at.visitor.in((session) => session.regenerate().id));
        await at.visitor.in(async (session, { req }) => {
          let { headers } = req as { headers: { cookie: string } };
          while (ids.length < AGES.length) {
            const { value, asHeaders } = await at.app
              .visitor()
              .handle((other) => other.regenerate().id, { headers: { cookie: headers.cookie } });
            ids.push(value);
            headers = asHeaders;
          }
          await end(at.app.manager, ids[given] ?? '');
          session.signOut().flash('status', 'Signed out.');
        });
        expect(await seen(at.visitor)).toEqual({ user: null, flashed: 'Signed out.' });
        expect(await at.app.manager.list('ann')).toEqual([]);
      },
    );
  },
);
