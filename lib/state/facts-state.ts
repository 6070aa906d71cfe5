import type { Payload, SessionFacts, SignIn } from './payload.js';

const NONE: SessionFacts = {};

/** What a session says of itself beside its values: as this request changed it, otherwise as it was loaded or stored last. */
export class FactsState {
  /** Epoch ms. */
  createdAt: number;
  /** As it was loaded or stored last. Null where nothing is stored. */
  #stored: SessionFacts | null;
  /** What this request changed, and is not stored yet. Null for nothing. */
  #changed: SessionFacts | null = null;
  /** What holds now: what was changed over what is stored. */
  #current: SessionFacts;
  /** Whether the only fact changed is a lifetime set by `last()`, which begins no session. */
  #onlyLasts = true;

  /** @param stored null where nothing is stored */
  constructor(createdAt: number, stored: SessionFacts | null) {
    this.createdAt = createdAt;
    this.#stored = stored;
    this.#current = stored ?? NONE;
  }

  /** A lifetime of its own in ms, where the session has one; `ENDS_WITH_BROWSER` for none, and a cookie that ends with the browser. */
  get duration(): number | undefined {
    return this.#current.t;
  }

  /** Who signed in last, and when, where `signIn` said so. */
  get signIn(): SignIn | undefined {
    return this.#current.s;
  }

  /** The handle that it has kept of an id before this one. */
  get handle(): string | undefined {
    return this.#current.h;
  }

  /** The lifetime, as it was loaded or stored last. */
  get storedDuration(): number | undefined {
    return this.#stored?.t;
  }

  /** The sign-in, as it was loaded or stored last. */
  get storedSignIn(): SignIn | undefined {
    return this.#stored?.s;
  }

  /** The handle that is stored, where it is not the id's own. */
  get storedHandle(): string | undefined {
    return this.#stored?.h;
  }

  /** Whether the lifetime was changed and not stored yet. */
  get durationChanged(): boolean {
    return this.#changed !== null && 't' in this.#changed;
  }

  /** Whether this request has signed somebody in by `signIn`, and that is not stored yet. */
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

  set handle(handle: string | undefined) {
    this.#set({ h: handle });
  }

  #set(facts: SessionFacts): void {
    this.#onlyLasts = false;
    this.#changed = { ...this.#changed, ...facts };
    this.#renew();
  }

  /** Sets the lifetime, and begins no session for that alone. */
  last(duration: number): void {
    this.#changed = { ...this.#changed, t: duration };
    this.#renew();
  }

  /** For `invalidate`: nothing is kept from before. */
  beginAnew(now: number): void {
    this.createdAt = now;
    // Of a session that was never stored there is nothing to change.
    this.#changed = this.#stored === null ? null : { t: undefined, s: undefined, h: undefined };
    this.#renew();
  }

  #renew(): void {
    const { t, s, h } = this.#stored ?? NONE;
    this.#current = { t, s, h, ...this.#changed };
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  /** Whether a commit has anything of it to store. */
  get hasChanges(): boolean {
    return this.#changed !== null && (this.#stored !== null || !this.#onlyLasts);
  }

  /** Adds it to a payload on its way to the store. */
  writeTo(payload: Payload): void {
    const { t, s, h } = this.#current;
    if (t !== undefined) payload.t = t;
    if (s !== undefined) payload.s = s;
    if (h !== undefined) payload.h = h;
  }

  /** This payload was stored: what was changed again since stays pending. */
  stored(payload: Payload): void {
    this.#stored = payload;
    if (this.#changed !== null) this.#changed = changedSince(payload, this.#changed);
    this.#renew();
  }

  /** Another request wrote first: what this one changed goes on top of it. */
  rebase(payload: Payload): void {
    this.#stored = payload;
    this.#renew();
  }
}

/** What was changed again after a payload was drafted; null for nothing. */
function changedSince(payload: Payload, { ...changed }: SessionFacts): SessionFacts | null {
  if (changed.t === payload.t) delete changed.t;
  if (changed.s === payload.s) delete changed.s;
  if (changed.h === payload.h) delete changed.h;
  return Object.keys(changed).length === 0 ? null : changed;
}
