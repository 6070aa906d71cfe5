import { formerId } from '../crypto/former-id.js';
import { randomId } from '../crypto/random-id.js';
import type { SessionRecord } from '../drivers/driver.js';
import type { FormerContent, FormerSession } from './session-source.js';
import { movedPayload, parsePayload } from '../state/payload.js';
import type { ActiveSession } from './active-session.js';
import { type TakenOver, formerState, succeeds } from './former-state.js';
import { recordedUser } from './recorded-user.js';
import type { RecentEndings } from './recent-endings.js';
import { REDIRECT_MS } from './record-remover.js';
import { type RecordStore, writeOwn } from './record-store.js';
import type { SessionRuntime } from './session-runtime.js';
import { nextWriter } from './writer-mark.js';

/** For how long a cookie that says nothing of its end may come back, in ms: the longest that browsers keep one. */
const LONGEST_COOKIE_MS = 400 * 24 * 60 * 60_000;

/**
 * What has become of a session of another library. `open`: it goes on here, and the browser may not know it yet; `late`: it has just
 * been told; `over`: long ago.
 */
type Claim =
  | { readonly kind: 'free' | 'over' }
  | { readonly kind: 'late'; readonly to: string }
  | { readonly kind: 'open'; readonly to: string; readonly record: SessionRecord };

/**
 * Takes sessions of other libraries over into records. Which session one has become stands in a record of its own, the claim, under an
 * id that follows from the old session: of all requests that bring it at one time, in whatever process, one stores it first, and all
 * others join that one. A claim outlives what it leads to: what was signed out here cannot be taken over once more.
 */
export class RecordTakeOver {
  readonly #runtime: SessionRuntime;
  readonly #store: RecordStore;
  readonly #endings: RecentEndings;

  /** @param endings what this process has taken over lately, before its store knows */
  constructor(runtime: SessionRuntime, store: RecordStore, endings: RecentEndings) {
    this.#runtime = runtime;
    this.#store = store;
    this.#endings = endings;
  }

  /**
   * Finds the session that another library's goes on as, and stores it where it is the first to ask.
   *
   * @returns its id, to be loaded; null where there is nothing to go on with
   * @throws SessionStoreError where either store fails
   */
  async take(session: ActiveSession, former: FormerSession): Promise<(TakenOver & { to: string }) | null> {
    const claimId = formerId('claim', former.key);
    const fate = this.#endings.fateOf(claimId);
    if (fate.kind === 'moved') session.leave(fate.to);
    if (fate.kind !== 'lives') return null;
    let claim = await this.#look(claimId);
    if (claim.kind === 'free') {
      const content = await former.load();
      // Where there is nothing any more, another request may just have taken it.
      claim = content === null ? await this.#look(claimId) : await this.#begin(session, claimId, content);
    }
    if (claim.kind === 'late') session.leave(claim.to);
    if (claim.kind !== 'open') return null;
    const { to, record } = claim;
    return { to, settle: () => this.#settle(claimId, to, record, former) };
  }

  async #look(claimId: string): Promise<Claim> {
    const record = await this.#store.read(claimId);
    if (record === null) return { kind: 'free' };
    const parsed = parsePayload(record.payload, this.#runtime.serializer);
    if (parsed.kind !== 'moved') return { kind: 'over' };
    if (record.version === 1) return { kind: 'open', to: parsed.to, record };
    const isUnderWay = this.#runtime.clock.now() - record.lastActivity < REDIRECT_MS;
    return isUnderWay ? { kind: 'late', to: parsed.to } : { kind: 'over' };
  }

  /** The session first, and then the claim: whoever finds the claim finds the session. */
  async #begin(session: ActiveSession, claimId: string, content: FormerContent): Promise<Claim> {
    const id = randomId();
    if (!(await writeOwn(this.#store, id, this.#recordOf(session, content))))
      throw this.#runtime.faults.lostRecord();
    const record = this.#claimOn(id, content);
    if (await writeOwn(this.#store, claimId, record)) return { kind: 'open', to: id, record };
    // Nobody has heard of this one.
    await this.#store.destroy(id);
    return this.#look(claimId);
  }

  #recordOf({ clientOf }: ActiveSession, content: FormerContent): SessionRecord {
    const { lifetimes, clock, userKey } = this.#runtime;
    const state = formerState(this.#runtime, content);
    const { ipAddress, userAgent } = clientOf?.() ?? { ipAddress: null, userAgent: null };
    return {
      payload: state.draft(nextWriter(), undefined).text,
      expiresAt: lifetimes.fullExpiry(state),
      version: 1,
      lastActivity: clock.now(),
      userId: recordedUser(state.shown, userKey),
      ipAddress,
      userAgent,
    };
  }

  #claimOn(id: string, { expiresAt }: FormerContent): SessionRecord {
    const now = this.#runtime.clock.now();
    return {
      payload: movedPayload(id, this.#runtime.serializer),
      expiresAt: Math.max(expiresAt ?? now + LONGEST_COOKIE_MS, now + REDIRECT_MS),
      version: 1,
      lastActivity: now,
      userId: null,
      ipAddress: null,
      userAgent: null,
    };
  }

  /** The guards before both stores say what fails here; the old cookie opens nothing all the same. */
  async #settle(claimId: string, to: string, claim: SessionRecord, former: FormerSession): Promise<void> {
    this.#endings.moved(claimId, to);
    const isRemoved = former.remove !== undefined && (await succeeds(former.remove()));
    const now = this.#runtime.clock.now();
    const closed = { ...claim, version: 2, lastActivity: now };
    // Of what is removed, only requests under way have to be told.
    if (isRemoved) closed.expiresAt = now + REDIRECT_MS;
    await succeeds(this.#store.write(claimId, closed));
  }
}
