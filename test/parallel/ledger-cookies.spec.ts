import fc from 'fast-check';
import { describe, it } from 'vitest';
import { CopiedCookies, rounds } from './support/copied-cookies.js';
import { HISTORIES_TIMEOUT_MS, playing } from './support/replay.js';

describe('with a ledger, whatever a visitor does concurrently in two processes', () => {
  it(
    'no copied cookie opens a session that has ended, moved or been signed in to, and no signed-in user loses changes',
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
