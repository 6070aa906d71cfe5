import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectFlash } from '../../lib/session/express-session/connect-flash.js';
import { parsePayload } from '../../lib/state/payload.js';
import { SessionState } from '../../lib/state/session-state.js';
import { FlashReference, RequestReference } from './support/flash-reference.js';

/** More runs find rarer failures: FLASH_RUNS=50000 npx vitest run test/state/flash-histories.spec.ts */
const RUNS = Number(process.env['FLASH_RUNS'] ?? 400);

const NAMES = ['a', 'b'] as const;

/** What one of three parallel requests does. Its first event begins it. */
interface Event {
  readonly request: 0 | 1 | 2;
  readonly use: (typeof USES)[number];
  readonly name: (typeof NAMES)[number];
  /** Whether the request uses messages up, if this is its first event. */
  readonly consumes: boolean;
}

const USES = [
  ...(['add', 'add', 'read', 'readAll', 'flash', 'now', 'keep', 'reflash', 'forget', 'pull', 'get'] as const),
  ...(['forgetFirst', 'forgetSecond', 'commit', 'end', 'end'] as const),
];

/** A session in a store: each commit that finds a newer record replays its changes on it. */
class Store {
  #text = '';
  #writes = 0;

  load(consumes: boolean): SessionState {
    if (this.#writes === 0) return SessionState.empty(JSON, 0);
    // As for a request over HTTP: it is told later.
    return SessionState.loaded(JSON, this.#payload(), this.#text, () => consumes);
  }

  #payload() {
    const parsed = parsePayload(this.#text, JSON);
    if (parsed.kind !== 'session') throw new Error(parsed.kind);
    return parsed.payload;
  }

  /** @returns the number of the newest write */
  commit(state: SessionState, base: number): number {
    if (!state.hasChanges) return base;
    if (base < this.#writes) state.rebase(this.#payload(), this.#text);
    const draft = state.draft(undefined, undefined);
    this.#text = draft.text;
    this.#writes = draft.payload.n;
    state.onStored(draft);
    return this.#writes;
  }

  get writes(): number {
    return this.#writes;
  }

  seen(): Record<string, unknown> {
    return withoutEmpty(this.load(true).flash.all());
  }
}

/** A list whose messages were all removed may stay. */
const withoutEmpty = (shown: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(shown).filter(([, value]) => !isEmptyList(value)));

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** A request, and what the reference says about it. */
class Pair {
  readonly #state: SessionState;
  readonly #reference: RequestReference;
  #base: number;
  #showsLess = false;

  constructor(
    private readonly store: Store,
    world: FlashReference,
    consumes: boolean,
  ) {
    this.#state = store.load(consumes);
    this.#base = store.writes;
    this.#reference = new RequestReference(world, consumes);
  }

  /** Performs a use, and returns what the two say. */
  perform(use: Event['use'], name: string, text: string): readonly [unknown, unknown] {
    const { flash } = this.#state;
    if (['pull', 'read', 'readAll', 'now', 'commit'].includes(use)) this.#showsLess = true;
    const reqFlash = (...args: string[]): unknown => connectFlash(flash, () => flash, args);
    switch (use) {
      case 'add':
        return [reqFlash(name, text), this.#reference.add(name, text)];
      case 'read':
        return [reqFlash(name), this.#reference.read(name)];
      case 'readAll':
        return [withoutEmpty(Object(reqFlash())), this.#reference.readAll()];
      case 'flash':
      case 'now':
        return [flash[use](name, text), this.#reference[use](name, text)];
      case 'keep':
        return [flash.keep([name]), this.#reference.keep(name)];
      case 'reflash':
        return [flash.keep(), this.#reference.reflash()];
      case 'forget':
        return [this.#state.forget(name), this.#reference.forget(name)];
      case 'forgetFirst':
        return this.#forgetItem(name, 0);
      case 'forgetSecond':
        return this.#forgetItem(name, 1);
      case 'pull':
        return [orUndefined(this.#state.pull(name)), this.#reference.pull(name)];
      case 'get':
        return [orUndefined(this.#state.read(name)), this.#reference.get(name)];
      case 'commit':
      case 'end':
        return this.commit();
    }
  }

  #forgetItem(name: string, index: number): readonly [unknown, unknown] {
    return [this.#state.forget(`${name}.${index}`), this.#reference.forgetItem(name, index)];
  }

  /**
   * Whether the lists that it shows are the stored ones, in which an index counts: no other request has written
   * since it loaded the session, and it neither covered nor used up what it shows.
   */
  get isListAsStored(): boolean {
    return this.#base === this.store.writes && !this.#showsLess;
  }

  commit(): readonly [unknown, unknown] {
    this.#base = this.store.commit(this.#state, this.#base);
    return [undefined, this.#reference.commit()];
  }
}

const orUndefined = (value: unknown): unknown => (isEmptyList(value) ? undefined : value);

function play(history: readonly Event[]): void {
  const store = new Store();
  const world = new FlashReference(NAMES);
  const open = new Map<number, Pair>();
  for (const [number, { request, use, name, consumes }] of history.entries()) {
    const pair = open.get(request) ?? new Pair(store, world, consumes);
    open.set(request, pair);
    const isItem = use === 'forgetFirst' || use === 'forgetSecond';
    if (isItem && !pair.isListAsStored) continue;
    const [done, said] = pair.perform(use, name, `message ${number}`);
    expect(done, `event ${number}`).toEqual(said);
    if (isItem) pair.commit();
    if (use === 'end') open.delete(request);
    expect(store.seen(), `after event ${number}`).toEqual(world.seen());
  }
}

const event: fc.Arbitrary<Event> = fc.record({
  request: fc.constantFrom(0, 0, 0, 1, 1, 2),
  use: fc.constantFrom(...USES),
  name: fc.constantFrom(...NAMES),
  consumes: fc.constantFrom(true, true, true, false),
});

describe('flash messages of several requests', () => {
  it('are shown as the reference says, whatever the requests do, one after the other or in parallel', () => {
    fc.assert(fc.property(fc.array(event, { maxLength: 30, size: 'max' }), play), { numRuns: RUNS });
  });
});
