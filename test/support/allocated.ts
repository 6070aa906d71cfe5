import type { HeapProfiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';

/** In bytes. Fine enough that the sum for a megabyte is accurate to a few percent. */
const SAMPLING_INTERVAL = 1024;

/** How many bytes `work` allocates, garbage included: the cost of copying, independent of the machine. */
export async function allocated(work: () => Promise<void>): Promise<number> {
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: SAMPLING_INTERVAL,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    await work();
    const { profile } = await session.post('HeapProfiler.stopSampling');
    return sizeOf(profile.head);
  } finally {
    session.disconnect();
  }
}

function sizeOf({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number {
  return children.reduce((sum, child) => sum + sizeOf(child), selfSize);
}
