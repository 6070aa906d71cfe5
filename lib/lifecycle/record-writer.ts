import { randomId } from '../crypto/random-id.js';
import type { SessionRecord } from '../drivers/driver.js';
import { SessionStoreError } from '../session.errors.js';
import { parsePayload } from '../state/payload.js';
import type { ActiveSession, LoadedVersion } from './active-session.js';
import type { CommitQueue, Newest, Turn } from './commit-queue.js';
import type { IdRotation } from './id-rotation.js';
import type { Origin, PendingWrite } from './pending-write.js';
import { type Found, GONE, type RecordFinder, STORED } from './record-finder.js';
import type { RecordRemover } from './record-remover.js';
import { type RecordStore, isOwn, writeOwn } from './record-store.js';
import { nextWriter } from './writer-mark.js';

/** How often a write tries again because others wrote first. Each time somebody else's write succeeded. */
export const MAX_ATTEMPTS = 200;
/** After so many collisions in a row, a write waits a moment before the next attempt. */
const PATIENT_ATTEMPTS = 3;

/** What a writer works with. */
export interface WriterTools {
  readonly store: RecordStore;
  readonly queue: CommitQueue;
  readonly finder: RecordFinder;
  readonly remover: RecordRemover;
  readonly rotation: IdRotation;
  /** Lets some ms pass. */
  readonly wait: (ms: number) => Promise<unknown>;
}

const ENDED = { kind: 'ended' } as const;

/** How one turn at a record came out: `ended` leaves the session to begin anew under its new id. */
type Outcome = typeof STORED | typeof ENDED | typeof GONE | { readonly kind: 'moved'; readonly to: string };

/**
 * Stores sessions as records. A write names the version that was read; where another request wrote first, this request's
 * changes are replayed on the newest record. See "Parallel requests" in the documentation.
 */
export class RecordWriter {
  readonly #tools: WriterTools;

  constructor(tools: WriterTools) {
    this.#tools = tools;
  }

  /** @throws SessionStoreError, SessionValueError */
  async write(session: ActiveSession): Promise<void> {
    for (let moves = 0; moves < MAX_ATTEMPTS; moves += 1) {
      const { loaded } = session;
      if (loaded === null) return this.#create(session);
      const outcome = await this.#tools.queue.run(loaded.id, (turn) => this.#merge(session, turn));
      if (outcome.kind === 'stored' || session.closed) return;
      if (outcome.kind === 'ended') continue;
      if (outcome.kind === 'gone' || !(await this.#tools.finder.follow(session, outcome.to))) {
        session.drop();
        return;
      }
    }
    throw contention();
  }

  async #create(session: ActiveSession): Promise<void> {
    const write = (session.pending ??= pack(session, session.id, 1, null));
    let stored: boolean;
    try {
      stored = await writeOwn(this.#tools.store, write.id, write.record);
    } catch (error) {
      noteFailure(session, write, error);
      throw error;
    }
    if (stored) {
      noteArrival(session, write);
      return;
    }
    // Somebody has this id: with 256 random bits only one that the application chose. It is left alone; what is still
    // due is stored under another one in the commit's next pass.
    session.notStored();
    if (session.id === write.id) session.rotate(randomId());
  }

  /** One turn in the queue: tries until the changes are on top of whatever is newest. */
  async #merge(session: ActiveSession, turn: Turn): Promise<Outcome> {
    // Of a session that is to end, nothing has to be decided any more.
    if (session.phase === 'ending') session.notStored();
    // What another request left behind says nothing about a write of ours that may have arrived before it.
    const newest = session.pending === null ? turn.newest : null;
    if (newest !== null) {
      if (newest.kind !== 'record') return this.#giveUp(session, newest);
      goOnFrom(session, newest);
    }
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (attempt > PATIENT_ATTEMPTS) await this.#tools.wait(pauseBefore(attempt));
      // The request let go of it while others wrote it: nothing of it is to be stored any more.
      if (session.closed || session.loaded === null) return this.#giveUp(session, STORED);
      const found = await (session.phase === 'ending'
        ? this.#end(session, session.loaded)
        : this.#send(session, session.loaded, turn));
      if (found.kind === 'stored') return found;
      if (found.kind !== 'record') {
        turn.newest = found.kind === 'ended' ? GONE : found;
        return this.#giveUp(session, found);
      }
      session.rebase(found.record, found.payload);
    }
    throw contention();
  }

  /** Leaves a record. What it stored under a new id goes before it could ever be found, unless it is where the session is now. */
  async #giveUp<T extends Outcome>(session: ActiveSession, outcome: T): Promise<T> {
    await this.#tools.rotation.undo(session, outcome.kind === 'moved' ? outcome.to : null);
    return outcome;
  }

  /**
   * Ends the version that this request knows. First of all, so that whatever becomes of what follows (a store that is
   * full, a value that cannot be stored), the visitor is signed out.
   */
  async #end(session: ActiveSession, { id, version }: LoadedVersion): Promise<typeof ENDED | Found> {
    if (!(await this.#tools.remover.endVersion(id, version))) return this.#tools.finder.find(id);
    session.ended();
    return ENDED;
  }

  /** Sends what is still undecided, or something new. Says what was in its way. */
  async #send(session: ActiveSession, loaded: LoadedVersion, turn: Turn): Promise<typeof STORED | Found> {
    const { store, rotation } = this.#tools;
    const write = (session.pending ??= packFor(session, loaded));
    const { id, record, from } = write;
    let found: typeof STORED | Found;
    try {
      if (from !== null) found = await rotation.move(session, write, from);
      else found = (await store.write(id, record)) ? STORED : await this.#whatRefused(write);
    } catch (error) {
      noteFailure(session, write, error);
      throw error;
    }
    if (found.kind === 'stored') {
      turn.newest = leftBehind(write);
      noteArrival(session, write);
      return found;
    }
    const replacing = from === null ? record.version : from.version + 1;
    // One version further, and it is the one that overtook this write. More: ours may be below.
    if (write.resent && found.kind !== 'gone' && versionOf(found) > replacing) throw unknown();
    session.notStored();
    return found;
  }

  async #whatRefused({ id, record }: PendingWrite): Promise<typeof STORED | Found> {
    const stored = await this.#tools.store.read(id);
    return isOwn(stored, record) ? STORED : this.#tools.finder.judge(stored);
  }
}

/** Has a session stand on what the one before in the queue has stored. */
function goOnFrom(session: ActiveSession, newest: Extract<Newest, { kind: 'record' }>): void {
  if (newest.version <= (session.loaded?.version ?? 0)) return;
  const parsed = parsePayload(newest.payload, session.runtime.serializer);
  if (parsed.kind !== 'session') throw contention();
  session.rebase(newest, parsed.payload);
}

function packFor(session: ActiveSession, { id, version }: LoadedVersion): PendingWrite {
  if (!session.moving) return pack(session, id, version + 1, null);
  const unshared = session.unsharedRecord;
  const written = unshared?.id === session.id ? unshared.version : 0;
  return pack(session, session.id, written + 1, { id, version });
}

function pack(session: ActiveSession, id: string, version: number, from: Origin | null): PendingWrite {
  const draft = session.state.draft(nextWriter(), undefined);
  const { expiresAt, renewed } = session.nextExpiry();
  const { ipAddress, userAgent } = session.client;
  const record: SessionRecord = {
    payload: draft.text,
    expiresAt,
    version,
    lastActivity: session.runtime.clock.now(),
    userId: session.userId,
    ipAddress,
    userAgent,
  };
  const cookieDue = version === 1 || from !== null || renewed;
  return { draft, id, record, cookieDue, from, placed: false, resent: false };
}

function noteArrival(session: ActiveSession, { draft, id, record, cookieDue }: PendingWrite): void {
  session.stored(draft, { id, version: record.version, expiresAt: record.expiresAt }, cookieDue);
}

/** A write is kept for another time only where it may have arrived. */
function noteFailure(session: ActiveSession, write: PendingWrite, error: unknown): void {
  if (error instanceof SessionStoreError) write.resent = true;
  else session.notStored();
}

/** What those behind in the queue can go on from. */
function leftBehind({ id, record, from }: PendingWrite): Newest {
  if (from !== null) return { kind: 'moved', to: id };
  return { kind: 'record', version: record.version, payload: record.payload, expiresAt: record.expiresAt };
}

function versionOf(found: Exclude<Found, { kind: 'gone' }>): number {
  return found.kind === 'record' ? found.record.version : found.version;
}

export function contention(): SessionStoreError {
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
