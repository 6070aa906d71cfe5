import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { LedgerWorld } from './support/ledger-world.js';
import { HISTORIES_TIMEOUT_MS, playing } from './support/replay.js';
import { type TestRequest, World } from './support/world.js';

const STEPS = ['put', 'save', 'touch', 'reload', 'regenerate', 'invalidate', 'destroy', 'leave'] as const;
type Step = (typeof STEPS)[number];

/** What must be true of the session once all is settled. */
class Promised {
  /** Whether a request was told that it has ended. */
  ended = false;
  /** The keys that a request was told are stored. */
  readonly stored = new Set<string>();
}

/** A request that awaits none of its calls. */
class HastyRequest {
  readonly #request: TestRequest;
  readonly #promised: Promised;
  readonly #name: string;
  readonly #other: string;
  readonly #calls: Promise<unknown>[] = [];
  /** Keys that were put into the session, and are to be stored by the next commit. */
  #put: string[] = [];
  #latestReload = 0;
  #invalidated = false;

  /** @param other the id of the session that it leaves for */
  constructor(request: TestRequest, promised: Promised, name: string, other: string) {
    this.#request = request;
    this.#promised = promised;
    this.#name = name;
    this.#other = other;
  }

  do(step: Step, index: number): void {
    const { session } = this.#request;
    // It has left the session, which is all that it is told to do anything with.
    if (!session.initiated) return;
    const isOriginal = session.has('root');
    switch (step) {
      case 'put':
        return this.#doPut(`${this.#name}${index}`, isOriginal);
      case 'save':
        return void this.#calls.push(this.#noting(session.save()));
      case 'touch':
        return void this.#calls.push(session.touch());
      case 'reload':
        return this.#doReload();
      case 'regenerate':
        return void session.regenerate();
      case 'invalidate':
        this.#invalidated ||= isOriginal;
        return void session.invalidate();
      case 'destroy':
        return void this.#calls.push(this.#doDestroy(isOriginal || this.#invalidated));
      case 'leave':
        return this.#doLeave();
    }
  }

  #doPut(key: string, isOriginal: boolean): void {
    this.#request.session.put(key, 1);
    if (isOriginal) this.#put.push(key);
  }

  #doReload(): void {
    this.#put = [];
    this.#invalidated = false;
    this.#latestReload += 1;
    this.#calls.push(this.#request.session.reload());
  }

  async #doDestroy(isOriginal: boolean): Promise<void> {
    this.#put = [];
    this.#invalidated = false;
    await this.#request.session.destroy();
    this.#promised.ended ||= isOriginal;
  }

  #doLeave(): void {
    this.#put = [];
    this.#invalidated = false;
    this.#request.session.setId(this.#other);
  }

  /** Notes what a commit stores, once it has. */
  async #noting(committing: Promise<unknown>): Promise<void> {
    const keys = this.#put;
    // No later reload discards them.
    this.#put = [];
    const invalidated = this.#invalidated;
    const reload = this.#latestReload;
    await committing;
    for (const key of keys) this.#promised.stored.add(key);
    // A reload that was called later may have discarded the ending.
    this.#promised.ended ||= invalidated && reload === this.#latestReload;
  }

  async end(): Promise<void> {
    await this.#noting(
      this.#request.respond().then(({ error }) => {
        if (error !== null) throw error;
      }),
    );
    await Promise.all(this.#calls);
  }
}

const WORLDS: readonly [name: string, make: () => World][] = [
  ['a driver of an application', () => new World((clock) => new CustomDriver(clock))],
  ['a driver that removes versions', () => new World((clock) => new MemoryDriver({}, clock))],
  ['a ledger', () => new LedgerWorld((clock) => new MemoryDriver({}, clock))],
];

describe('two requests that await nothing of what they do with one session', () => {
  it.each(WORLDS)(
    'leave nothing of it once it has ended, and lose nothing that was stored, on %s',
    { timeout: HISTORIES_TIMEOUT_MS },
    async (_name, makeWorld) => {
      const steps = fc.array(fc.constantFrom(...STEPS), { minLength: 1, maxLength: 7 });
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          steps,
          steps,
          fc.boolean(),
          async (scheduler, one, two, isShared) => {
            const world = makeWorld();
            // With the name, a ledger has a line for it.
            const seed = (values: object) => world.seed((session) => session.put({ name: 'ann', ...values }));
            const [id, other] = [await seed({ root: true }), await seed({})];
            const promised = new Promised();
            const here = world.process();
            const processes = [here, isShared ? here : world.process()];
            const play = async (index: number, todo: readonly Step[]): Promise<void> => {
              const request = await processes[index]?.request(id);
              if (request === undefined) return;
              const hasty = new HastyRequest(request, promised, index === 0 ? 'a' : 'b', other);
              for (const [at, step] of todo.entries()) {
                await scheduler.schedule(Promise.resolve(), step);
                hasty.do(step, at);
              }
              await hasty.end();
            };
            world.driver.before = ({ method }) => scheduler.schedule(Promise.resolve(), method);
            world.driver.after = ({ method }) => scheduler.schedule(Promise.resolve(), `after ${method}`);
            await scheduler.waitFor(Promise.all([play(0, one), play(1, two)]));
            const living = await Promise.all((await world.living()).map((each) => world.find(each)));
            const values = living.map((payload) => payload?.d ?? {}).filter(({ root }) => root === true);
            if (promised.ended) expect(values).toEqual([]);
            for (const each of values)
              expect(Object.keys(each)).toEqual(expect.arrayContaining([...promised.stored]));
          },
        ),
        playing(150),
      );
    },
  );
});
