import { describe, expect, it, onTestFinished } from 'vitest';
import type { RequestSession, SessionModuleOptions } from 'nestjs-session-kit';
import { systemClock } from '../../lib/drivers/clock.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { type Handled, HandlerApp } from '../support/handler-app.js';
import { Deferred } from './support/deferred.js';

type Act = (session: RequestSession) => unknown;

const KINDS: readonly [name: string, options: Partial<SessionModuleOptions>][] = [
  ['records', { driver: 'shared' }],
  ['a ledger of stealth', { driver: 'stealth', stealth: { ledger: 'shared' } }],
];

/** An attacker has planted his cookie on another visitor: both send it, and one request is slow. */
describe.each(KINDS.flatMap(([name, options]) => [1, 2].map((count) => ({ name, options, count }))))(
  'an attacker who has planted a cookie and has a request running when the visitor signs in, with $name in $count processes',
  ({ options, count }) => {
    async function meet(slowly: Act, meanwhile: Act) {
      const driver = new MemoryDriver({}, systemClock);
      const begin = () =>
        HandlerApp.start('express', {
          options: { ...options, drivers: { shared: { useFactory: () => driver } } },
        });
      const here = await begin();
      const there = count === 1 ? here : await begin();
      for (const app of new Set([here, there])) onTestFinished(() => app[Symbol.asyncDispose]());
      const { asHeaders: headers } = await here.visitor().handle((session) => session.put('cart', ['mug']));
      const [isLoaded, isDone] = [new Deferred(), new Deferred()];
      const slow = there.visitor().handle(
        async (session) => {
          isLoaded.resolve();
          await isDone.promise;
          await slowly(session);
        },
        { headers },
      );
      await isLoaded.promise;
      const fast = await here.visitor().handle(meanwhile, { headers });
      isDone.resolve();
      const has = async ({ cookies, asHeaders }: Handled<unknown>): Promise<unknown> =>
        cookies.length === 0 ? null : here.visitor().in((session) => session.all(), { headers: asHeaders });
      return { app: here, slow: await has(await slow), fast: await has(fast) };
    }

    const signIn: Act = (session) => session.signIn('ann').put('address', 'private');
    const signInAsMallory: Act = (session) => session.signIn('mallory');
    const ann = { cart: ['mug'], userId: 'ann', address: 'private' };
    const mallory = { cart: ['mug'], userId: 'mallory' };

    it('does not learn the new id by regenerating', async () => {
      const met = await meet((session) => session.regenerate().put('seen', true), signIn);
      expect(met.slow).toBeNull();
      expect(met.fast).toEqual({ ...ann, seen: true });
    });

    it('signs in to a separate session', async () => {
      const met = await meet(signInAsMallory, signIn);
      expect([met.slow, met.fast]).toEqual([mallory, ann]);
      const lists = await Promise.all(['ann', 'mallory'].map((user) => met.app.manager.list(user)));
      expect(lists.map((list) => list.length)).toEqual([1, 1]);
      expect(lists[0]?.[0]?.handle).not.toBe(lists[1]?.[0]?.handle);
    });

    it('leaves the visitor to sign in to a separate session if he signed in first', async () => {
      const met = await meet(signIn, signInAsMallory);
      expect([met.slow, met.fast]).toEqual([ann, mallory]);
    });

    it('gets the new id if he signs in as the same user, as happens on a double click', async () => {
      const met = await meet((session) => session.signIn('ann'), signIn);
      expect([met.slow, met.fast]).toEqual([ann, ann]);
      expect(await met.app.manager.list('ann')).toHaveLength(1);
    });

    it('does not have the id of the signed-in session if he regenerated first', async () => {
      const met = await meet(signIn, (session) => session.regenerate());
      expect(met.fast).not.toMatchObject({ userId: 'ann' });
      expect(met.slow).toEqual(ann);
    });
  },
);
