import type { HostedSession } from '../../../lib/session/hosted-session.js';
import type { RequestSession } from '../../../lib/session/request-session.js';
import type { RequestPlan, Step } from './history.js';
import type { Event, Found, ModelChange, Moves, Trace } from './trace.js';

/** The environment that a history is played in, real or simulated. */
export interface Stage {
  /** May let other requests go first. */
  pause(): Promise<void>;
  /** The next moment of the whole history, one higher than the previous. */
  tick(): number;
}

const REMOVING: ReadonlySet<ModelChange['op']> = new Set(['flush', 'forget', 'keep']);

/** Plays the steps of one request on a session and records what it did. */
export class Player {
  readonly trace: Trace = { events: [], own: null };
  readonly #stage: Stage;
  readonly #hosted: HostedSession;
  readonly #session: RequestSession;
  readonly #name: string;
  readonly #looks: boolean;
  #changes: ModelChange[] = [];
  #moves: Moves = 'stays';
  /** The first object got from each key, since an application holds on to its references. */
  readonly #held = new Map<string, object>();
  /** Keys whose object was mutated in place since they were last set as a whole. */
  readonly #mutated = new Set<string>();
  /** Touches that the application did not await. */
  readonly #unawaited: Promise<unknown>[] = [];
  #serial = 0;
  /** Whether the request still has the shared session. */
  #shared = true;
  /** Whether the session was gone when the request stored something. */
  #dropped = false;
  /** Whether it found nothing, perhaps because the session had just moved, and so can still end it. */
  #mayReach = false;
  /** Its ending of the session, if that may still be running. */
  #ending: Event | null = null;

  /**
   * @param name a unique name of the request
   * @param looks whether the request reads all values before it changes any
   */
  constructor(stage: Stage, hosted: HostedSession, name: string, looks: boolean) {
    this.#stage = stage;
    this.#hosted = hosted;
    this.#session = hosted.session;
    this.#name = name;
    this.#looks = looks;
  }

  /** @param begin when the session began to be loaded, if that is already over */
  async load(begin: number = this.#stage.tick()): Promise<void> {
    await this.#session.initiate();
    const end = this.#stage.tick();
    const found = this.#session.stored ? foundIn(this.#session, this.#looks) : null;
    this.trace.events.push({ kind: 'load', found, begin, end });
    this.#mayReach = found === null;
    if (found === null) this.#alone();
  }

  async play({ steps }: RequestPlan): Promise<void> {
    for (const step of steps) {
      await this.#stage.pause();
      await this.#perform(step);
    }
  }

  /** Waits for calls that the application did not await. */
  async settled(): Promise<void> {
    await Promise.all(this.#unawaited);
  }

  /** From here on, the request has a session that no other request knows. */
  #alone(): void {
    this.#shared = false;
    this.trace.own = { changes: [] };
  }

  get #unique(): string {
    this.#serial += 1;
    return `${this.#name}${this.#serial}`;
  }

  async #perform(step: Step): Promise<void> {
    const session = this.#session;
    switch (step.op) {
      case 'put': {
        const value = step.key === 'profile' || step.key === 'cart' ? { by: this.#unique } : this.#unique;
        // The model keeps the value as put, without later mutations by the application.
        this.#set(step.key, { op: 'put', key: step.key, value: structuredClone(value) });
        session.put(step.key, value);
        return;
      }
      case 'update': {
        const text = `${this.#unique} `;
        session.update<string>(step.key, (current) => `${current ?? ''}${text}`);
        this.#set(step.key, { op: 'append', key: step.key, text });
        return;
      }
      case 'increment':
        session.increment(step.key, step.by);
        this.#changes.push({ op: 'increment', key: step.key, by: step.by });
        return;
      case 'push': {
        const value = this.#unique;
        session.push(step.key, value);
        this.#changes.push({ op: 'push', key: step.key, value });
        return;
      }
      case 'forget':
        session.forget(step.key);
        this.#set(step.key, { op: 'forget', key: step.key });
        return;
      case 'flush':
        session.flush();
        this.#flush();
        return;
      case 'flash': {
        const value = this.#unique;
        session.flash(step.key, value);
        this.#changes.push({ op: 'flash', key: step.key, value });
        return;
      }
      case 'keep':
        session.reflash();
        this.#changes.push({ op: 'keep' });
        return;
      case 'mutate':
        this.#mutate(step.key);
        return;
      case 'regenerate':
        session.regenerate();
        if (this.#moves === 'stays') this.#moves = 'regenerate';
        return;
      case 'invalidate':
        this.#invalidate();
        return;
      case 'destroy':
        return this.#destroy();
      case 'touch': {
        const touched = this.#session.touch();
        if (step.waits) await touched;
        else this.#unawaited.push(touched);
        return;
      }
      case 'save':
        await this.commit(() => session.save());
    }
  }

  #set(key: string, change: ModelChange): void {
    this.#changes.push(change);
    this.#held.delete(key);
    this.#mutated.delete(key);
  }

  #flush(): void {
    this.#changes.push({ op: 'flush' });
    this.#held.clear();
    this.#mutated.clear();
  }

  #mutate(key: string): void {
    const object = this.#held.get(key) ?? this.#session.get(key);
    if (typeof object !== 'object' || object === null) return;
    if (Array.isArray(object)) object.push(this.#unique);
    else Reflect.set(object, this.#unique, true);
    this.#held.set(key, object);
    this.#mutated.add(key);
  }

  #invalidate(): void {
    const begin = this.#stage.tick();
    this.#session.invalidate();
    this.#moves = 'invalidate';
    this.#flush();
    if (!this.#mayReach || this.trace.own?.changes.length !== 0) return;
    this.#mayReach = false;
    this.#changes = [];
    this.#ending = { kind: 'destroy', begin, end: Infinity };
    this.trace.events.push(this.#ending);
  }

  async #destroy(): Promise<void> {
    const begin = this.#stage.tick();
    const shared = (this.#shared || this.#mayReach) && !this.#dropped;
    this.#mayReach = false;
    this.#changes = [];
    this.#moves = 'stays';
    this.#held.clear();
    this.#mutated.clear();
    await this.#session.destroy();
    if (shared) this.trace.events.push({ kind: 'destroy', begin, end: this.#stage.tick() });
    this.#dropped = false;
    this.#alone();
  }

  /** Commits with the given function and records what was committed. */
  async commit(commit: () => Promise<unknown>): Promise<void> {
    await this.#commit(commit);
    if (this.#ending !== null) this.#ending.end = this.#stage.tick();
    this.#ending = null;
  }

  async #commit(commit: () => Promise<unknown>): Promise<void> {
    if (!this.#hosted.due || this.#dropped) {
      // A removal without effect waits for a commit that has more to do.
      await commit();
      return;
    }
    const { changes, moves } = this.#take();
    const begin = this.#stage.tick();
    await commit();
    this.#committed(changes, moves, this.#session.stored, begin, this.#stage.tick());
  }

  /** Leaves the last commit to the package, with an unknown outcome. */
  leave(): void {
    if (!this.#hosted.due || this.#dropped) return;
    const { changes, moves } = this.#take();
    this.#committed(changes, moves, null, this.#stage.tick(), Infinity);
  }

  #take(): { changes: ModelChange[]; moves: Moves } {
    const changes = this.#changes;
    for (const key of this.#mutated) {
      const held = this.#held.get(key);
      if (held !== undefined) changes.push({ op: 'put', key, value: structuredClone(held) });
    }
    const moves = this.#moves;
    this.#changes = [];
    this.#moves = 'stays';
    this.#mutated.clear();
    return { changes, moves };
  }

  #committed(changes: ModelChange[], moves: Moves, stored: boolean | null, begin: number, end: number): void {
    if (!this.#shared) {
      // Removing a missing value begins no session; it may have been the only change beside an ending.
      const isNothing = stored === false && changes.every(({ op }) => REMOVING.has(op));
      if (!isNothing) this.trace.own?.changes.push(...changes);
      return;
    }
    this.trace.events.push({ kind: 'commit', changes, moves, stored, begin, end });
    if (stored === false) {
      this.#dropped = true;
    } else if (moves === 'invalidate') {
      this.#alone();
      this.trace.own?.changes.push(...changes.slice(changes.findLastIndex(({ op }) => op === 'flush') + 1));
    }
  }
}

function foundIn(session: RequestSession, looks: boolean): Found {
  const messages = session.flashMessages.all();
  if (!looks) return structuredClone({ values: null, messages });
  const values = Object.entries(session.all()).filter(([key]) => !(key in messages));
  return structuredClone({ values: Object.fromEntries(values), messages });
}
