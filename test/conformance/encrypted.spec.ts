import { TextSealer } from '../../lib/crypto/text-sealer.js';
import { encryptedStore } from '../../lib/drivers/encrypted-store.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { SECRET } from '../support/test-app.js';
import { describeRecordDriver, StoppedClock } from './conformance.js';

const sealer = new TextSealer([SECRET], 'payloads of records');

for (const seals of [true, false]) {
  describeRecordDriver(`MemoryDriver with encryption switched ${seals ? 'on' : 'off'}`, async () => {
    const clock = new StoppedClock();
    const memory = new MemoryDriver({}, clock);
    const driver = {
      ...encryptedStore(memory, { sealer, seals, opensPlain: true }),
      collectGarbage: memory.collectGarbage.bind(memory),
    };
    return { driver, clock, close: async () => {} };
  });
}
