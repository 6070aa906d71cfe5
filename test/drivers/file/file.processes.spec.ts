import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FileDriver } from '../../../lib/drivers/file/file.driver.js';
import { freshId, sampleRecord } from '../../conformance/record-samples.js';
import { compileProgram } from '../../support/compile-program.js';
import { countOf, payloadOf } from './counting-payload.js';
import type { CountingOrder, CountingReport } from './counting-process.js';
import { entriesOf, useStoreFolders } from './store-folder.js';

/** More kills find more; set SESSION_TEST_KILLS=300, for example. */
const kills = Number(process.env['SESSION_TEST_KILLS'] ?? 12);

describe('several processes on one folder', () => {
  const makeFolder = useStoreFolders();
  const running = new Set<ChildProcess>();
  let programFolder: string;
  let program: string;

  beforeAll(async () => {
    programFolder = await mkdtemp(join(tmpdir(), 'session-program-'));
    program = await compileProgram(join(import.meta.dirname, 'counting-process.ts'), programFolder);
  });
  afterAll(() => rm(programFolder, { recursive: true }));
  afterEach(async () => {
    for (const child of running) child.kill('SIGKILL');
  });

  /** A store whose sessions each hold a counter of 0, and the reports about them. */
  async function makeCounters(number: number) {
    const location = await makeFolder();
    const driver = new FileDriver({ location });
    await driver.open();
    const ids = Array.from({ length: number }, freshId);
    for (const id of ids) await driver.write(id, sampleRecord(Date.now(), { payload: payloadOf(0) }));
    const stored = new Map(ids.map((id) => [id, 0]));
    const wrong: string[] = [];
    const take = (report: CountingReport) => {
      if ('wrong' in report) {
        wrong.push(report.wrong);
      } else {
        stored.set(report.stored, (stored.get(report.stored) ?? 0) + 1);
      }
    };
    const countsKept = async () => {
      const records = await Promise.all(ids.map((id) => driver.read(id)));
      return records.map((record) => (record === null ? undefined : countOf(record.payload)));
    };
    return { location, driver, ids, stored, wrong, take, countsKept };
  }

  function start(order: CountingOrder, take: (report: CountingReport) => void) {
    const child = fork(program, { execArgv: [] });
    running.add(child);
    child.on('message', take);
    child.send(order);
    const ended = once(child, 'exit').finally(() => running.delete(child));
    return { child, ended };
  }

  it('lose no update of four processes, to a shared session or to their own', async () => {
    const { location, driver, ids, stored, wrong, take, countsKept } = await makeCounters(4);
    const [shared = '', ...own] = ids;
    const processes = [...own, shared].map((id) => start({ location, ids: [shared, id], times: 40 }, take));
    await Promise.all(processes.map(({ ended }) => ended));
    expect(wrong).toEqual([]);
    expect(await countsKept()).toEqual([100, 20, 20, 20]);
    expect([...stored.values()]).toEqual([100, 20, 20, 20]);
    expect(await entriesOf(location), 'nothing but the records').toHaveLength(4);
    expect(await driver.collectGarbage(Date.now())).toBe(0);
  });

  it('survive when one of them is killed again and again, at any moment', async () => {
    const { location, driver, ids, stored, wrong, take, countsKept } = await makeCounters(2);
    const survivors = [ids, ids.toReversed(), ids].map((order) => start({ location, ids: order }, take));
    for (let kill = 0; kill < kills; kill++) {
      const victim = start({ location, ids }, take);
      await once(victim.child, 'message');
      await delay(Math.random() * 10);
      victim.child.kill('SIGKILL');
      await victim.ended;
    }
    // Each must have made progress after the last kill.
    for (const { child } of survivors) await once(child, 'message');
    for (const { child, ended } of survivors) {
      child.kill('SIGKILL');
      await ended;
    }
    expect(wrong).toEqual([]);
    const counts = await countsKept();
    const reported = [...stored.values()];
    const unreported = counts.map((count, index) => (count ?? Number.NaN) - (reported[index] ?? 0));
    expect(Math.min(...unreported), 'no increment that was reported is missing').toBeGreaterThanOrEqual(0);
    const total = unreported.reduce((sum, count) => sum + count, 0);
    expect(total, 'each killed process had one increment under way').toBeLessThanOrEqual(
      kills + survivors.length,
    );
    await driver.collectGarbage(Date.now());
    expect(await entriesOf(location), 'nothing but the records').toHaveLength(2);
  });
});
