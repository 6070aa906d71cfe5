import fc from 'fast-check';
import { describe, it } from 'vitest';
import { playing } from './support/replay.js';
import { playTurns } from './support/value-player.js';
import { turnsOf, turnsOnDottedKeys } from './support/value-steps.js';

describe('the changes of parallel requests, whatever objects their code holds and mutates', () => {
  it.each([2, 3])('are stored as if %i requests had made them in the order of their commits', (requests) => {
    const property = fc.property(turnsOf(requests), (turns) => playTurns(requests, turns));
    // The same histories each time. To play others, set SESSION_TEST_SEED.
    fc.assert(property, { seed: requests, ...playing(800) });
  });

  it('are stored so where a key has a dot in its name, and a path of another request does too', () => {
    const property = fc.property(turnsOnDottedKeys(2), (turns) => playTurns(2, turns));
    fc.assert(property, { seed: 2, ...playing(400) });
  });
});
