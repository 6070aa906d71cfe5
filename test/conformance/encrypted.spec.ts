import { PayloadSealer } from '../../lib/crypto/payload-sealer.js';
import { encryptedStore } from '../../lib/drivers/encrypted-store.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { SECRET } from '../support/test-app.js';
import { describeRecordDriver, StoppedClock } from './conformance.js';

for (const seals of [true, false]) {
  describeRecordDriver(`MemoryDriver with encryption switched ${seals ? 'on' : 'off'}`, async () => {
    const clock = new StoppedClock();
    const memory = new MemoryDriver({}, clock);
    const driver = {
      ...encryptedStore(memory, { sealer: new PayloadSealer([SECRET]), seals }),
      collectGarbage: memory.collectGarbage.bind(memory),
    };
    return { driver, clock, close: async () => {} };
  });
}
