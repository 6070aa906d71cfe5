import { randomId } from '../crypto/random-id.js';
import type { SessionRecord } from '../drivers/driver.js';
import { SessionStoreError } from '../session.errors.js';
import type { Ages } from '../state/flash-state.js';
import { parsePayload } from '../state/payload.js';
import { SessionState } from '../state/session-state.js';
import type { Base, Reloaded } from './base.js';
import type { CommitQueue, Newest, Turn } from './commit-queue.js';
import { isFull } from '../drivers/guard/full-store.js';
import { MARKER_MS, type RecordEnding } from './record-ending.js';
import { type Found, GONE, type RecordFinder } from './record-finder.js';
import { type RecordStore, isOwn, writeOwn } from './record-store.js';
import { type Moved, Relocation } from './relocation.js';
import { SessionLifecycle } from './session-lifecycle.js';
import type { Client, SessionRuntime } from './session-runtime.js';
import type { Move, Shipment } from './shipment.js';
import { nextWriter } from './writer-mark.js';

/** How often a commit tries again because others wrote first. Each time somebody else's commit succeeded. */
const MAX_ATTEMPTS = 200;
/** After so many collisions in a row, a commit waits a moment before the next attempt. */
const PATIENT_ATTEMPTS = 3;

/** What the tools of one application's record driver are. */
export interface RecordTools {
  readonly store: RecordStore;
  readonly finder: RecordFinder;
  readonly queue: CommitQueue;
  readonly ending: RecordEnding;
  /** Lets some ms pass. */
  readonly wait: (ms: number) => Promise<unknown>;
}

type Outcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'gone' }
  /** The session under the old id; nothing is stored under the new one yet. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'moved'; readonly to: string };

const STORED = { kind: 'stored' } as const;
const ENDED = { kind: 'ended' } as const;

/**
 * A session whose record lies in a store. Commits write with the version that was read; when another request wrote
 * first, this request's changes are replayed on the newest record. See "Parallel requests" in the documentation.
 */
export class RecordLifecycle extends SessionLifecycle {
  override readonly livesInCookie = false;
  readonly #tools: RecordTools;
  /** What is being sent, and what was sent without an answer. */
  #shipment: Shipment | null = null;
  /** Null until the session moves. */
  #relocation: Relocation | null = null;

  constructor(runtime: SessionRuntime, tools: RecordTools, ages: Ages, clientOf: (() => Client) | null) {
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
    const found = await this.#findOrDegrade(id);
    if (found.kind === 'moved') this.leave(found.to);
    if (found.kind !== 'record' || this.runtime.lifetimes.isOverAge(found.payload.c)) return;
    const { record, payload } = found;
    this.adopt(
      { id, version: record.version, expiresAt: record.expiresAt },
      SessionState.loaded(this.runtime.serializer, payload, record.payload, this.ages),
    );
  }

  protected override async loadAgain(base: Base): Promise<Reloaded | null> {
    let { id } = base;
    for (let moves = 0; moves < MAX_ATTEMPTS; moves += 1) {
      const found = await this.#findOrDegrade(id);
      if (found.kind === 'gone') return null;
      if (found.kind === 'record') {
        const { version, expiresAt, payload } = found.record;
        return { base: { id, version, expiresAt }, state: this.state.reloaded(found.payload, payload) };
      }
      id = found.to;
    }
    throw contention();
  }

  async #findOrDegrade(id: string): Promise<Found> {
    try {
      return await this.#tools.finder.find(id);
    } catch (error) {
      if (!this.runtime.degrade) throw error;
      this.degrade();
      return GONE;
    }
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  protected override get undecided(): Base | null {
    const shipment = this.#shipment;
    if (shipment === null || shipment.state !== this.state) return null;
    return { id: shipment.id, version: 0, expiresAt: shipment.record.expiresAt };
  }

  protected override store(): Promise<void> {
    // What was not decided for a session that the request has let go of is nobody's any more.
    if (this.undecided === null) this.#shipment = null;
    if (this.base === null) return this.#create();
    if (this.renewalDue && this.#shipment === null && !this.moving && !this.state.due) return this.#renew();
    return this.#update();
  }

  async #create(): Promise<void> {
    const shipment = this.#shipped(() => this.#pack(this.id, 1, null));
    const { id, record, state } = shipment;
    let stored: boolean;
    try {
      stored = await writeOwn(this.#tools.store, id, record);
    } catch (error) {
      this.#notSent(shipment, error);
      throw error;
    }
    this.#shipment = null;
    if (stored) {
      this.#arrived(shipment);
      return;
    }
    // Somebody has this id: with 256 random bits only one that the application chose. It is left alone; what is still
    // due is stored under another one in the commit's next pass.
    state.notStored();
    if (this.currentId === id) this.currentId = randomId();
  }

  async #renew(): Promise<void> {
    const expiresAt = this.fullExpiry;
    let extended: boolean;
    try {
      extended = await this.extend(expiresAt);
    } catch (error) {
      // The application changed nothing: a visit that could not be noted is no reason to fail it.
      if (!(error instanceof SessionStoreError) || !(this.runtime.degrade || isFull(error))) throw error;
      this.renewalDone();
      return;
    }
    if (!extended) {
      this.drop();
      return;
    }
    if (this.base !== null) this.base.expiresAt = expiresAt;
    this.renewalDone();
    // A cookie without Max-Age has nothing to renew.
    if (!this.runtime.lifetimes.endsWithBrowser(this.state)) this.cookieDue = true;
  }

  /**
   * `touch` cannot tell a session from the marker that a parallel regenerate left in its place: so the record is looked
   * at afterwards. Without that, the marker would live on, and the browser be led back to an id that is none any more.
   */
  protected override async extend(expiresAt: number): Promise<boolean> {
    const { state } = this;
    const { store, finder } = this.#tools;
    for (let moves = 0; moves < MAX_ATTEMPTS && this.base !== null; moves += 1) {
      const { base } = this;
      if (!(await store.touch(base.id, expiresAt))) return false;
      const found = await finder.find(base.id);
      if (found.kind !== 'moved') return found.kind === 'record';
      await store.touch(base.id, this.runtime.clock.now() + MARKER_MS);
      if (state !== this.state) return false;
      // It may be this request's own commit that has just moved the session, and has not heard of it yet. Where it was
      // another one, the commit follows by itself.
      if (this.undecided !== null) return true;
      if (this.base === base && !(await this.#follow(found.to))) return false;
    }
    return false;
  }

  protected override async remove(base: Base): Promise<boolean> {
    const ended = await this.#tools.ending.end(base.id, base.version);
    await this.#relocation?.abandon(null);
    return ended;
  }

  async #update(): Promise<void> {
    const { state } = this;
    for (let moves = 0; moves < MAX_ATTEMPTS && this.base !== null; moves += 1) {
      const { base } = this;
      const outcome = await this.#tools.queue.run(base.id, (turn) => this.#merge(base, turn));
      if (outcome.kind === 'stored') return;
      // The application let go of this session meanwhile.
      if (state !== this.state) return;
      if (outcome.kind === 'ended') return this.#create();
      // A touch that nobody waits for has followed the session meanwhile. A base with the same id says nothing: a merge
      // that first went on from a newer version has replaced it as well.
      if (this.base !== null && this.base.id !== base.id) continue;
      if (outcome.kind === 'gone' || !(await this.#follow(outcome.to))) {
        this.drop();
        return;
      }
    }
    if (this.base !== null) throw contention();
  }

  /**
   * Goes on with the record that another request moved the session to.
   *
   * @returns false where there is no such record any more
   */
  async #follow(to: string): Promise<boolean> {
    const { state, base } = this;
    const found = await this.#tools.finder.find(to);
    // The application let go of this session meanwhile: there is nobody to follow. Or a commit went on beside a touch
    // that nobody waits for: what it has stored, or is sending, must not be performed once more.
    if (state !== this.state || base !== this.base || this.undecided !== null) return true;
    if (found.kind === 'gone') return false;
    if (found.kind === 'moved') return this.#follow(found.to);
    const { record, payload } = found;
    state.rebase(payload, record.payload);
    this.base = { id: to, version: record.version, expiresAt: record.expiresAt };
    this.followed = true;
    // The other request's new id serves this one's regenerate as well: two new ids at once would throw one browser
    // cookie away. Only invalidate insists on an id that nobody else knows.
    if (this.leavesMarker) {
      this.cookieDue = this.fresh;
      this.currentId = to;
    }
    return true;
  }

  /** One commit's turn in the queue: tries until its changes are on top of whatever is newest. */
  async #merge(base: Base, turn: Turn): Promise<Outcome> {
    const { state } = this;
    const { newest } = turn;
    // Of a session that is to end, nothing has to be decided any more.
    if (this.ends) this.#forgetShipment();
    // What another request left behind says nothing about a shipment of ours that may have arrived before it.
    if (newest !== null && this.undecided === null && this.base?.id === base.id) {
      if (newest.kind !== 'record') return newest;
      if (newest.version > base.version) this.#rebase(state, newest);
    }
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (attempt > PATIENT_ATTEMPTS) await this.#tools.wait(pauseBefore(attempt));
      // The application let go of this session while others wrote it: nothing of it is to be stored any more.
      if (state !== this.state || this.base === null) {
        await this.#relocation?.abandon(null);
        return STORED;
      }
      const current = this.base;
      // A touch that nobody waits for has followed the session: this is the queue of the id before.
      if (current.id !== base.id) return { kind: 'moved', to: current.id };
      if (this.ends) {
        const found = await this.#end(current);
        if (found.kind === 'record') {
          if (state === this.state) this.#rebase(state, found.record);
          continue;
        }
        turn.newest = found.kind === 'ended' ? GONE : found;
        await this.#relocation?.abandon(found.kind === 'moved' ? found.to : null);
        if (found.kind === 'ended' && state === this.state) this.base = null;
        return found;
      }
      const shipment = this.#shipped(() => this.#packFor(current));
      const found = await this.#send(shipment);
      const { resent } = shipment;
      if (found.kind === 'stored') {
        this.#shipment = null;
        this.#relocation?.settled();
        turn.newest = leftBehind(shipment);
        this.#arrived(shipment);
        return STORED;
      }
      const replacing = shipment.from === null ? shipment.record.version : shipment.from.version + 1;
      // One version further, and it is the one that overtook the shipment. More: ours may be below.
      if (resent && found.kind !== 'gone' && versionOf(found) > replacing) throw unknown();
      this.#shipment = null;
      state.notStored();
      if (found.kind !== 'record') {
        // Nobody knows the new id yet: its record goes before it could ever be found.
        await this.#relocation?.abandon(null);
        turn.newest = found;
        return found;
      }
      if (state === this.state) this.#rebase(state, found.record);
    }
    throw contention();
  }

  /**
   * Ends the version that this request knows. First of all, so that whatever becomes of what follows (a store that is
   * full, a value that cannot be stored), the visitor is signed out.
   */
  async #end(base: Base): Promise<typeof ENDED | Found> {
    const { ending, finder } = this.#tools;
    this.#forgetShipment();
    return (await ending.endVersion(base.id, base.version)) ? ENDED : finder.find(base.id);
  }

  // ---- shipments -----------------------------------------------------------------------------------------------

  /** What is still undecided, or something new. */
  #shipped(pack: () => Shipment): Shipment {
    return (this.#shipment ??= pack());
  }

  #pack(id: string, version: number, from: Move | null): Shipment {
    const { state } = this;
    const draft = state.draft(nextWriter(), undefined);
    const { expiresAt, renewed } = this.nextExpiry();
    const { ipAddress, userAgent } = this.client;
    const record: SessionRecord = {
      payload: draft.text,
      expiresAt,
      version,
      lastActivity: this.runtime.clock.now(),
      userId: this.userId,
      ipAddress,
      userAgent,
    };
    const cookieDue = version === 1 || from !== null || renewed;
    return { state, draft, id, record, cookieDue, from, placed: false, resent: false };
  }

  #packFor(base: Base): Shipment {
    if (!this.moving) return this.#pack(base.id, base.version + 1, null);
    const { id } = this;
    const written = this.#relocation?.versionUnder(id) ?? 0;
    return this.#pack(id, written + 1, { id: base.id, version: base.version });
  }

  #forgetShipment(): void {
    if (this.#shipment === null) return;
    this.#shipment.state.notStored();
    this.#shipment = null;
  }

  /** Writes in place of the version that was read, or moves. */
  async #send(shipment: Shipment): Promise<typeof STORED | Found> {
    const { id, record, from } = shipment;
    const { store, finder } = this.#tools;
    try {
      if (from !== null) return await this.#move(shipment, from);
      if (await store.write(id, record)) return STORED;
      const stored = await store.read(id);
      return isOwn(stored, record) ? STORED : finder.judge(stored);
    } catch (error) {
      this.#notSent(shipment, error);
      throw error;
    }
  }

  async #move(shipment: Shipment, from: Move): Promise<Exclude<Moved, { kind: 'lost' }>> {
    const { store, ending, finder } = this.#tools;
    this.#relocation ??= new Relocation(store, ending, finder);
    const moved = await this.#relocation.move(shipment, from);
    if (moved.kind !== 'lost') return moved;
    // The store lost it (an eviction): the next shipment begins anew.
    this.#forgetShipment();
    throw contention();
  }

  /** Keeps a shipment for another time only where it may have arrived. */
  #notSent(shipment: Shipment, error: unknown): void {
    if (error instanceof SessionStoreError) {
      shipment.resent = true;
    } else {
      this.#forgetShipment();
    }
  }

  #arrived(shipment: Shipment): void {
    const { state, draft, id, record, cookieDue } = shipment;
    this.settled(state, draft, { id, version: record.version, expiresAt: record.expiresAt }, cookieDue);
  }

  #rebase(state: SessionState, newest: Pick<SessionRecord, 'version' | 'payload' | 'expiresAt'>): void {
    if (this.base === null) return;
    const parsed = parsePayload(newest.payload, this.runtime.serializer);
    if (parsed.kind !== 'session') throw contention();
    state.rebase(parsed.payload, newest.payload);
    this.base = { id: this.base.id, version: newest.version, expiresAt: newest.expiresAt };
  }
}

/** What those behind in the queue can go on from. */
function leftBehind({ id, record, from }: Shipment): Newest {
  if (from === null) {
    return { kind: 'record', version: record.version, payload: record.payload, expiresAt: record.expiresAt };
  }
  return { kind: 'moved', to: id };
}

function versionOf(found: Exclude<Found, { kind: 'gone' }>): number {
  return found.kind === 'record' ? found.record.version : found.version;
}

function contention(): SessionStoreError {
  return new SessionStoreError(
    `A session could not be stored in ${MAX_ATTEMPTS} attempts: other processes kept writing it. ` +
      'Does something write it in a loop?',
  );
}

function unknown(): SessionStoreError {
  return new SessionStoreError(
    'The answer of the session store to a write got lost, and others wrote the session since: it is not known whether ' +
      'the write arrived, and it is not repeated.',
  );
}

/** A random moment that grows with the attempts, in ms, so that processes in step fall out of step. */
function pauseBefore(attempt: number): number {
  return Math.random() * Math.min(20, 2 ** (attempt - PATIENT_ATTEMPTS));
}
