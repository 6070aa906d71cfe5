import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import type { RecordDriver, SessionRecord } from '../../lib/drivers/driver.js';
import { FileDriver } from '../../lib/drivers/file/file.driver.js';
import { freshId } from '../../lib/conformance/record-samples.js';
import { RedisDriver } from '../../lib/drivers/redis/redis.driver.js';
import { describeWith, startRedis } from '../servers/index.js';
import type { DyingOrder } from './dying-process.js';
import { compileProgram } from '../support/compile-program.js';

/** How many processes run at the same time. */
const AT_A_TIME = 3;

/** A store for the process, and a driver on it that outlives the process. */
interface Way {
  readonly store: DyingOrder['store'];
  readonly driver: RecordDriver;
}

const KINDS: Readonly<Record<'file' | 'redis', () => Promise<Way>>> = {
  async file() {
    const location = await mkdtemp(join(tmpdir(), 'session-files-'));
    onTestFinished(() => rm(location, { recursive: true, force: true }));
    return { store: { location }, driver: new FileDriver({ location }) };
  },
  async redis() {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const { url } = server;
    const prefix = `${freshId()}:`;
    const driver = new RedisDriver({ url, prefix }, { clock: systemClock, storeTimeout: 60_000 });
    return { store: { url, prefix }, driver };
  },
};

describeWith(['redis'], 'A process that is killed between any two steps of a driver', () => {
  let folder: string;
  let program: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'session-program-'));
    program = await compileProgram(join(import.meta.dirname, 'dying-process.ts'), folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** @returns whether it ran to its end */
  async function runUntil(order: DyingOrder): Promise<boolean> {
    const child = fork(program, { execArgv: [] });
    child.send(order);
    const [code, signal]: unknown[] = await once(child, 'exit');
    if (signal !== 'SIGKILL') expect(code).toBe(0);
    return signal !== 'SIGKILL';
  }

  it.each(['file', 'redis'] as const)('leaves every live record in its user’s list: %s', async (kind) => {
    const { store, driver } = await KINDS[kind]();
    await driver.open?.(undefined);
    onTestFinished(() => driver.close?.());
    let isThrough = false;
    for (let lastStep = 1; !isThrough; lastStep += AT_A_TIME) {
      const steps = Array.from({ length: AT_A_TIME }, (_, at) => lastStep + at);
      const ends = steps.map(async (last) => {
        const ids = [freshId(), freshId()] as const;
        const ended = await runUntil({ store, ids, lastStep: last });
        for (const id of ids) await expectInOrder(driver, id);
        return ended;
      });
      isThrough = (await Promise.all(ends)).every(Boolean);
    }
    await driver.collectGarbage?.(Date.now());
    for (const user of ['ann', 'bob']) expect(await idsOf(driver, user)).toEqual([]);
  });
});

/** Wherever the process died, a record is listed for its user only, can be written again, and can be removed. */
async function expectInOrder(driver: RecordDriver, id: string): Promise<void> {
  const left = await driver.read(id);
  for (const user of ['ann', 'bob'])
    expect((await idsOf(driver, user)).includes(id)).toBe(left?.userId === user);
  if (left === null) return;
  const signedIn: SessionRecord = { ...left, version: left.version + 1, userId: 'ann' };
  expect(await driver.write(id, signedIn)).toBe(true);
  expect(await idsOf(driver, 'ann')).toContain(id);
  expect(await driver.destroyVersion?.(id, signedIn.version)).toBe(true);
  expect(await idsOf(driver, 'ann')).not.toContain(id);
}

async function idsOf(driver: RecordDriver, user: string): Promise<string[]> {
  const page = await driver.listByUser?.(user, null);
  return page?.records.map(({ id }) => id) ?? [];
}
