import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** In bytes; far less than any test checks for. */
const NEGLIGIBLE = 16_384;

/** The bytes of heap in use after garbage collection. */
export async function heapUsed(): Promise<number> {
  // Objects held by finished callbacks are released only in later turns of the event loop. Turns are cheap; a
  // collection is not, because it traverses everything that the tests of this process have loaded.
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

/** How many bytes of heap `work` retains, garbage excluded. */
export async function heapGrowth(work: () => Promise<void> | void): Promise<number> {
  const before = await heapUsed();
  await work();
  return (await heapUsed()) - before;
}
