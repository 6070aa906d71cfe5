import { isDeepStrictEqual } from 'node:util';
import type { Kept, ModelApplication, SignIn } from './model-application.js';
import { ModelSession } from './model-session.js';
import { type Flashed, joined, nothingFlashed, stored } from './naive-values.js';

/** What remains of flashed data after it was stored. */
export const flashedAgain = ({ messages, fields }: Flashed): Flashed => ({
  ...nothingFlashed(),
  messages: stored(messages),
  fields: stored(fields),
});

/** A session and its stored form: how it is loaded and stored. */
export abstract class KeptSession extends ModelSession {
  createdAt = 0;
  /** The session's own lifetime. */
  protected ownDuration: number | null = null;
  protected signedIn: SignIn | null = null;
  /** The id that the handle was made from, if that is not the current one. */
  protected ownHandle: number | null = null;
  fresh = true;
  /** The stored form of this session, in the store or the cookie. */
  kept: Kept | null = null;
  protected ownId: number | null = null;
  /**
   * If the request came with, or switched to, an id that was just left: the id it leads to, until that is ended. Such a
   * request reads nothing, stores nothing and sends no cookie.
   */
  protected left: { to: number | null } | null = null;
  protected hasNewDuration = false;
  /** What waited for a request other than a prefetch when the session was last loaded or stored, to which reload returns. */
  protected waitingThen: Flashed = nothingFlashed();
  /** What the request stored for the next one. */
  protected justStored: Flashed = nothingFlashed();
  /** What it had left of the previous request's messages when it was last loaded or stored. */
  protected unremovedThen: Flashed = nothingFlashed();
  protected isCookieDue = false;
  /** Determined when the session is loaded. */
  protected isRenewalDue = false;

  constructor(
    protected readonly application: ModelApplication,
    private readonly prefetch: boolean,
    sent: Kept | null,
    leadsTo: number | null,
  ) {
    super();
    this.load(sent);
    if (leadsTo !== null) this.left = { to: leadsTo };
  }

  protected load(kept: Kept | null): void {
    this.kept = kept;
    this.isRenewalDue =
      kept !== null && this.application.settings.automaticTouch && this.application.isRenewalDue(kept);
    this.ownId = kept?.id ?? null;
    this.isWritten = false;
    this.hasNewDuration = false;
    this.leavesNoWay = false;
    this.endIsStored = false;
    this.fresh = kept === null;
    this.values = stored(kept?.values ?? {});
    this.previous = flashedAgain(kept?.flash ?? nothingFlashed());
    this.waiting = flashedAgain(this.previous);
    this.waitingThen = flashedAgain(this.waiting);
    this.visible = flashedAgain(this.previous);
    this.visible.olderFields = { ...this.previous.fields };
    this.unremoved = flashedAgain(this.previous);
    this.unremovedThen = flashedAgain(this.previous);
    this.next = nothingFlashed();
    this.claimed.clear();
    this.ownDuration = kept?.ownDuration ?? null;
    this.createdAt = kept?.createdAt ?? this.application.now();
    this.signedIn = kept?.signIn ?? null;
    this.ownHandle = kept?.handle ?? null;
  }

  // ---- the session itself ------------------------------------------------------------------------------------------

  /** A number in place of random bits. */
  get id(): string {
    return `id ${this.number}`;
  }

  protected get number(): number {
    return (this.ownId ??= this.application.newId());
  }

  get handle(): string {
    return `handle of id ${this.handleNumber}`;
  }

  get handleNumber(): number {
    return this.ownHandle ?? this.number;
  }

  get sessionId(): string {
    return this.id;
  }

  get ready(): boolean {
    return this.initiated;
  }

  get knownId(): number | null {
    return this.ownId;
  }

  get stored(): boolean {
    return this.kept !== null;
  }

  get duration(): number {
    return this.ownDuration ?? this.application.settings.ageMs;
  }

  get expiresAt(): number {
    if (this.kept === null || this.hasNewDuration) return this.application.now() + this.duration;
    return this.kept.expiresAt;
  }

  /** Ageing messages do not count as a change by this request. */
  get isModified(): boolean {
    const isMoved = this.kept !== null && this.kept.id !== this.ownId;
    const isMutated = !isDeepStrictEqual(stored(this.values), this.kept?.values ?? {});
    return this.isWritten || this.hasNewDuration || isMoved || isMutated;
  }

  get #isDue(): boolean {
    return this.isModified || !isDeepStrictEqual(this.#nextFlash, this.kept?.flash ?? nothingFlashed());
  }

  /** A prefetched page does not use up the messages. */
  get #nextFlash(): Flashed {
    // A mutation in a message after it was stored, without any other write: the package does not notice it so far.
    if (this.hasStored && !this.isWritten) return this.kept?.flash ?? nothingFlashed();
    const { messages } = this.next;
    const shown = Object.entries(this.next.fields).filter(([name]) => !this.claimed.has(name));
    const fields = Object.fromEntries(shown);
    if (!this.prefetch) return flashedAgain({ ...nothingFlashed(), messages, fields });
    return flashedAgain({
      ...nothingFlashed(),
      messages: joined(this.waiting.messages, messages),
      fields: joined(this.waiting.fields, fields),
    });
  }

  // ---- storing -----------------------------------------------------------------------------------------------------

  /** Stores what changed; renews the session if it was not renewed for a minute. */
  commit(): this {
    if (this.readonly || this.left !== null) return this;
    if (this.#isDue) this.store();
    else if (this.kept !== null && this.isRenewalDue) {
      if (this.kept.isSealed) this.store();
      else this.renew(this.kept, !this.endsWithBrowser);
    }
    return this;
  }

  protected store(): void {
    const now = this.application.now();
    const before = this.kept;
    const isSealed = this.application.seals(this.values, this.leavesNoWay ? null : before);
    // Under the id of a cookie's session there is never a record.
    if (before !== null && before.isSealed && !isSealed && before.id === this.ownId) this.move();
    // A ledger remembers the end of an id for as long as its cookies are valid: a shorter lifetime takes another id,
    // unless it is shorter by no more than clocks may differ.
    const isShorter = before !== null && before.expiresAt > now + this.duration + 60_000;
    if (isShorter && isSealed && before.id === this.ownId && this.application.leavesLongCookies) this.move();
    if (before !== null) this.application.remove(before);
    if (before !== null && before.id !== this.number && !this.leavesNoWay)
      this.application.leave(before.id, this.number);
    this.endIsStored ||= this.leavesNoWay;
    this.leavesNoWay = false;
    const isRenewed =
      isSealed ||
      before === null ||
      before.id !== this.ownId ||
      this.hasNewDuration ||
      this.application.isRenewalDue(before);
    this.kept = {
      id: this.number,
      isSealed,
      version: before === null || before.id !== this.ownId ? 1 : before.version + 1,
      values: stored(this.values),
      flash: this.#nextFlash,
      ownDuration: this.ownDuration,
      createdAt: this.createdAt,
      signIn: this.signedIn,
      handle: this.handleNumber,
      expiresAt: isRenewed ? now + this.duration : before.expiresAt,
    };
    this.ownHandle = this.kept.handle;
    this.application.keep(this.kept);
    this.isCookieDue ||= isRenewed;
    this.isRenewalDue = false;
    this.isWritten = false;
    this.hasNewDuration = false;
    this.hasStored = true;
    this.waitingThen = flashedAgain(this.waiting);
    this.justStored = flashedAgain(this.next);
    this.unremovedThen = structuredClone(this.unremoved);
  }

  /** Gives the session a new id. */
  protected move(): void {
    if (this.kept !== null) this.ownHandle ??= this.ownId;
    this.ownId = this.application.newId();
    this.fresh = true;
  }

  protected renew(kept: Kept, tellsBrowser: boolean): void {
    if (tellsBrowser) this.isCookieDue = true;
    this.isRenewalDue = false;
    this.kept = { ...kept, expiresAt: this.application.now() + this.duration };
    this.application.keep(this.kept);
  }

  protected get endsWithBrowser(): boolean {
    return this.application.settings.clearWithBrowser && this.ownDuration === null;
  }
}
