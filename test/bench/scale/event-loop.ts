import { readFileSync } from 'node:fs';
import { performance, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const schedulerFile = `/proc/self/task/${process.pid}/schedstat`;

/**
 * How long this thread has waited for a core so far because other programs used them all, in milliseconds. Linux only;
 * 0 elsewhere.
 */
function waitedForCoreMs(): number {
  try {
    const [, waitedNanos = '0'] = readFileSync(schedulerFile, 'utf8').split(' ');
    return Number(waitedNanos) / 1e6;
  } catch {
    return 0;
  }
}

/** Times in milliseconds since the process started. */
interface Span {
  readonly from: number;
  readonly to: number;
}

interface Gap extends Span {
  /** Its length, minus the time without a free core. */
  readonly ownMs: number;
}

/** The longest time that the event loop did not turn. */
export interface LongestBlock {
  /** Without the time that other programs occupied all cores. */
  readonly ms: number;
  /** The same, also without the pauses of V8's garbage collector. */
  readonly withoutGcMs: number;
}

const shortMs = 0.1;
/** V8 reports its pauses with a delay. */
const reportDelayMs = 10;

/** Measures how long the event loop goes without turning. */
export class EventLoopWatch {
  readonly #gaps: Gap[] = [];
  readonly #pauses: Span[] = [];
  readonly #observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      this.#pauses.push({ from: startTime, to: startTime + duration });
    }
  });
  #isWatching = true;
  #lastTurn = performance.now();
  #lastWait = waitedForCoreMs();

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
    this.#turn();
  }

  /** Stops watching. */
  async stop(): Promise<LongestBlock> {
    this.#isWatching = false;
    await sleep(reportDelayMs);
    this.#observer.disconnect();
    const longest = (lengths: readonly number[]): number =>
      lengths.reduce((most, ms) => Math.max(most, ms), 0);
    return {
      ms: longest(this.#gaps.map((gap) => gap.ownMs)),
      withoutGcMs: longest(this.#gaps.map((gap) => gap.ownMs - this.#pausedMs(gap))),
    };
  }

  #pausedMs(gap: Gap): number {
    return this.#pauses.reduce(
      (sum, pause) => sum + Math.max(0, Math.min(gap.to, pause.to) - Math.max(gap.from, pause.from)),
      0,
    );
  }

  readonly #turn = (): void => {
    const [now, wait] = [performance.now(), waitedForCoreMs()];
    const ownMs = now - this.#lastTurn - (wait - this.#lastWait);
    if (ownMs > shortMs) this.#gaps.push({ from: this.#lastTurn, to: now, ownMs });
    [this.#lastTurn, this.#lastWait] = [now, wait];
    if (this.#isWatching) setImmediate(this.#turn);
  };
}
