import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const schedulerFile = `/proc/self/task/${process.pid}/schedstat`;

/**
 * How long this thread has waited for a core so far, in milliseconds, because other programs had them. Linux keeps
 * count; 0 elsewhere.
 */
function waitedForCoreMs(): number {
  try {
    const [, waitedNanos = '0'] = readFileSync(schedulerFile, 'utf8').split(' ');
    return Number(waitedNanos) / 1e6;
  } catch {
    return 0;
  }
}

/** Watches how long the event loop goes without turning. */
export class EventLoopWatch {
  #longestMs = 0;
  #isWatching = true;
  #lastTurn = performance.now();
  #lastWait = waitedForCoreMs();

  constructor() {
    this.#turn();
  }

  /** Ends the watch. @returns the longest time between two turns in ms, without the time that no core was free */
  stop(): number {
    this.#isWatching = false;
    return this.#longestMs;
  }

  readonly #turn = (): void => {
    const [now, wait] = [performance.now(), waitedForCoreMs()];
    this.#longestMs = Math.max(this.#longestMs, now - this.#lastTurn - (wait - this.#lastWait));
    [this.#lastTurn, this.#lastWait] = [now, wait];
    if (this.#isWatching) setImmediate(this.#turn);
  };
}
