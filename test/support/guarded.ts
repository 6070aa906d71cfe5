import type { RecordDriver } from '../../lib/drivers/driver.js';
import { guardedDriver } from '../../lib/drivers/guard/guarded-driver.js';
import type { RecordStore } from '../../lib/drivers/record-store.js';
import { StoreGuard } from '../../lib/drivers/guard/store-guard.js';

/** What the guard has to say, in order. */
export class GuardLog {
  readonly lines: string[] = [];
  warn = (line: string): void => void this.lines.push(line);
  error = (line: string): void => void this.lines.push(line);
}

/** A driver as requests reach it. @param timeout so long, unless it is the subject, that a slow machine is only slow */
export function guarded(driver: RecordDriver, timeout = 60_000, log = new GuardLog()): RecordStore {
  return guardedDriver(driver, new StoreGuard({ name: 'test', timeout, log }));
}
