import type { ChangeLog } from './change-log.js';
import type { FlashState } from './flash-state.js';
import {
  type Payload,
  type SessionFacts,
  type SessionSerializer,
  type SignIn,
  type Snapshot,
  ownValues,
  valuesIn,
} from './payload.js';
import type { Values } from './values.js';
import { WorkingSession } from './working-session.js';

/** What a session says of itself beside its values: as this request changed it, otherwise as it was loaded or stored last. */
export abstract class SessionWithFacts extends WorkingSession {
  createdAt: number;
  /** What this request changed of it, and is not stored yet. Null for nothing. */
  protected changedFacts: SessionFacts | null = null;
  /** Whether all that was changed of it is a lifetime for the session that others may begin. */
  #onlyLasts = true;
  /** What was loaded or stored last. Null where nothing is stored. */
  protected snapshot: Snapshot | null;
  /** The values in its text, not to be changed. Null until somebody asks, where this request wrote it. */
  protected readValues: Readonly<Values> | null;

  protected constructor(
    serializer: SessionSerializer,
    createdAt: number,
    snapshot: Snapshot | null,
    flash: FlashState,
    log: ChangeLog,
  ) {
    super(serializer, snapshot?.payload.d ?? {}, flash, log);
    this.createdAt = createdAt;
    this.snapshot = snapshot;
    this.readValues = snapshot?.payload.d ?? null;
  }

  protected override copied(shared: Readonly<Values>): Values {
    return ownValues(shared, this.snapshot?.text, this.serializer);
  }

  /** The values as they were loaded or stored last, not to be changed. */
  protected storedIn({ text }: Snapshot): Readonly<Values> {
    return (this.readValues ??= valuesIn(text, this.serializer));
  }

  /** The values as they were loaded or stored last, not to be changed. Null where nothing is stored. */
  get storedValues(): Readonly<Values> | null {
    return this.snapshot === null ? null : this.storedIn(this.snapshot);
  }

  /** The handle that is stored, where it is not the id's own. */
  get storedHandle(): string | undefined {
    return this.snapshot?.payload.h;
  }

  /** A lifetime of its own in ms, where the session has one; `ENDS_WITH_BROWSER` for none, and a cookie that ends with the browser. */
  get duration(): number | undefined {
    return this.#fact('t');
  }

  set duration(duration: number | undefined) {
    this.#change({ t: duration });
  }

  /** Sets the lifetime, and begins no session for that alone. */
  last(duration: number): void {
    this.changedFacts = { ...this.changedFacts, t: duration };
  }

  /** The same as it was loaded or stored last. */
  get storedDuration(): number | undefined {
    return this.snapshot?.payload.t;
  }

  /** Who signed in last, and when, where `signIn` said so. */
  get signIn(): SignIn | undefined {
    return this.#fact('s');
  }

  /** The same as it was loaded or stored last. */
  get storedSignIn(): SignIn | undefined {
    return this.snapshot?.payload.s;
  }

  /** Whether this request has signed somebody in by `signIn`, and that is not stored yet. */
  get signsIn(): boolean {
    return this.changedFacts?.s !== undefined;
  }

  set signIn(signIn: SignIn | undefined) {
    this.#change({ s: signIn });
  }

  /** The handle that it has kept of an id before this one. */
  get handle(): string | undefined {
    return this.#fact('h');
  }

  set handle(handle: string | undefined) {
    this.#change({ h: handle });
  }

  #change(facts: SessionFacts): void {
    this.#onlyLasts = false;
    this.changedFacts = { ...this.changedFacts, ...facts };
  }

  /** Whether a commit has anything of it to store. */
  protected get factsDue(): boolean {
    return this.changedFacts !== null && (this.snapshot !== null || !this.#onlyLasts);
  }

  /** As this request changed it; otherwise as it was loaded or stored last. */
  #fact<K extends keyof SessionFacts>(name: K): SessionFacts[K] {
    const changed = this.changedFacts;
    return changed !== null && name in changed ? changed[name] : this.snapshot?.payload[name];
  }

  /** For `invalidate`: nothing is kept from before but what this request itself flashed. */
  beginAnew(now: number): void {
    this.flash.leaveOthers();
    this.createdAt = now;
    // Of a session that was never stored there is nothing to change.
    this.changedFacts = this.snapshot === null ? null : { t: undefined, s: undefined, h: undefined };
  }

  /** Whether the lifetime was changed and not stored yet. */
  get durationChanged(): boolean {
    return this.changedFacts !== null && 't' in this.changedFacts;
  }

  /** This payload was stored: what was changed again since stays pending. */
  protected settleFacts(payload: Payload): void {
    if (this.changedFacts !== null) this.changedFacts = factsBeside(payload, this.changedFacts);
  }
}

/** What was changed again after a payload was drafted; null for nothing. */
function factsBeside(payload: Payload, { ...changed }: SessionFacts): SessionFacts | null {
  if (changed.t === payload.t) delete changed.t;
  if (changed.s === payload.s) delete changed.s;
  if (changed.h === payload.h) delete changed.h;
  return Object.keys(changed).length === 0 ? null : changed;
}
