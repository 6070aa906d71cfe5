import fc from 'fast-check';
import { describe, it } from 'vitest';
import { CopiedCookies, rounds } from './support/copied-cookies.js';
import { HISTORIES_TIMEOUT_MS, playing } from './support/replay.js';

describe('with a ledger, whatever a visitor does at once, in two processes', () => {
  it(
    'no copy of a cookie leads to a session that has ended, was left or is somebody’s since, and nothing of who is signed in gets lost',
    { timeout: HISTORIES_TIMEOUT_MS },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), rounds, async (scheduler, history) => {
          const story = new CopiedCookies();
          const { driver } = story.world;
          for (const round of history) {
            await story.play(round, async (all) => {
              driver.before = ({ method }) => scheduler.schedule(Promise.resolve(), method);
              await scheduler.waitFor(all);
              driver.before = () => undefined;
            });
          }
        }),
        playing(100),
      );
    },
  );
});
