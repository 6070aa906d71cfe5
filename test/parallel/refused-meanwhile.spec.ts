import { describe, expect, it } from 'vitest';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { TurnQueue } from '../../lib/lifecycle/records/turn-queue.js';
import { SessionLimitError } from '../../lib/session.exception.js';
import type { RequestSession } from '../../lib/session/request-session.js';
import { World } from './support/world.js';

describe('a user who signs in by `put` and is refused as one too many', () => {
  it.each<[what: string, change: (session: RequestSession) => unknown]>([
    ['writes', (session) => session.put('other', 1)],
    ['moves', (session) => session.regenerate()],
    ['ends', (session) => session.destroy()],
  ])('is not signed in if another process %s the session meanwhile', async (_what, change) => {
    const world = new World((clock) => new MemoryDriver({}, clock), {
      sessionsPerUser: { max: 1, when: 'refuse', turns: new TurnQueue(Infinity) },
    });
    const id = await world.seed((session) => session.put('cart', 1));
    const [refused, other] = [await world.process().request(id), await world.process().request(id)];
    world.driver.before = async ({ method }) => {
      if (method !== 'write') return;
      world.driver.before = () => undefined;
      // The last place is taken after it was counted for the first time.
      await world.seed((session) => session.put('userId', 'ann'));
      world.driver.beforeListing = async () => {
        world.driver.beforeListing = () => undefined;
        await change(other.session);
        await other.respond();
      };
    };
    refused.session.put('userId', 'ann');
    expect((await refused.respond()).error).toBeInstanceOf(SessionLimitError);
    const living = await Promise.all((await world.living()).map((each) => world.find(each)));
    expect(living.map((payload) => payload?.d)).toEqual([{ userId: 'ann' }]);
  });
});
