import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { SessionLimitError, type SessionModuleOptions } from 'nestjs-session-kit';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { SHARED_STORES } from '../parallel/support/stores.js';
import { openStore } from '../parallel/support/store-setting.js';
import { HandlerApp, type Visitor } from './handler-app.js';

const MINUTE = 60_000;
export const START = 1_800_000_000_000;

export type Limit = NonNullable<SessionModuleOptions['sessionsPerUser']>;

/** Opens another driver on one store, as another process would; all are closed after the test. */
export type Ways = () => Promise<RecordDriver>;

export async function sharedStore(name: string): Promise<Ways> {
  const store = await SHARED_STORES.find((kind) => kind.name === name)?.make();
  if (store === undefined) throw new Error(`There is no store ${name}`);
  onTestFinished(() => store.remove());
  return async () => {
    const open = await openStore(store.setting);
    onTestFinished(() => open.close());
    return open.driver;
  };
}

export async function startOn(driver: RecordDriver, sessionsPerUser: Limit): Promise<HandlerApp> {
  const options = { driver: 'shared', drivers: { shared: { useFactory: () => driver } }, sessionsPerUser };
  const app = await HandlerApp.start('express', { options });
  onTestFinished(() => app[Symbol.asyncDispose]());
  return app;
}

export const clockAt = (minutes: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: START + minutes * MINUTE });
  onTestFinished(() => void vi.useRealTimers());
};

export const signIn = async (app: HandlerApp, user = 'ann'): Promise<Visitor> => {
  const visitor = app.visitor();
  await visitor.in((session) => session.signIn(user));
  return visitor;
};

export const userOf = (visitor: Visitor): Promise<string | null> => visitor.in(({ userId }) => userId);
export const usersOf = (...visitors: Visitor[]): Promise<(string | null)[]> =>
  Promise.all(visitors.map(userOf));

/** The behavior common to all drivers that can list. */
export function describeSessionLimit(name: string, ways: () => Promise<Ways>): void {
  describe(`The limit of sessions per user, on ${name}`, () => {
    const start = async (limit: Limit): Promise<HandlerApp> => startOn(await (await ways())(), limit);

    it('ends the least recently active sessions when the user signs in once more', async () => {
      const app = await start({ max: 2 });
      clockAt(0);
      const phone = await signIn(app);
      clockAt(1);
      const laptop = await signIn(app);
      const bob = await signIn(app, 'bob');
      clockAt(10);
      expect(await userOf(phone)).toBe('ann');
      clockAt(11);
      const tablet = await signIn(app);
      expect(await usersOf(phone, laptop, tablet, bob)).toEqual(['ann', null, 'ann', 'bob']);
    });

    it('ends the earlier of several sign-ins in the same millisecond', async () => {
      const app = await start({ max: 2 });
      clockAt(0);
      const devices: Visitor[] = [];
      for (let count = 0; count < 6; count += 1) devices.push(await signIn(app));
      expect(await usersOf(...devices)).toEqual([null, null, null, null, 'ann', 'ann']);
    });

    it.each(['put', 'regenerate'])(
      'ends the others if the session that becomes signed in by other means is older (%s)',
      async (means) => {
        const app = await start({ max: 1 });
        const become = (visitor: Visitor) =>
          visitor.in((session) => {
            if (means === 'regenerate') session.regenerate();
            session.put('userId', 'ann');
          });
        const [laptop, phone] = [app.visitor(), app.visitor()];
        clockAt(0);
        await laptop.in((session) => session.put('cart', ['mug']));
        clockAt(1);
        await become(phone);
        clockAt(2);
        await become(laptop);
        expect(await usersOf(phone, laptop)).toEqual([null, 'ann']);
      },
    );

    it('counts a device that signs in again only once, and one that changes users for the new user', async () => {
      const app = await start({ max: 1 });
      const phone = await signIn(app);
      await phone.in((session) => session.signIn('ann'));
      expect(await userOf(phone)).toBe('ann');
      const laptop = await signIn(app, 'bob');
      await laptop.in((session) => session.signIn('ann'));
      expect(await usersOf(phone, laptop)).toEqual([null, 'ann']);
      expect(await app.manager.list('bob')).toEqual([]);
    });

    it.each(['put', 'regenerate'])(
      'includes sessions that became signed in by other means (%s)',
      async (means) => {
        const app = await start({ max: 1 });
        const phone = await signIn(app);
        const laptop = app.visitor();
        await laptop.in((session) => session.put('cart', ['mug']));
        await laptop.in((session) => {
          if (means === 'regenerate') session.regenerate();
          session.put('userId', 'ann');
        });
        expect(await usersOf(phone, laptop)).toEqual([null, 'ann']);
      },
    );

    it('refuses the sign-in if so configured, and leaves everything as it was', async () => {
      const app = await start({ max: 1, when: 'refuse' });
      const phone = await signIn(app);
      const laptop = app.visitor();
      const before = await laptop.in((session) => session.put('cart', ['mug']).id);
      const { response, cookies } = await laptop.handle(
        (session) => session.put('cart', ['cap']).signIn('ann'),
        { status: 409 },
      );
      expect(response.body).toEqual({ statusCode: 409, message: 'Conflict' });
      expect(cookies).toEqual([]);
      expect(await laptop.in((session) => ({ id: session.id, all: session.all() }))).toEqual({
        id: before,
        all: { cart: ['mug'] },
      });
      expect(await app.manager.list('ann')).toHaveLength(1);
      expect(await userOf(phone)).toBe('ann');
      // A visitor without a session gets none.
      const stranger = app.visitor();
      expect((await stranger.handle((session) => session.signIn('ann'), { status: 409 })).cookies).toEqual(
        [],
      );
      await phone.in((session) => session.signOut());
      await laptop.in((session) => session.signIn('ann'));
      expect(await userOf(laptop)).toBe('ann');
    });

    it('lets the handler report the refusal in a session that continues as before', async () => {
      const app = await start({ max: 1, when: 'refuse' });
      await signIn(app);
      const laptop = app.visitor();
      await laptop.in((session) => session.put('cart', ['mug']));
      const refused = await laptop.in(async (session) => {
        try {
          await session.signIn('ann').commit();
          return null;
        } catch (error) {
          session.flash('status', 'Sign out somewhere else first.');
          return { error, user: session.userId, all: session.all() };
        }
      });
      expect(refused).toEqual({
        error: expect.any(SessionLimitError),
        user: null,
        all: { cart: ['mug'], status: 'Sign out somewhere else first.' },
      });
      expect(await laptop.in((session) => session.all())).toEqual({
        cart: ['mug'],
        status: 'Sign out somewhere else first.',
      });
    });

    it('ends the old user’s session even if the new sign-in is refused', async () => {
      const app = await start({ max: 1, when: 'refuse' });
      await signIn(app);
      const laptop = await signIn(app, 'bob');
      await laptop.handle((session) => session.signOut().signIn('ann'), { status: 409 });
      expect(await userOf(laptop)).toBeNull();
      expect(await app.manager.list('bob')).toEqual([]);
    });

    it('is enforced when many sign in at once, in two processes', async () => {
      const open = await ways();
      const here = await startOn(await open(), { max: 2 });
      const there = await startOn(await open(), { max: 2 });
      await Promise.all([here, here, here, here].map((app) => signIn(app)));
      expect(await here.manager.list('ann')).toHaveLength(2);
      const visitors = await Promise.all([here, there, here, there, here, there].map((app) => signIn(app)));
      const left = await here.manager.list('ann');
      expect(left.length).toBeGreaterThanOrEqual(1);
      expect(left.length).toBeLessThanOrEqual(2);
      expect((await usersOf(...visitors)).filter((user) => user === 'ann').length).toBeLessThanOrEqual(2);
    });

    it('is enforced when many have to be refused at once, in two processes', async () => {
      const open = await ways();
      const apps = [
        await startOn(await open(), { max: 2, when: 'refuse' }),
        await startOn(await open(), { max: 2, when: 'refuse' }),
      ];
      const tries = [...apps, ...apps, ...apps].map(async (app) => {
        const visitor = app.visitor();
        await visitor.in((session) => session.put('cart', ['mug']));
        const { cookies } = await visitor.handle(async (session) => {
          await session
            .signIn('ann')
            .commit()
            .catch(() => null);
        });
        return { visitor, isIn: cookies.length > 0 };
      });
      const tried = await Promise.all(tries);
      const users = tried.map(({ isIn }) => (isIn ? 'ann' : null));
      expect(await usersOf(...tried.map(({ visitor }) => visitor))).toEqual(users);
      expect(users.filter((user) => user !== null).length).toBeLessThanOrEqual(2);
      expect(await apps[0]?.manager.list('ann')).toHaveLength(users.filter((user) => user !== null).length);
      // No refused visitor has lost data.
      for (const { visitor } of tried)
        expect(await visitor.in((session) => session.get('cart'))).toEqual(['mug']);
    });
  });
}
