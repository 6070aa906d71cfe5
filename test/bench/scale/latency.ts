import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** In milliseconds. */
export interface Latency {
  readonly median: number;
  readonly p99: number;
}

/** The latency of an operation, run one after the other. @throws Error if one returns false */
export async function timeOperations(
  count: number,
  operation: (index: number) => Promise<boolean>,
): Promise<Latency> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    const isRight = await operation(index);
    times.push(performance.now() - start);
    if (!isRight) throw new Error(`Operation ${index} did not find its session`);
    // Keep leftover work of the previous operation out of the next measurement
    await nextTurn();
  }
  times.sort((left, right) => left - right);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { median: at(0.5), p99: at(0.99) };
}
