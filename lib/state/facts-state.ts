import type { Payload, SessionFacts, SignIn } from './payload.js';

const NONE: SessionFacts = {};
const FACTS = ['t', 's', 'u', 'h'] as const satisfies readonly (keyof SessionFacts)[];

/**
 * The facts about a session besides its values: as this request changed them, or else as they were loaded or
 * stored last.
 */
export class FactsState {
  /** Epoch ms. */
  createdAt: number;
  /** The facts as loaded or stored last. Null if nothing is stored. */
  #stored: SessionFacts | null;
  /** The facts that this request changed and has not stored yet. Null if there are none. */
  #changed: SessionFacts | null = null;
  /** The current facts: changed ones over stored ones. */
  #current: SessionFacts;
  /** Whether a changed fact begins a session: each does, except a lifetime set by `last()`. */
  #begins = false;
  /** Whether a commit has facts to store. Like the next field, set in `#renew` only. */
  hasChanges = false;
  /** Whether the lifetime was changed and is not stored yet. */
  durationChanged = false;

  /** @param stored null if nothing is stored */
  constructor(createdAt: number, stored: SessionFacts | null) {
    this.createdAt = createdAt;
    this.#stored = stored;
    this.#current = stored ?? NONE;
  }

  /**
   * The session's own lifetime in ms, if it has one; `ENDS_WITH_BROWSER` for none, and a cookie that ends
   * with the browser.
   */
  get duration(): number | undefined {
    return this.#current.t;
  }

  /** Who signed in last with `signIn`, and when. */
  get signIn(): SignIn | undefined {
    return this.#current.s;
  }

  /** The handle kept from an earlier id. */
  get handle(): string | undefined {
    return this.#current.h;
  }

  /** The lifetime as loaded or stored last. */
  get storedDuration(): number | undefined {
    return this.#stored?.t;
  }

  /** The sign-in as loaded or stored last. */
  get storedSignIn(): SignIn | undefined {
    return this.#stored?.s;
  }

  /** The stored handle, if it is not derived from the current id. */
  get storedHandle(): string | undefined {
    return this.#stored?.h;
  }

  /** Whether this request called `signIn`, and the sign-in is not stored yet. */
  get signsIn(): boolean {
    return this.#changed?.s !== undefined;
  }

  // ---- changing ------------------------------------------------------------------------------------------------

  set duration(duration: number | undefined) {
    this.#set({ t: duration });
  }

  set signIn(signIn: SignIn | undefined) {
    this.#set({ s: signIn });
  }

  /** When the session became its user's by other means than `signIn`, and who that is. */
  set userSince(since: SignIn) {
    this.#set({ u: since });
  }

  set handle(handle: string | undefined) {
    this.#set({ h: handle });
  }

  #set(facts: SessionFacts, begins = true): void {
    this.#begins ||= begins;
    this.#changed = { ...this.#changed, ...facts };
    this.#renew();
  }

  /** Sets the lifetime; this alone does not begin a session. */
  last(duration: number): void {
    this.#set({ t: duration }, false);
  }

  /** For `invalidate`: discards all facts; the session begins now. */
  beginAnew(now: number): void {
    this.createdAt = now;
    this.#begins = false;
    // If the session was never stored, there is nothing to change.
    this.#changed = this.#stored === null ? null : { t: undefined, s: undefined, u: undefined, h: undefined };
    this.#renew();
  }

  #renew(): void {
    const { t, s, u, h } = this.#stored ?? NONE;
    this.#current = { t, s, u, h, ...this.#changed };
    this.durationChanged = this.#changed !== null && 't' in this.#changed;
    this.hasChanges = this.#changed !== null && (this.#stored !== null || this.#begins);
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  /** Adds the facts to a payload that is about to be stored. */
  writeTo(payload: Payload): void {
    const { t, s, u, h } = this.#current;
    if (t !== undefined) payload.t = t;
    if (s !== undefined) payload.s = s;
    if (u !== undefined) payload.u = u;
    if (h !== undefined) payload.h = h;
  }

  /** Called when this payload was stored: facts changed since stay pending. */
  onStored(payload: Payload): void {
    this.#stored = payload;
    if (this.#changed === null) return;
    this.#changed = changedSince(payload, this.#changed);
    this.#renew();
  }

  /** Called after another request wrote first: this request's changes apply on top of its payload. */
  rebase(payload: Payload): void {
    this.#stored = payload;
    this.#renew();
  }
}

/** The facts that were changed again after the payload was drafted; null if there are none. */
function changedSince(payload: Payload, { ...changed }: SessionFacts): SessionFacts | null {
  for (const fact of FACTS) if (changed[fact] === payload[fact]) delete changed[fact];
  return Object.keys(changed).length === 0 ? null : changed;
}
