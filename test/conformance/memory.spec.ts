import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { describeRecordDriver, StoppedClock } from './conformance.js';

describeRecordDriver('MemoryDriver', async () => {
  const clock = new StoppedClock();
  return { driver: new MemoryDriver({}, clock), clock, close: async () => {} };
});

describeRecordDriver('MemoryDriver with a limit', async () => {
  const clock = new StoppedClock();
  return { driver: new MemoryDriver({ max: 10_000 }, clock), clock, close: async () => {} };
});
