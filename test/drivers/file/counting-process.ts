import { FileDriver } from '../../../lib/drivers/file/file.driver.js';
import { countOf, payloadOf } from './counting-payload.js';

/** The orders of a counting process. */
export interface CountingOrder {
  readonly location: string;
  /** The sessions whose counters it increments, in turn. */
  readonly ids: readonly string[];
  /** How often; if left out, until the process is killed. */
  readonly times?: number;
}

/** What a counting process reports: a stored increment, or an error. */
export type CountingReport =
  { readonly stored: string; readonly tookMs: number } | { readonly wrong: string };

async function report(message: CountingReport): Promise<void> {
  await new Promise((resolve) => process.send?.(message, resolve));
}

/** Increments a counter, retrying while others win the race. */
async function increment(driver: FileDriver, id: string): Promise<void> {
  for (;;) {
    const record = await driver.read(id);
    const count = record === null ? undefined : countOf(record.payload);
    if (record === null || count === undefined) throw new Error(record === null ? 'vanished' : 'torn');
    if (count !== record.version - 1) throw new Error(`version ${record.version} holds count ${count}`);
    const next = { ...record, version: record.version + 1, payload: payloadOf(count + 1) };
    if (await driver.write(id, next)) return;
  }
}

async function run({ location, ids, times = Number.POSITIVE_INFINITY }: CountingOrder): Promise<void> {
  const driver = new FileDriver({ location });
  await driver.open();
  for (let index = 0; index < times; index++) {
    const id = ids[index % ids.length] ?? '';
    const startMs = performance.now();
    // A touch in between must not undo the increments of others.
    if (index % 5 === 4) await driver.touch(id, Date.now() + 3_600_000);
    await increment(driver, id);
    await report({ stored: id, tookMs: performance.now() - startMs });
  }
  process.disconnect();
}

process.once('message', (order: CountingOrder) => {
  run(order).catch(async (error: unknown) => {
    await report({ wrong: String(error) });
    process.exit(1);
  });
});
