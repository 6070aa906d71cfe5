import fc from 'fast-check';
import { describe, it } from 'vitest';
import { SessionManager } from 'nestjs-session-kit';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { PLATFORMS, TestApp } from '../support/test-app.js';
import { histories } from './support/history.js';
import { playOverHttp } from './support/http-history.js';
import { playHistory } from './support/play-history.js';
import { HistoriesController } from './support/server-process.js';

/** A failure prints its seed; this takes it back in. */
const SEED = process.env['SESSION_TEST_SEED'];
/** How many times the usual number of histories are played. */
const EFFORT = Number(process.env['SESSION_TEST_EFFORT'] ?? 1);

function parameters(numRuns: number): fc.Parameters<unknown> {
  const runs = numRuns * EFFORT;
  return SEED === undefined ? { numRuns: runs } : { numRuns: runs, seed: Number(SEED) };
}

describe('the outcome of parallel requests on one session equals some serial order of them', () => {
  it.each([
    ['in one process', 1, 400],
    ['in two processes', 2, 400],
    ['in eight processes', 8, 400],
  ])('on a driver of the application, %s', async (_, processes, runs) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), histories(processes), (scheduler, history) =>
        playHistory(scheduler, history, (clock) => new CustomDriver(clock)),
      ),
      parameters(runs),
    );
  });

  it('on the driver memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), histories(2), (scheduler, history) =>
        playHistory(scheduler, history, (clock) => new MemoryDriver({}, clock)),
      ),
      parameters(200),
    );
  });
});

describe.each(PLATFORMS)('an application on %s that keeps sessions in memory', (platform) => {
  it('answers parallel requests on one session as if they had come one after the other', async () => {
    await using app = await TestApp.start(platform, { controllers: [HistoriesController] });
    const driver = app.get(SessionManager).driver();
    if (!('write' in driver)) throw new Error('Not a driver that keeps records');
    await fc.assert(
      fc.asyncProperty(histories(1), (history) => playOverHttp(history, [app.url], driver)),
      parameters(25),
    );
  });
});
