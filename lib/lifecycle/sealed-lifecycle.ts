import type { SealingDriver, SessionRecord } from '../drivers/driver.js';
import type { Ages } from '../state/flash-state.js';
import { parsePayload } from '../state/payload.js';
import { SessionState } from '../state/session-state.js';
import type { Base, Reloaded } from './base.js';
import { SessionLifecycle } from './session-lifecycle.js';
import type { Client, SessionRuntime } from './session-runtime.js';

/** A session that lives in the cookie itself. There is no other side to merge with: the last response wins. */
export class SealedLifecycle extends SessionLifecycle {
  readonly #driver: SealingDriver;
  #token = '';

  constructor(runtime: SessionRuntime, driver: SealingDriver, ages: Ages, clientOf: (() => Client) | null) {
    super(runtime, ages, clientOf);
    this.#driver = driver;
  }

  override initiate(token: string): Promise<void> | void {
    const opened = this.#driver.open(token);
    if (opened instanceof Promise) return opened.then((record) => this.#take(token, record));
    this.#take(token, opened);
  }

  #take(token: string, record: SessionRecord | null): void {
    if (record === null) return;
    const parsed = parsePayload(record.payload, this.runtime.serializer);
    if (parsed.kind !== 'session' || parsed.payload.i === undefined) {
      this.runtime.log.warn(
        'A session cookie was ours but its content could not be read: it counts as absent. ' +
          "Was the option 'serializer' changed?",
      );
      return;
    }
    const { payload } = parsed;
    if (this.runtime.lifetimes.isOverAge(payload.c)) return;
    this.#token = token;
    this.adopt(
      { id: parsed.payload.i, version: payload.n, expiresAt: record.expiresAt },
      SessionState.loaded(this.runtime.serializer, payload, record.payload, this.ages),
    );
  }

  /** Nothing is kept anywhere under an id: the session stays empty. */
  override load(): Promise<void> {
    return Promise.resolve();
  }

  /** What the browser has, or is about to get: nobody else can have changed that. */
  protected override loadAgain(base: Base): Promise<Reloaded | null> {
    const state = this.state.reloadedFromText();
    return Promise.resolve(state === null ? null : { base, state });
  }

  protected override store(): Promise<void> | void {
    const { id, state } = this;
    const draft = state.draft(undefined, id);
    // Data in the cookie means a new cookie for every write: then the lifetime may as well be renewed.
    const now = this.runtime.clock.now();
    const expiresAt = this.runtime.lifetimes.fullExpiry(state, now);
    const record: SessionRecord = {
      payload: draft.text,
      expiresAt,
      version: draft.payload.n,
      lastActivity: now,
      userId: null,
      ipAddress: null,
      userAgent: null,
    };
    const arrived = (token: string): void => {
      this.runtime.tokenLimit.assertFits(token.length, draft.payload);
      this.#token = token;
      this.settled(state, draft, { id, version: draft.payload.n, expiresAt }, true);
    };
    const sealed = this.#driver.seal(record);
    if (typeof sealed !== 'string') return sealed.then(arrived);
    arrived(sealed);
  }

  protected override async extend(): Promise<boolean> {
    await this.store();
    return true;
  }

  protected override remove(_base: Base): Promise<boolean> {
    this.#token = '';
    return Promise.resolve(true);
  }

  /** Sealing has no answer that could get lost. */
  protected override get undecided(): null {
    return null;
  }

  override get token(): string {
    return this.#token;
  }
}
