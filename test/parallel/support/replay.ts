import type fc from 'fast-check';

/** What a failure prints; these take it back in. */
const SEED = process.env['SESSION_TEST_SEED'];
const PATH = process.env['SESSION_TEST_PATH'];
/** How many times the usual number of histories are played. */
const EFFORT = Number(process.env['SESSION_TEST_EFFORT'] ?? 1);

/** How long histories are played, and a failing one made smaller, in ms. Less than a test of them may take. */
const PLAYING_MS = 480_000 * EFFORT;
/** For vitest: without it a test that is still making its counterexample smaller would end before it says anything. */
export const HISTORIES_TIMEOUT_MS = PLAYING_MS + 120_000 * EFFORT;

/**
 * How many histories a test plays.
 *
 * To play a failure again: run its file with SESSION_TEST_SEED and SESSION_TEST_PATH set to the seed and the path that
 * were printed, and vitest's `-t` for the test's name. Where real processes answer, only the requests are the same then,
 * not the moments at which they meet: the story that was printed with the failure tells those.
 */
export function playing(histories: number): fc.Parameters<unknown> {
  return {
    numRuns: histories * EFFORT,
    interruptAfterTimeLimit: PLAYING_MS,
    // A failure, and no reason to have played less than was said.
    markInterruptAsFailure: true,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    ...(PATH === undefined ? {} : { path: PATH }),
  };
}
