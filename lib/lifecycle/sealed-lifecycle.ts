import type { SealingDriver, SessionRecord } from '../drivers/driver.js';
import type { Ages } from '../state/flash-state.js';
import { parsePayload } from '../state/payload.js';
import { SessionState } from '../state/session-state.js';
import type { Base, Reloaded } from './base.js';
import type { RecentEndings } from './recent-endings.js';
import { SessionLifecycle } from './session-lifecycle.js';
import type { Client, CookieInstruction, SessionRuntime } from './session-runtime.js';

/**
 * A session that lives in the cookie itself. There is no other side to merge with: the last response wins. Only what
 * other requests of this process have ended or moved meanwhile is known, and stays so.
 */
export class SealedLifecycle extends SessionLifecycle {
  override readonly livesInCookie = true;
  readonly #driver: SealingDriver;
  readonly #endings: RecentEndings;
  #token = '';

  constructor(
    runtime: SessionRuntime,
    driver: SealingDriver,
    endings: RecentEndings,
    ages: Ages,
    clientOf: (() => Client) | null,
  ) {
    super(runtime, ages, clientOf);
    this.#driver = driver;
    this.#endings = endings;
  }

  override initiate(token: string): Promise<void> | void {
    const opened = this.#driver.open(token);
    if (opened instanceof Promise) return opened.then((record) => this.#take(token, record));
    this.#take(token, opened);
  }

  #take(token: string, record: SessionRecord | null): void {
    if (record === null) return;
    const parsed = parsePayload(record.payload, this.runtime.serializer);
    const payload = parsed.kind === 'session' ? parsed.payload : null;
    if (payload?.i === undefined) {
      this.runtime.log.warn(
        'A session cookie was ours but its content could not be read: it counts as absent. ' +
          "Was the option 'serializer' changed?",
      );
      return;
    }
    if (this.runtime.lifetimes.isOverAge(payload.c)) return;
    const fate = this.#endings.fateOf(payload.i);
    if (fate.kind === 'moved') this.leave(fate.to);
    if (fate.kind !== 'lives') return;
    this.#token = token;
    this.adopt(
      { id: payload.i, version: payload.n, expiresAt: record.expiresAt },
      SessionState.loaded(this.runtime.serializer, payload, record.payload, this.ages),
    );
  }

  /** Nothing is kept anywhere under an id: the session stays empty. */
  override load(id: string): Promise<void> {
    const fate = this.#endings.fateOf(id);
    if (fate.kind === 'moved') this.leave(fate.to);
    return Promise.resolve();
  }

  /** What the browser has, or is about to get: nobody else can have changed that. */
  protected override loadAgain(base: Base): Promise<Reloaded | null> {
    const state = this.#isOver ? null : this.state.reloadedFromText();
    return Promise.resolve(state === null ? null : { base, state });
  }

  /** Whether another request has ended the session of this one, or moved it: its response tells the browser. */
  get #isOver(): boolean {
    return this.base !== null && this.#endings.fateOf(this.base.id).kind !== 'lives';
  }

  /** Where it was moved to can still be ended from here. */
  protected override drop(): void {
    const fate = this.base === null ? null : this.#endings.fateOf(this.base.id);
    super.drop();
    if (fate?.kind === 'moved') this.leave(fate.to);
  }

  protected override store(): Promise<void> | void {
    if (this.ends && this.base !== null) {
      // First of all, wherever it has moved to: whatever becomes of what is stored after it.
      if (!this.#endings.end(this.base.id)) {
        this.drop();
        return;
      }
      this.base = null;
    }
    const { id, state, base } = this;
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
      if (state === this.state) {
        if (this.#isOver) {
          this.drop();
          return;
        }
        this.#token = token;
      }
      if (base !== null && base.id !== id) this.#endings.moved(base.id, id);
      this.settled(state, draft, { id, version: draft.payload.n, expiresAt }, true);
    };
    const sealed = this.#driver.seal(record);
    if (typeof sealed !== 'string') return sealed.then(arrived);
    arrived(sealed);
  }

  protected override async extend(): Promise<boolean> {
    await this.store();
    return this.base !== null;
  }

  protected override remove(base: Base): Promise<boolean> {
    this.#token = '';
    return Promise.resolve(this.#endings.end(base.id));
  }

  override cookie(cameWithCookie: boolean): CookieInstruction {
    // What was sealed before another request signed out is not sent after it.
    return this.#isOver ? { kind: 'none' } : super.cookie(cameWithCookie);
  }

  /** Sealing has no answer that could get lost. */
  protected override get undecided(): null {
    return null;
  }

  override get token(): string {
    return this.#token;
  }
}
