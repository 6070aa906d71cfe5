import { describe, it } from 'node:test';
import { describeDriverConformance } from 'nestjs-session-kit/conformance';
import { KeyValueDriver, KeyValueService } from './key-value.driver.js';

describeDriverConformance({
  describe,
  it,
  create: () => ({ driver: new KeyValueDriver(new KeyValueService()) }),
});
