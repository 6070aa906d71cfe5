import type { RecordDriver } from '../../lib/drivers/driver.js';
import { guardedDriver } from '../../lib/drivers/guard/guarded-driver.js';
import type { RecordStore } from '../../lib/drivers/record-store.js';
import { StoreGuard } from '../../lib/drivers/guard/store-guard.js';

/** The lines that the guard logs, in order. */
export class GuardLog {
  readonly lines: string[] = [];
  warn = (line: string): void => void this.lines.push(line);
  error = (line: string): void => void this.lines.push(line);
}

/**
 * A driver behind the guard, as requests use it. @param timeout long by default, so that a slow machine does not fail a
 * test
 */
export function guarded(driver: RecordDriver, timeout = 60_000, log = new GuardLog()): RecordStore {
  return guardedDriver(driver, new StoreGuard({ name: 'test', timeout, log }));
}
