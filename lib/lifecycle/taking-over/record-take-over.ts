import { migratedId } from '../../crypto/migrated-id.js';
import { randomId } from '../../crypto/random-id.js';
import type { SessionRecord } from '../../drivers/driver.js';
import { movedPayload, parsePayload } from '../../state/payload.js';
import type { ActiveSession } from '../active-session.js';
import { NOBODY, knownClient } from '../caller.js';
import { type TakenOver, foreignState, keyOf, removed, succeeds } from './taken-over.js';
import { recordedUser } from '../users/recorded-user.js';
import { REDIRECT_MS } from '../lifetimes.js';
import type { RecordStore } from '../../drivers/record-store.js';
import { nextWriterId, writeOwn } from '../records/pending-write.js';
import type { SessionRuntime } from '../session-runtime.js';
import type { ForeignContent, ForeignSession } from './session-source.js';

/** How long a cookie with unknown expiry may come back, in ms: the longest that browsers keep one. */
const LONGEST_COOKIE_MS = 400 * 24 * 60 * 60_000;

/** The versions of a claim: before and after the browser learns of the session here. */
const CLAIM_OPEN = 1;
const CLAIM_FINISHED = 2;

/** A take-over, with the id of the session here, to be loaded. */
type Taken = TakenOver & { readonly to: string };

/**
 * The state of another library's session:
 *
 * - `free`: no request has brought it yet
 * - `open`: it was taken over, and the browser may not know that yet
 * - `late`: it was taken over, and the browser has just been told
 * - `over`: it was taken over long ago, and its cookie is not accepted any more
 */
type Claim =
  | { readonly kind: 'free' | 'over' }
  | { readonly kind: 'late'; readonly to: string }
  | { readonly kind: 'open'; readonly to: string; readonly record: SessionRecord };

/**
 * Takes over sessions of other libraries as records. A record of its own, the claim, holds the id that a
 * session got here. The claim's id is derived from the old session: of all parallel requests with that
 * session, in whatever process, one stores the claim first and the others join it. A claim outlives the
 * session it leads to, so that a session signed out here cannot be taken over again.
 */
export class RecordTakeOver {
  readonly #runtime: SessionRuntime;
  readonly #store: RecordStore;

  constructor(runtime: SessionRuntime, store: RecordStore) {
    this.#runtime = runtime;
    this.#store = store;
  }

  /**
   * Finds the session that a foreign session became, and stores it if this request is the first.
   *
   * @returns null if there is nothing to take over
   * @throws SessionStoreError if either store fails
   */
  take(session: ActiveSession, foreign: ForeignSession): Promise<Taken | null> {
    const key = keyOf(foreign, session.caller);
    if (key === null) return this.#takeAlone(session, foreign);
    return this.#takeTogether(session, foreign, migratedId('claim', key));
  }

  /** Without a key there is no claim: each request takes the session over by itself. */
  async #takeAlone(session: ActiveSession, foreign: ForeignSession): Promise<Taken | null> {
    const content = await foreign.load();
    if (content === null) return null;
    const to = await this.#keep(session, content);
    return { to, finish: async () => void (await removed(foreign)) };
  }

  async #takeTogether(
    session: ActiveSession,
    foreign: ForeignSession,
    claimId: string,
  ): Promise<Taken | null> {
    const fate = this.#runtime.fates.fateOf(claimId);
    if (fate.kind === 'moved') session.becomeStale(fate.to);
    if (fate.kind !== 'lives') return null;
    let claim = await this.#look(claimId);
    if (claim.kind === 'free') {
      const content = await foreign.load();
      // If the session is gone, another request may just have taken it over.
      claim =
        content === null ? await this.#look(claimId) : await this.#begin(session, claimId, foreign, content);
    }
    if (claim.kind === 'late') session.becomeStale(claim.to);
    if (claim.kind !== 'open') return null;
    const { to, record } = claim;
    return { to, finish: () => this.#finish(claimId, to, record, foreign) };
  }

  async #look(claimId: string): Promise<Claim> {
    const record = await this.#store.read(claimId);
    if (record === null) return { kind: 'free' };
    const parsed = parsePayload(record.payload, this.#runtime.serializer);
    if (parsed.kind !== 'moved') return { kind: 'over' };
    if (record.version === CLAIM_OPEN) return { kind: 'open', to: parsed.to, record };
    const isUnderWay = this.#runtime.clock.now() - record.lastActivity < REDIRECT_MS;
    return isUnderWay ? { kind: 'late', to: parsed.to } : { kind: 'over' };
  }

  /** Stores the session before the claim, so that a claim always leads to a session. */
  async #begin(
    session: ActiveSession,
    claimId: string,
    { isOfUser = false }: ForeignSession,
    content: ForeignContent,
  ): Promise<Claim> {
    const id = await this.#keep(session, content);
    const now = this.#runtime.clock.now();
    const end = isOfUser ? 0 : (content.expiresAt ?? now + LONGEST_COOKIE_MS);
    const record: SessionRecord = {
      payload: movedPayload(id, this.#runtime.serializer),
      expiresAt: Math.max(end, now + REDIRECT_MS),
      version: CLAIM_OPEN,
      lastActivity: now,
      ...NOBODY,
    };
    if (await writeOwn(this.#store, claimId, record)) return { kind: 'open', to: id, record };
    // Nobody knows of this session.
    await this.#store.destroy(id);
    return this.#look(claimId);
  }

  /** Stores the content as a new session and returns its id. */
  async #keep({ caller }: ActiveSession, content: ForeignContent): Promise<string> {
    const { lifetimes, clock, userKey, faults } = this.#runtime;
    const id = randomId();
    const state = foreignState(this.#runtime, content);
    const { ipAddress, userAgent } = knownClient(caller);
    const isStored = await writeOwn(this.#store, id, {
      payload: state.draft(nextWriterId(), undefined).text,
      expiresAt: lifetimes.fullExpiry(state.facts),
      version: 1,
      lastActivity: clock.now(),
      userId: recordedUser(state.readonlyValues, userKey),
      ipAddress,
      userAgent,
    });
    if (!isStored) throw faults.lostRecord();
    return id;
  }

  /** Failures are reported by the guards before both stores; the old cookie is not accepted any more either way. */
  async #finish(claimId: string, to: string, claim: SessionRecord, foreign: ForeignSession): Promise<void> {
    const isOfUser = foreign.isOfUser === true;
    if (!isOfUser) this.#runtime.fates.noteMoved(claimId, to);
    const isRemoved = await removed(foreign);
    const now = this.#runtime.clock.now();
    // If the foreign session was removed, only requests under way still need the claim.
    const expiresAt = isRemoved || isOfUser ? now + REDIRECT_MS : claim.expiresAt;
    const finished = { ...claim, version: CLAIM_FINISHED, lastActivity: now, expiresAt };
    await succeeds(this.#store.write(claimId, finished));
  }
}
