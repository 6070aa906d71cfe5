import type fc from 'fast-check';

/** Replays the seed and path that a failure prints. */
const SEED = process.env['SESSION_TEST_SEED'];
const PATH = process.env['SESSION_TEST_PATH'];
/** Multiplies the number of histories played. */
export const EFFORT = Number(process.env['SESSION_TEST_EFFORT'] ?? 1);

/** How long histories are played and a failing one is shrunk, in ms. Less than the test timeout. */
const PLAYING_MS = 480_000 * EFFORT;
/** The timeout for vitest: long enough that a test still shrinking its counterexample can report it. */
export const HISTORIES_TIMEOUT_MS = PLAYING_MS + 120_000 * EFFORT;

/**
 * Options for fast-check to play this many histories.
 *
 * To replay a failure, run its file with SESSION_TEST_SEED and SESSION_TEST_PATH set to the printed seed and path, and
 * vitest's `-t` with the test's name. With real processes, only the requests are the same then, not their timing: see
 * the story that was printed with the failure.
 */
export function playing(histories: number): fc.Parameters<unknown> {
  return {
    numRuns: histories * EFFORT,
    interruptAfterTimeLimit: PLAYING_MS,
    // Playing fewer histories than requested counts as a failure.
    markInterruptAsFailure: true,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    ...(PATH === undefined ? {} : { path: PATH }),
  };
}
