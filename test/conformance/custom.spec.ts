import { describeRecordDriver, StoppedClock } from './conformance.js';
import { CustomDriver } from './custom-driver.js';

describeRecordDriver('A driver of an application', async () => {
  const clock = new StoppedClock();
  return { driver: new CustomDriver(clock), clock, close: async () => {} };
});
