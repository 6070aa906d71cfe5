import { afterEach, expect, it, vi } from 'vitest';
import { openedStores } from '../parallel/support/opened-stores.js';
import { SHARED_STORES } from '../parallel/support/stores.js';
import { describeWith } from '../servers/index.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

const HOUR = 3_600_000;

describeWith([...new Set(SHARED_STORES.flatMap(({ pieces }) => pieces))], 'absoluteAge', () => {
  const storeOf = openedStores();
  afterEach(() => vi.useRealTimers());

  const ways = SHARED_STORES.flatMap(({ name }) => PLATFORMS.map((platform) => [name, platform] as const));

  it.each(ways)(
    'restarts with a sign-in, and ends each session that reaches it, on %s, on %s',
    async (name, platform) => {
      vi.useFakeTimers({ toFake: ['Date'] });
      const begun = Date.now();
      const { driver } = storeOf(name);
      await using app = await HandlerApp.start(platform, {
        options: {
          absoluteAge: '8h',
          age: '30d',
          driver: 'shared',
          drivers: { shared: { useFactory: () => driver } },
        },
      });
      const goTo = (hours: number): void => void vi.setSystemTime(begun + hours * HOUR);
      const [ann, nobody] = [app.visitor(), app.visitor()];
      for (const visitor of [ann, nobody]) await visitor.in((session) => session.put('cart', 1));
      goTo(7);
      await ann.in((session) => session.signIn('ann'));
      goTo(8);
      expect(await nobody.in(({ stored }) => stored)).toBe(false);
      expect(await ann.in((session) => [session.userId, session.get('cart')])).toEqual(['ann', 1]);
      expect(await ann.in(({ expiresAt }) => expiresAt)).toBe(begun + 15 * HOUR);
      goTo(14);
      // The user enters the password again.
      await ann.in((session) => session.signIn('ann'));
      goTo(22 - 0.001);
      expect(await ann.in(({ userId }) => userId)).toBe('ann');
      goTo(22);
      expect(await ann.in(({ stored }) => stored)).toBe(false);
    },
  );
});
