import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import type { StoppedClock } from '../conformance/stopped-clock.js';
import { type History, histories } from './support/history.js';
import { LedgerWorld } from './support/ledger-world.js';
import { playHistory } from './support/play-history.js';
import { HISTORIES_TIMEOUT_MS, playing } from './support/replay.js';

/**
 * Histories without `touch`: for a cookie-based session it also seals the changes so far, a commit unknown to the model.
 * And without a change of `name`, which signs in somebody else: a request that regenerates then is not told the new id
 * (signing-in-meanwhile.spec.ts).
 */
const untouched = (processes: number): fc.Arbitrary<History> =>
  histories(processes).map((history) =>
    history.map((plan) => ({ ...plan, steps: plan.steps.filter((step) => !isLeftOut(step)) })),
  );

const isLeftOut = (step: History[number]['steps'][number]): boolean =>
  step.op === 'touch' || (step.op === 'put' && step.key === 'name');

describe(
  'with a ledger, the outcome of parallel requests of a signed-in user equals some serial order of them',
  { timeout: HISTORIES_TIMEOUT_MS },
  () => {
    it.each([
      ['a driver of the application, in one process', 1, CustomDriver],
      ['a driver of the application, in two processes', 2, CustomDriver],
    ])('on %s', async (_, processes, Driver) => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), untouched(processes), (scheduler, history) =>
          playHistory(scheduler, history, (clock) => new Driver(clock), [], LedgerWorld),
        ),
        playing(100),
      );
    });

    it('in one process that caches the answers of the ledger for a while', async () => {
      class Caching extends LedgerWorld {
        constructor(makeDriver: (clock: StoppedClock) => RecordDriver) {
          super(makeDriver, {}, 10_000);
        }
      }
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), untouched(1), (scheduler, history) =>
          playHistory(scheduler, history, (clock) => new CustomDriver(clock), [], Caching),
        ),
        playing(100),
      );
    });

    it('on the driver memory', async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), untouched(2), (scheduler, history) =>
          playHistory(scheduler, history, (clock) => new MemoryDriver({}, clock), [], LedgerWorld),
        ),
        playing(100),
      );
    });
  },
);
