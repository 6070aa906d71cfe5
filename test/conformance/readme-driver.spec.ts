import { describeDriverConformance } from 'nestjs-session-kit/conformance';
import { describe, expect, it } from 'vitest';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { loadedSnippet } from '../support/loaded-snippet.js';

interface Exported {
  readonly KeyValueService: new () => object;
  readonly KeyValueDriver: new (store: object) => RecordDriver;
}

const { KeyValueDriver, KeyValueService } = await loadedSnippet<Exported>('key-value.driver.ts');

describe('the documentation', () => {
  describeDriverConformance({
    name: 'the driver that it shows',
    describe,
    it,
    expect,
    create: () => ({ driver: new KeyValueDriver(new KeyValueService()) }),
  });
});
