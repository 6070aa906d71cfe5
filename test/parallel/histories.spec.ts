import fc from 'fast-check';
import { describe, it } from 'vitest';
import { SessionManager } from 'nestjs-session-kit';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { PLATFORMS, TestApp } from '../support/test-app.js';
import { histories } from './support/history.js';
import { playOverHttp } from './support/http-history.js';
import { playHistory } from './support/play-history.js';
import { HISTORIES_TIMEOUT_MS, playing } from './support/replay.js';
import { HistoriesController } from './support/server-process.js';

describe(
  'the outcome of parallel requests on one session equals some serial order of them',
  { timeout: HISTORIES_TIMEOUT_MS },
  () => {
    it.each([
      ['in one process', 1, 400],
      ['in two processes', 2, 400],
      ['in eight processes', 8, 400],
    ])('on a driver of the application, %s', async (_, processes, runs) => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), histories(processes), (scheduler, history) =>
          playHistory(scheduler, history, (clock) => new CustomDriver(clock)),
        ),
        playing(runs),
      );
    });

    it('on the driver memory', async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), histories(2), (scheduler, history) =>
          playHistory(scheduler, history, (clock) => new MemoryDriver({}, clock)),
        ),
        playing(200),
      );
    });
  },
);

describe.each(PLATFORMS)(
  'an application on %s that keeps sessions in memory',
  { timeout: HISTORIES_TIMEOUT_MS },
  (platform) => {
    it('answers parallel requests on one session as if they had come one after the other', async () => {
      await using app = await TestApp.start(platform, { controllers: [HistoriesController] });
      const driver = app.get(SessionManager).driver();
      if (!('write' in driver)) throw new Error('Not a driver that keeps records');
      await fc.assert(
        fc.asyncProperty(histories(1), (history) => playOverHttp(history, [app.url], driver)),
        playing(25),
      );
    });
  },
);
