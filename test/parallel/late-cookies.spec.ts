import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { type Handler, HandlerApp } from '../support/handler-app.js';
import { PlaceJar } from '../support/place-jar.js';
import { PLATFORMS } from '../support/test-app.js';
import { Deferred } from './support/deferred.js';

const MINUTE = 60_000;

const DRIVERS: readonly [string, Partial<SessionModuleOptions>][] = [
  ['memory', { driver: 'memory' }],
  ['stealth', { driver: 'stealth' }],
  ['stealth with a ledger', { driver: 'stealth', stealth: { ledger: 'memory' } }],
  ['stealth with a ledger', { driver: 'stealth', stealth: { ledger: 'memory', ledgerEvery: '10s' } }],
];

/** After each of them, a cookie is due for the session that the request came with. */
const RENEWALS: readonly [string, Handler<unknown>][] = [
  ['a commit of a visit', (session) => session.commit()],
  ['a touch', (session) => session.touch()],
  ['a write', (session) => session.put('late', true).commit()],
];

/** Everything that gives the visitor another cookie; the new session has the value `new`. */
const MOVES: readonly [string, Handler<unknown>][] = [
  ['regenerate', (session) => session.put('new', true).regenerate()],
  ['signIn', (session) => session.put('new', true).signIn('bob')],
  ['signOut', (session) => session.signOut().put('new', true)],
  ['destroy and a new session', (session) => session.destroy().then(() => session.put('new', true))],
];

afterEach(() => vi.useRealTimers());

describe.each(PLATFORMS)(
  'the cookie of a request that renewed its session and responds late, on %s',
  (platform) => {
    const ways = DRIVERS.flatMap((driver) => RENEWALS.map((renewal) => [...driver, ...renewal] as const));

    it.each(ways)('does not replace a newer cookie, on %s %j, after %s', async (_, options, _how, renew) => {
      vi.useFakeTimers({ toFake: ['Date'] });
      await using app = await HandlerApp.start(platform, { options });
      for (const user of [null, 'ann'])
        for (const [, move] of MOVES) {
          const begun = await app.visitor().handle((session) => {
            session.put('cart', 1);
            if (user !== null) session.signIn(user);
          });
          vi.setSystemTime(Date.now() + 2 * MINUTE);
          const [isRenewed, hasMoved] = [new Deferred(), new Deferred()];
          const slow = app.visitor().handle(
            async (session) => {
              await renew(session, undefined as never);
              isRenewed.resolve();
              await hasMoved.promise;
            },
            { headers: begun.asHeaders },
          );
          await isRenewed.promise;
          const { asHeaders: newer } = await app.visitor().handle(move, { headers: begun.asHeaders });
          hasMoved.resolve();
          expect((await slow).cookies).toEqual([]);
          const { value } = await app.visitor().handle((session) => session.get('new'), { headers: newer });
          expect(value).toBe(true);
        }
    });

    it.each(DRIVERS.filter(([name]) => name !== 'stealth'))(
      'is not sent if the session was ended by somebody else meanwhile, on %s %j',
      async (_name, options) => {
        vi.useFakeTimers({ toFake: ['Date'] });
        const sessionsPerUser = { max: 1, when: 'end-oldest' } as const;
        await using app = await HandlerApp.start(platform, { options: { ...options, sessionsPerUser } });
        const { manager } = app;
        const endings: ((id: string, handle: string) => unknown)[] = [
          (id) => manager.destroy(id),
          (_id, handle) => manager.end('ann', handle),
          () => manager.endAll('ann'),
          () => app.visitor().in((session) => session.signIn('ann')),
        ];
        for (const end of endings) {
          const begun = await app.visitor().handle((session) => session.signIn('ann').commit());
          vi.setSystemTime(Date.now() + 2 * MINUTE);
          const { cookies } = await app.visitor().handle(
            async (session) => {
              await session.touch();
              await end(session.id, session.handle);
            },
            { headers: begun.asHeaders },
          );
          expect(cookies).toEqual([]);
        }
      },
    );

    it.each(DRIVERS)(
      'is not sent if the session has expired before the response, on %s %j',
      async (_name, options) => {
        vi.useFakeTimers({ toFake: ['Date'] });
        await using app = await HandlerApp.start(platform, { options: { ...options, age: '1m' } });
        for (const user of [null, 'ann']) {
          const begun = await app.visitor().handle((session) => {
            session.put('cart', 1);
            if (user !== null) session.signIn(user);
          });
          const { cookies } = await app.visitor().handle(
            async (session) => {
              await session.touch();
              vi.setSystemTime(Date.now() + MINUTE);
              await app.manager.collectGarbage();
            },
            { headers: begun.asHeaders },
          );
          expect(cookies).toEqual([]);
        }
      },
    );

    it('is sent if another application in the same process has ended a session with the same id', async () => {
      const driver = 'memory';
      await using one = await HandlerApp.start(platform, { options: { driver } });
      await using other = await HandlerApp.start(platform, { options: { driver } });
      vi.useFakeTimers({ toFake: ['Date'] });
      const begun = await one.visitor().handle((session) => session.put('cart', 1));
      vi.setSystemTime(Date.now() + 2 * MINUTE);
      const { cookies } = await one.visitor().handle(
        async (session) => {
          await session.touch();
          await other.manager.destroy(session.id);
        },
        { headers: begun.asHeaders },
      );
      expect(cookies).toHaveLength(1);
    });

    it.each(DRIVERS)('is sent if the session still exists, on %s', async (_name, options) => {
      vi.useFakeTimers({ toFake: ['Date'] });
      await using app = await HandlerApp.start(platform, { options });
      const visitor = app.visitor();
      await visitor.in((session) => session.put('cart', 1).signIn('ann'));
      vi.setSystemTime(Date.now() + 2 * MINUTE);
      const { cookies } = await visitor.handle((session) => session.touch());
      expect(cookies.join()).toContain('Max-Age=7200');
    });

    it.each(DRIVERS)(
      'is sent for an ended id under which the application begins a new session, on %s %j',
      async (_name, options) => {
        await using app = await HandlerApp.start(platform, { options });
        const endings: Handler<unknown>[] = [
          (session) => session.destroy(),
          (session) => session.signOut().commit(),
          // Ended by other means than this request's session.
          (session) => (options.driver === 'memory' ? app.manager.destroy(session.id) : session.destroy()),
        ];
        for (const end of endings)
          for (const user of [null, 'ann']) {
            const visitor = app.visitor();
            const { cookies } = await visitor.handle(async (session, context) => {
              const id = await session.generateId();
              const begin = async (cart: number): Promise<unknown> => {
                await session.setId(id).start();
                if (user !== null) session.put('userId', user);
                return session.put('cart', cart);
              };
              await begin(1);
              await session.commit();
              await end(session, context);
              await begin(2);
            });
            expect(cookies).toHaveLength(1);
            expect(await visitor.in((session) => session.get('cart'))).toBe(2);
            // The next request does not consider it ended either.
            const { cookies: renewed } = await visitor.handle((session) => session.touch());
            expect(renewed).toHaveLength(1);
            await visitor.in((session) => session.destroy());
            expect(await visitor.in((session) => session.get('cart', null))).toBeNull();
          }
      },
    );
  },
);

describe.each(PLATFORMS)('cookies in pieces, of responses to parallel requests, on %s', (platform) => {
  const much = (bytes: number): string => randomBytes(bytes).toString('base64url');
  /** Sessions that take one cookie, two and three. */
  const SIZES: readonly [string, Handler<unknown>][] = [
    ['one', (session) => session.put('size', 'one').forget('much')],
    ['two', (session) => session.put({ size: 'two', much: much(3000) })],
    ['three', (session) => session.put({ size: 'three', much: much(5500) })],
  ];
  const pairs = SIZES.flatMap(([first, write]) =>
    SIZES.map(([last, overwrite]) => ({ first, write, last, overwrite })),
  );
  const host = 'www.shop.test';

  async function start() {
    const app = await HandlerApp.start(platform, { options: { driver: 'stealth' } });
    const jar = new PlaceJar();
    const visit = <T>(handler: Handler<T>) => {
      const cookie = jar.header(host, '/');
      return app.visitor().handle(handler, { headers: cookie === '' ? {} : { cookie } });
    };
    return { jar, visit, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  }

  it.each(pairs)('are those of the last one: $first, then $last', async ({ write, last, overwrite }) => {
    for (const [, before] of [['none', () => undefined] as const, ...SIZES]) {
      await using world = await start();
      const { jar, visit } = world;
      jar.take(host, (await visit(before)).cookies);
      const both = [await visit(write), await visit(overwrite)];
      for (const { cookies } of both) jar.take(host, cookies);
      expect((await visit((session) => session.get('size'))).value).toBe(last);
    }
  });

  it.each(SIZES)('do not bring back a session that ended in the last one: %s', async (_size, write) => {
    for (const [, before] of SIZES)
      for (const end of [
        (session) => session.destroy(),
        (session) => session.signOut(),
        (session) => session.destroy().then(() => session.put('size', 'new')),
      ] satisfies Handler<unknown>[]) {
        await using world = await start();
        const { jar, visit } = world;
        jar.take(host, (await visit(before)).cookies);
        const both = [await visit(write), await visit(end)];
        for (const { cookies } of both) jar.take(host, cookies);
        expect(jar.places.filter((place) => place.includes('.0 '))).toEqual([]);
        expect(jar.places.length).toBe(both[1]?.cookies.some((each) => /; Max-Age=7/.test(each)) ? 1 : 0);
      }
  });
});
