import fc from 'fast-check';
import { afterEach, beforeEach, describe, it, vi } from 'vitest';
import { PLATFORMS } from '../support/test-app.js';
import { type History, histories } from './support/jar-history.js';
import { JarPlayer } from './support/jar-player.js';
import { EFFORT, HISTORIES_TIMEOUT_MS, playing } from './support/replay.js';

/** The suite plays the same histories each time; more effort plays others. */
const STEADY = EFFORT === 1 ? { seed: 1 } : {};
const START = Date.UTC(2030, 0, 1);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe.each(PLATFORMS)('the cookie jars of real browsers, on %s', (platform) => {
  it(
    'hold the sessions of their visitors, however applications are deployed and responses arrive',
    { timeout: HISTORIES_TIMEOUT_MS },
    async () => {
      const play = async (history: History): Promise<void> => {
        vi.setSystemTime(START);
        await using player = new JarPlayer(platform, history);
        try {
          await player.play();
        } catch (error) {
          throw new Error(player.log.join('\n'), { cause: error });
        }
      };
      await fc.assert(fc.asyncProperty(histories, play), { ...STEADY, ...playing(30) });
    },
  );
});
