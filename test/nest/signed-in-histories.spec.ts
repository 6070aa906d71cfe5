import fc from 'fast-check';
import { afterEach, describe, it, vi } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { EFFORT, HISTORIES_TIMEOUT_MS, playing } from '../parallel/support/replay.js';
import { describeWith } from '../servers/index.js';
import { type Limit, START, sharedStore, startOn } from '../support/session-limit.js';
import { Devices, deeds } from '../support/signed-in-devices.js';

const LIMITS: readonly (Limit | null)[] = [
  null,
  { max: 1 },
  { max: 2, when: 'end-oldest' },
  { max: 1, when: 'refuse' },
  { max: 2, when: 'refuse' },
];

const USERS = ['ann', 'bob'] as const;

let histories = 0;

afterEach(() => {
  vi.useRealTimers();
});

function describeHistories(name: string, runs: number): void {
  describe(`who is signed in, on ${name}`, () => {
    it.each(LIMITS)(
      'is who the list shows, and no other session ends or is refused, with the limit %j',
      { timeout: HISTORIES_TIMEOUT_MS },
      async (limit) => {
        vi.useFakeTimers({ toFake: ['Date'], now: START });
        const driver =
          name === 'memory' ? new MemoryDriver({}, systemClock) : await (await sharedStore(name))();
        const app = await startOn(driver, limit ?? { max: 1_000_000 });
        const steady = EFFORT === 1 ? { seed: 1 } : {};
        await fc.assert(
          fc.asyncProperty(deeds, async (history) => {
            vi.setSystemTime(START);
            histories += 1;
            const own = histories;
            const devices = new Devices(app, limit, (user) => `${USERS[user] ?? ''} ${own}`);
            for (const deed of history) await devices.play(deed);
            await devices.replay();
          }),
          { ...steady, ...playing(runs) },
        );
      },
    );
  });
}

describeHistories('memory', 60);
describeHistories('file', 4);
describeHistories('SQLite', 4);
describeWith(['redis'], 'a real server', () => describeHistories('redis', 4));
