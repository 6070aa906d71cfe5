import { setImmediate as settled } from 'node:timers/promises';
import type { DriverCall, WatchedDriver } from './watched-driver.js';

/** Decides whose call reaches the store next. */
export class Turns {
  readonly #waiting = new Map<string, () => void>();
  readonly #choose: (options: number) => number;
  /** Who did what, in the order in which the calls reached the store, to explain a failure. */
  readonly story: string[] = [];
  #running = 0;

  constructor(choose: (options: number) => number) {
    this.#choose = choose;
  }

  /** Makes each call on a driver wait for its turn from now on. */
  gate(name: string, driver: WatchedDriver): void {
    driver.before = (call) => this.#wait(name, call);
  }

  #wait(name: string, call: DriverCall): Promise<void> {
    return new Promise((resolve) => {
      let key = name;
      while (this.#waiting.has(key)) key += '+';
      this.#waiting.set(key, () => {
        this.story.push(`${name}: ${call.method} ${call.id.slice(0, 4)}`);
        resolve();
      });
    });
  }

  /** Runs all participants to completion, one call to the store at a time. */
  async run<T>(participants: readonly Promise<T>[]): Promise<T[]> {
    this.#running = participants.length;
    const results = participants.map(async (participant) => {
      try {
        return await participant;
      } finally {
        this.#running -= 1;
      }
    });
    const all = Promise.all(results);
    all.catch(() => undefined);
    for (let idle = 0; this.#running > 0 && idle < 1000; idle += 1) {
      await settled();
      const names = [...this.#waiting.keys()].toSorted();
      const name = names[names.length > 1 ? this.#choose(names.length) : 0];
      if (name === undefined) continue;
      idle = 0;
      const go = this.#waiting.get(name);
      this.#waiting.delete(name);
      go?.();
    }
    if (this.#running > 0) throw new Error(`Nobody goes on any more:\n${this.story.join('\n')}`);
    return all;
  }
}

/**
 * Runs a scenario once for every order in which the calls of its participants can reach the store.
 *
 * @returns how many orders there were
 */
export async function everyInterleaving(scenario: (turns: Turns) => Promise<void>): Promise<number> {
  const path: number[] = [];
  for (let runs = 1; ; runs += 1) {
    const options: number[] = [];
    const turns = new Turns((count) => {
      const choice = path[options.length] ?? 0;
      path[options.length] = choice;
      options.push(count);
      return choice;
    });
    try {
      await scenario(turns);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`In this order:\n${turns.story.join('\n')}\n${reason}`, { cause });
    }
    // The next path: the last choice with an alternative left takes it.
    path.length = options.length;
    while (path.length > 0 && (path.at(-1) ?? 0) + 1 >= (options[path.length - 1] ?? 0)) path.pop();
    if (path.length === 0) return runs;
    path[path.length - 1] = (path.at(-1) ?? 0) + 1;
  }
}
