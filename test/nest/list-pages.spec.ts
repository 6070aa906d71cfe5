import { systemClock } from '../../lib/drivers/clock.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import type { OpenStore } from '../parallel/support/store-setting.js';
import { describeListPages } from '../support/list-pages.js';

const inMemory = async (): Promise<OpenStore> => ({
  driver: new MemoryDriver({}, systemClock),
  close: () => Promise.resolve(),
});

describeListPages('memory', inMemory);
describeListPages('a ledger of stealth', inMemory, {
  options: { driver: 'stealth', stealth: { ledger: 'shared' } },
});
