import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** Bytes: far less than what any test asks for. */
const NEGLIGIBLE = 16_384;

/** Bytes in use once all garbage is gone. */
export async function heapUsed(): Promise<number> {
  // What finished callbacks held is let go in the next turns only. Turns are cheap, and a collection is not: it looks at all
  // that the tests of this process have loaded.
  for (let turn = 0; turn < 4; turn += 1) await nextTurn();
  let [before, used] = [Infinity, collected()];
  while (before - used > NEGLIGIBLE) {
    await nextTurn();
    [before, used] = [used, collected()];
  }
  return used;
}

const nextTurn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

function collected(): number {
  if (typeof collect === 'function') collect();
  return process.memoryUsage().heapUsed;
}

/** By how many bytes of heap more is in use after something than before it, garbage apart. */
export async function heapGrowth(work: () => Promise<void> | void): Promise<number> {
  const before = await heapUsed();
  await work();
  return (await heapUsed()) - before;
}
