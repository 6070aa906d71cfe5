import type { RecordDriver } from '../../../lib/drivers/driver.js';
import { idOf, recordOf } from './records.js';
import type { RecordRange } from './store.js';

/** Writes each record through the driver, with limited concurrency. @throws Error if a record is not stored */
export async function fillOneByOne(
  driver: RecordDriver,
  width: number,
  { from, to, expiresAt, now }: RecordRange,
): Promise<void> {
  let next = from;
  const fillers = Array.from({ length: width }, async () => {
    while (next < to) {
      const number = next++;
      const isStored = await driver.write(idOf(number), recordOf(number, 1, expiresAt, now));
      if (!isStored) throw new Error(`Session ${number} was not stored`);
    }
  });
  await Promise.all(fillers);
}
