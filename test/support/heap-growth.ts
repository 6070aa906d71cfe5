import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** Bytes in use once all garbage is gone. */
export async function heapUsed(): Promise<number> {
  // What finished callbacks held is let go in the next turns only.
  for (let turn = 0; turn < 4; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (typeof collect === 'function') collect();
  }
  return process.memoryUsage().heapUsed;
}

/** By how many bytes of heap more is in use after something than before it, garbage apart. */
export async function heapGrowth(work: () => Promise<void> | void): Promise<number> {
  const before = await heapUsed();
  await work();
  return (await heapUsed()) - before;
}
