import {
  type ConformanceOptions,
  describeDriverConformance,
  StoppedClock,
} from 'nestjs-session-kit/conformance';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import type { RecordDriver, SessionRecord } from '../../lib/drivers/driver.js';
import { CustomDriver } from './custom-driver.js';

const sentencesOfParallelRequests = [
  'a removal wins over writes and touches that come at the same time',
  'of 20 writers of version 1 exactly one wins, and its record is kept',
  'of 20 writers of version 2 exactly one wins, and its record is kept',
  'loses no update of ten writers that read, change and write',
  'a touch beside a write takes nothing from it',
];

/** Keeps the seconds of a time in 32 bits. */
const inSmallSeconds = (ms: number): number => ((ms / 1000) | 0) * 1000 + (ms % 1000);

/** The names of the suite's tests that a driver fails, run with a minimal test framework. */
async function failedBy(create: ConformanceOptions['create']): Promise<string[]> {
  const tests: { readonly sentence: string; readonly test: () => Promise<void> }[] = [];
  describeDriverConformance({
    describe: (_name, body) => body(),
    it: (sentence, test) => tests.push({ sentence, test }),
    create,
  });
  expect(tests.length).toBeGreaterThan(80);
  const failed: string[] = [];
  for (const { sentence, test } of tests) await test().catch(() => failed.push(sentence));
  return failed;
}

describe('the conformance suite', () => {
  it('needs nothing but describe and it', async () => {
    expect(await failedBy(() => ({ driver: new CustomDriver(systemClock) }))).toEqual([]);
  });

  it('accepts any return value of destroy', async () => {
    const create = (): { driver: RecordDriver } => {
      const driver = new CustomDriver(systemClock);
      const destroy = driver.destroy.bind(driver);
      // Like a driver that returns its store's result.
      return { driver: Object.assign(driver, { destroy: (id: string) => destroy(id).then(() => 1) }) };
    };
    expect(await failedBy(create)).toEqual([]);
  });

  it('detects a driver that checks before it writes instead of in one step', async () => {
    const records = new Map<string, SessionRecord>();
    const live = async (id: string): Promise<SessionRecord | null> => {
      const record = records.get(id);
      return record !== undefined && record.expiresAt > Date.now() ? { ...record } : null;
    };
    const driver: RecordDriver = {
      read: live,
      async write(id, record) {
        const copy = { ...record };
        if (((await live(id))?.version ?? 0) !== copy.version - 1) return false;
        records.set(id, copy);
        return true;
      },
      async touch(id, expiresAt) {
        const record = await live(id);
        if (record !== null) records.set(id, { ...record, expiresAt });
        return record !== null;
      },
      async destroy(id) {
        records.delete(id);
      },
    };
    const failed = await failedBy(() => ({ driver }));
    // It passes everything else, which is why such a driver goes unnoticed until there is load.
    expect(failed).toEqual(expect.arrayContaining(sentencesOfParallelRequests));
    expect(failed.length).toBeLessThan(12);
  });

  it('detects a driver whose touch writes back what it has read, over a newer write', async () => {
    const create = (): { driver: RecordDriver } => {
      const records = new Map<string, SessionRecord>();
      const touched: RecordDriver = {
        async read(id) {
          const record = records.get(id);
          return record !== undefined && record.expiresAt > Date.now() ? { ...record } : null;
        },
        async write(id, record) {
          const stored = records.get(id);
          const version = stored !== undefined && stored.expiresAt > Date.now() ? stored.version : 0;
          if (version !== record.version - 1) return false;
          records.set(id, { ...record });
          return true;
        },
        async touch(id, expiresAt) {
          const record = await touched.read(id);
          await new Promise(setImmediate);
          if (record === null || !records.has(id)) return false;
          records.set(id, { ...record, expiresAt });
          return true;
        },
        async destroy(id) {
          records.delete(id);
        },
      };
      return { driver: touched };
    };
    expect(await failedBy(create)).toEqual(
      expect.arrayContaining([
        'a write just after a touch is kept',
        'a write just after two touches is kept',
      ]),
    );
  });

  it.each([undefined, null])('detects a driver whose collectGarbage resolves to %s', async (answer) => {
    const create = (): { driver: RecordDriver } => {
      const driver = new CustomDriver(systemClock);
      Reflect.set(driver, 'collectGarbage', () => Promise.resolve(answer));
      return { driver };
    };
    expect(await failedBy(create)).toEqual(
      expect.arrayContaining([
        'removes exactly what has expired, and says how many',
        'counts a record by the expiry it has now, not by the one it had',
      ]),
    );
  });

  it.each<[how: string, inSeconds: (ms: number) => number]>([
    ['stops in 2038', (ms) => Math.min(ms, 2 ** 31 * 1000)],
    ['is in 32-bit seconds, and far in the past from 2038 on', inSmallSeconds],
  ])('detects a driver whose expiry %s', async (_how, inSeconds) => {
    const create = (): { driver: RecordDriver } => {
      const driver = new CustomDriver(systemClock);
      const write = driver.write.bind(driver);
      const touch = driver.touch.bind(driver);
      return {
        driver: Object.assign(driver, {
          write: (id: string, record: SessionRecord) =>
            write(id, { ...record, expiresAt: inSeconds(record.expiresAt) }),
          touch: (id: string, expiresAt: number) => touch(id, inSeconds(expiresAt)),
        }),
      };
    };
    expect(await failedBy(create)).toContainEqual(expect.stringContaining('2038'));
  });

  it('detects a driver whose garbage collection ends lifetimes in 2038', async () => {
    const create = (): { driver: RecordDriver } => {
      const driver = new CustomDriver(systemClock);
      const write = driver.write.bind(driver);
      const index = new Map<string, number>();
      return {
        driver: Object.assign(driver, {
          write: (id: string, record: SessionRecord) => {
            index.set(id, inSmallSeconds(record.expiresAt));
            return write(id, record);
          },
          collectGarbage: async (now: number) => {
            const expired = [...index].filter(([, expiresAt]) => expiresAt <= now).map(([id]) => id);
            for (const id of expired) {
              index.delete(id);
              await driver.destroy(id);
            }
            return expired.length;
          },
        }),
      };
    };
    expect(await failedBy(create)).toContain('removes exactly what has expired, and says how many');
  });

  it('detects a driver that ignores the time', async () => {
    const failed = await failedBy(() => ({ driver: new CustomDriver({ now: () => 0 }) }));
    expect(failed).toContain('is not brought back by a touch: it has expired');
    expect(failed).not.toContain('moves the expiry and nothing else');
  });

  it('stops Date during each test for a driver that uses it, and restores it afterwards', async () => {
    const machineDate = Date;
    await failedBy(() => {
      expect(Date).toBe(machineDate);
      return { driver: new CustomDriver({ now: () => new Date().getTime() }) };
    });
    expect(Date).toBe(machineDate);
  });

  it('leaves Date alone if the driver comes with a clock', async () => {
    const machineDate = Date;
    const seen = new Set<unknown>();
    const clock = new StoppedClock();
    const now = (): number => {
      seen.add(Date);
      return clock.now();
    };
    expect(await failedBy(() => ({ driver: new CustomDriver({ now }), clock }))).toEqual([]);
    expect([...seen]).toEqual([machineDate]);
  });

  it('closes what was created for a test even if the test fails', async () => {
    let open = 0;
    await failedBy(() => {
      open += 1;
      const driver = new CustomDriver({ now: () => 0 });
      return {
        driver,
        close: async () => {
          open -= 1;
        },
      };
    });
    expect(open).toBe(0);
  });
});
