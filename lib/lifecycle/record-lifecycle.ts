import { randomId } from '../crypto/random-id.js';
import type { SessionRecord } from '../drivers/driver.js';
import { SessionStoreError } from '../session.errors.js';
import { type ParsedPayload, parsePayload } from '../state/payload.js';
import { type Draft, SessionState } from '../state/session-state.js';
import type { CommitQueue, Newest } from './commit-queue.js';
import type { RecordEnding } from './record-ending.js';
import type { RecordStore } from './record-store.js';
import { type Base, SessionLifecycle } from './session-lifecycle.js';
import type { Client, SessionRuntime } from './session-runtime.js';
import { nextWriter } from './writer-mark.js';

/** How often a commit tries again because others wrote first. Each time somebody else's commit succeeded. */
const MAX_ATTEMPTS = 200;
/** After so many collisions in a row, a commit waits a moment before the next attempt. */
const PATIENT_ATTEMPTS = 3;

/** What the tools of one application's record driver are. */
export interface RecordTools {
  readonly store: RecordStore;
  readonly queue: CommitQueue;
  readonly ending: RecordEnding;
}

type Outcome = { readonly kind: 'stored' } | { readonly kind: 'gone' } | { readonly kind: 'moved'; readonly to: string };

const STORED: Outcome = { kind: 'stored' };

/**
 * A session whose record lies in a store. Commits write with the version that was read; when another request wrote
 * first, this request's changes are replayed on the newest record. See "Parallel requests" in the documentation.
 */
export class RecordLifecycle extends SessionLifecycle {
  readonly #tools: RecordTools;

  constructor(runtime: SessionRuntime, tools: RecordTools, ages: boolean, clientOf: (() => Client) | null) {
    super(runtime, ages, clientOf);
    this.#tools = tools;
  }

  override get token(): string {
    return this.runtime.keyring.sign(this.id);
  }

  // ---- loading -------------------------------------------------------------------------------------------------

  override initiate(token: string): Promise<void> | void {
    const id = this.runtime.keyring.verify(token);
    if (id !== null) return this.load(id);
  }

  override async load(id: string): Promise<void> {
    let record: SessionRecord | null;
    try {
      record = await this.#tools.store.read(id);
    } catch (error) {
      if (!this.runtime.degrade) throw error;
      this.degrade();
      return;
    }
    if (record === null) return;
    const parsed = this.#parse(record.payload);
    if (parsed.kind !== 'session') return;
    this.adopt(
      { id, version: record.version, expiresAt: record.expiresAt },
      SessionState.loaded(this.runtime.serializer, parsed.payload, record.payload, this.ages),
    );
  }

  #parse(text: string): ParsedPayload {
    const parsed = parsePayload(text, this.runtime.serializer);
    if (parsed.kind === 'corrupt') {
      this.runtime.log.warn('A session record could not be read: it counts as absent.');
    }
    return parsed;
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  protected override async store(): Promise<void> {
    if (this.base === null) return this.#create();
    if (!this.moving && !this.state.due) {
      if (!(await this.#renew())) this.drop();
      return;
    }
    return this.#update();
  }

  async #create(): Promise<void> {
    const { id, state } = this;
    const draft = state.draft(nextWriter(), undefined);
    const { expiresAt } = this.nextExpiry();
    if (await this.#tools.store.write(id, this.#record(draft, 1, expiresAt))) {
      this.settled(state, draft, { id, version: 1, expiresAt }, true);
      return;
    }
    // Somebody has this id: with 256 random bits only one that the application chose. It is left alone; what is still
    // due is stored under another one in the commit's next pass.
    state.notStored();
    if (this.currentId === id) this.currentId = randomId();
  }

  async #renew(): Promise<boolean> {
    if (this.base === null) return false;
    const expiresAt = this.runtime.clock.now() + this.duration;
    if (!(await this.extend(expiresAt))) return false;
    this.base.expiresAt = expiresAt;
    this.renewalDone();
    // A cookie without Max-Age has nothing to renew.
    if (!this.runtime.clearWithBrowser || this.state.duration !== undefined) this.cookieDue = true;
    return true;
  }

  protected override async extend(expiresAt: number): Promise<boolean> {
    return this.base !== null && (await this.#tools.store.touch(this.base.id, expiresAt));
  }

  protected override remove(base: Base): Promise<void> {
    return this.#tools.ending.end(base.id, base.version);
  }

  async #update(): Promise<void> {
    for (let moves = 0; moves < MAX_ATTEMPTS && this.base !== null; moves += 1) {
      const { base } = this;
      const outcome = await this.#tools.queue.run(base.id, (newest, leave) => this.#merge(base, newest, leave));
      if (outcome.kind === 'stored') return;
      if (outcome.kind === 'gone' || !(await this.#follow(outcome.to))) {
        this.drop();
        return;
      }
    }
    throw contention();
  }

  /**
   * Goes on with the record that another request moved the session to.
   *
   * @returns false where there is no such record any more
   */
  async #follow(to: string): Promise<boolean> {
    const record = await this.#tools.store.read(to);
    if (record === null) return false;
    const parsed = this.#parse(record.payload);
    if (parsed.kind === 'moved') return this.#follow(parsed.to);
    if (parsed.kind !== 'session') return false;
    this.followed = true;
    this.state.notStored();
    this.state.rebase(parsed.payload, record.payload);
    this.base = { id: to, version: record.version, expiresAt: record.expiresAt };
    // The other request's new id serves this one's regenerate as well: two new ids at once would throw one browser
    // cookie away. Only invalidate insists on an id that nobody else knows.
    if (this.leavesMarker) {
      this.cookieDue = this.fresh;
      this.currentId = to;
    }
    return true;
  }

  /** One commit's turn in the queue: tries until its changes are on top of whatever is newest. */
  async #merge(base: Base, newest: Newest | null, leave: (newest: Newest) => void): Promise<Outcome> {
    if (newest !== null && newest.kind !== 'record') {
      leave(newest);
      return newest;
    }
    if (newest !== null && newest.version > base.version) this.#rebase(newest);
    /** Versions written under the new id, where the session moves. */
    let written = 0;
    let writtenTo: string | null = null;
    const { state } = this;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (attempt > PATIENT_ATTEMPTS) await pause(attempt);
      // The application let go of this session while others wrote it: nothing of it is to be stored any more.
      if (state !== this.state) {
        if (writtenTo !== null) await this.#tools.store.destroy(writtenTo);
        return STORED;
      }
      const current = this.base ?? base;
      const draft = state.draft(nextWriter(), undefined);
      const { expiresAt, renewed } = this.nextExpiry();
      const movingTo = this.moving ? this.id : null;
      if (movingTo !== null) {
        if (movingTo !== writtenTo) written = 0;
        writtenTo = movingTo;
        written += 1;
        if (!(await this.#tools.store.write(movingTo, this.#record(draft, written, expiresAt)))) throw contention();
      }
      const left =
        movingTo === null ? await this.#replace(current, draft, expiresAt) : await this.#leave(current, movingTo);
      if (left.kind === 'stored') {
        if (movingTo === null) {
          leave({ kind: 'record', version: current.version + 1, payload: draft.text, expiresAt });
        } else {
          leave(this.leavesMarker ? { kind: 'moved', to: movingTo } : { kind: 'gone' });
        }
        const version = movingTo !== null ? written : current.version + 1;
        this.settled(state, draft, { id: movingTo ?? current.id, version, expiresAt }, movingTo !== null || renewed);
        return STORED;
      }
      if (left.kind !== 'record') {
        // Nobody knows the new id yet: its record goes before it could ever be found.
        if (movingTo !== null) await this.#tools.store.destroy(movingTo);
        leave(left);
        return left;
      }
      this.#rebase(left);
    }
    throw contention();
  }

  /** Writes in place of the version that was read. */
  async #replace(base: Base, draft: Draft, expiresAt: number): Promise<Outcome | (Newest & { kind: 'record' })> {
    if (await this.#tools.store.write(base.id, this.#record(draft, base.version + 1, expiresAt))) return STORED;
    const record = await this.#tools.store.read(base.id);
    // A client that repeats a command after a broken connection hears "somebody was first" about its own write.
    if (record !== null && record.payload === draft.text) return STORED;
    return this.#newestOf(record);
  }

  /** Leaves the old id for the new one: with a marker for those under way, or (invalidate) with nothing. */
  async #leave(base: Base, to: string): Promise<Outcome | (Newest & { kind: 'record' })> {
    const { ending } = this.#tools;
    const done = this.leavesMarker
      ? await ending.mark(base.id, base.version, to)
      : await ending.endVersion(base.id, base.version);
    if (done) return STORED;
    const record = await this.#tools.store.read(base.id);
    const newest = this.#newestOf(record);
    return newest.kind === 'moved' && newest.to === to ? STORED : newest;
  }

  #newestOf(record: SessionRecord | null): (Outcome & { kind: 'gone' | 'moved' }) | (Newest & { kind: 'record' }) {
    if (record === null) return { kind: 'gone' };
    const parsed = this.#parse(record.payload);
    if (parsed.kind === 'moved') return parsed;
    if (parsed.kind !== 'session') return { kind: 'gone' };
    return { kind: 'record', version: record.version, payload: record.payload, expiresAt: record.expiresAt };
  }

  #rebase(newest: Newest & { kind: 'record' }): void {
    if (this.base === null) return;
    const parsed = parsePayload(newest.payload, this.runtime.serializer);
    if (parsed.kind !== 'session') throw contention();
    this.state.notStored();
    this.state.rebase(parsed.payload, newest.payload);
    this.base = { id: this.base.id, version: newest.version, expiresAt: newest.expiresAt };
  }

  #record(draft: Draft, version: number, expiresAt: number): SessionRecord {
    const { ipAddress, userAgent } = this.client;
    return {
      payload: draft.text,
      expiresAt,
      version,
      lastActivity: this.runtime.clock.now(),
      userId: this.userId,
      ipAddress,
      userAgent,
    };
  }
}

function contention(): SessionStoreError {
  return new SessionStoreError(
    `A session could not be stored in ${MAX_ATTEMPTS} attempts: other processes kept writing it. ` +
      'Does something write it in a loop?',
  );
}

/** A random moment that grows with the attempts, so that processes in step fall out of step. */
function pause(attempt: number): Promise<void> {
  const limit = Math.min(20, 2 ** (attempt - PATIENT_ATTEMPTS));
  return new Promise((resolve) => {
    setTimeout(resolve, Math.random() * limit);
  });
}
