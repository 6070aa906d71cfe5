/** The process of one store, which fills it step by step and measures it at each size. */
import 'reflect-metadata';
import { env, exit, stderr } from 'node:process';
import { watchCollection, type Collection } from './collection.js';
import { fillOneByOne } from './fill.js';
import { timeOperations, type Latency } from './latency.js';
import { idOf, lateMs, recordOf, soonMs } from './records.js';
import { ScaleClock } from './scale-clock.js';
import { storeKinds, type RecordRange, type ScaleStore } from './store.js';

/** The measurements at one number of sessions. */
export interface Measured {
  readonly sessions: number;
  readonly bytesPerSession: number;
  readonly read: Latency;
  readonly write: Latency;
  /** Undefined if the store removes expired records itself. */
  readonly collection: Collection | undefined;
}

/** The task of the process. */
export interface StoreTask {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly operations: number;
  readonly folder: string;
  readonly redisUrl: string;
  readonly postgresUrl: string;
}

/** For this many sessions, one more has expired when garbage is collected. */
const expiredShare = 10;
/** Numbers of expiring sessions start here, apart from those of the others. */
const firstExpiring = 1_000_000_000;

async function fill(store: ScaleStore, records: RecordRange): Promise<void> {
  await (store.fill === undefined
    ? fillOneByOne(store.driver, store.fillWidth, records)
    : store.fill(records));
}

async function measureStep(
  store: ScaleStore,
  clock: ScaleClock,
  sessions: number,
  operations: number,
): Promise<Measured> {
  const { driver } = store;
  const anyNumber = (): number => Math.floor(Math.random() * sessions);
  const readOne = async (): Promise<boolean> => (await driver.read(idOf(anyNumber()))) !== null;
  await store.settle?.();
  const bytesPerSession = (await store.size()) / sessions;
  // Compiles code and opens connections before the first measurement.
  await timeOperations(operations, readOne);
  const read = await timeOperations(operations, readOne);

  const numbers = [...new Set(Array.from({ length: operations }, anyNumber))];
  const versions = await Promise.all(
    numbers.map(async (number) => (await driver.read(idOf(number)))?.version ?? 0),
  );
  const write = await timeOperations(numbers.length, async (index) => {
    const [number = 0, version = 0] = [numbers[index], versions[index]];
    return driver.write(idOf(number), recordOf(number, version + 1, clock.now() + lateMs, clock.now()));
  });

  const now = clock.now();
  await fill(store, {
    from: firstExpiring,
    to: firstExpiring + Math.ceil(sessions / expiredShare),
    expiresAt: now + soonMs,
    now,
  });
  await store.settle?.();
  clock.putForward(soonMs);
  const collection = await watchCollection(store, clock.now(), () => idOf(anyNumber()));
  return { sessions, bytesPerSession, read, write, collection };
}

async function run(task: StoreTask): Promise<Measured[]> {
  const kind = storeKinds.find(({ name }) => name === task.name);
  if (kind === undefined) throw new Error(`There is no store "${task.name}"`);
  const clock = new ScaleClock();
  const open = await kind.load();
  const store = await open({ ...task, clock });
  const measured: Measured[] = [];
  let filled = 0;
  for (const sessions of task.sizes) {
    await fill(store, { from: filled, to: sessions, expiresAt: clock.now() + lateMs, now: clock.now() });
    filled = sessions;
    stderr.write(`${task.name}: ${sessions} sessions\n`);
    measured.push(await measureStep(store, clock, sessions, task.operations));
  }
  await store.close();
  return measured;
}

const task: StoreTask = JSON.parse(env['BENCH_SCALE_TASK'] ?? '');
process.send?.(await run(task), () => exit(0));
