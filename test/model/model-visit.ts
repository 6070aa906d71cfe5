import type { Kept, ModelApplication } from './model-application.js';
import { KeptSession, flashedAgain } from './model-kept-session.js';
import { Refused, type Values, isMissing, nothingFlashed } from './naive-values.js';

const TEN_YEARS_MS = 10 * 365 * 24 * 60 * 60_000;
const SPELLED: Record<string, number> = { '1h': 3_600_000, '3h': 10_800_000 };

/** Where `intended` may lead, as the script draws addresses. */
const PATHS_OF_THIS_SITE = ['/', '/a?b=1'];

type Callback = (error?: unknown) => void;

/** What a response does with the cookie. */
export interface Cookie {
  readonly kind: 'set' | 'expire';
  /** Undefined: the cookie ends with the browser. */
  readonly maxAgeSeconds: number | undefined;
  /** The session id; not set if the session is sealed in the cookie. */
  readonly id?: number;
}

/** One request of the model: its session, from the browser's request to the response. */
export class ModelVisit extends KeptSession {
  /** Whether the last destroyed session existed; null if none was destroyed since the request switched to this one. */
  #existed: boolean | null = null;

  constructor(
    application: ModelApplication,
    private readonly sent: Kept | null,
    private readonly cameWithCookie: boolean,
    leadsTo: number | null,
    prefetch: boolean,
    protected override readonly body: Values | null,
  ) {
    super(application, prefetch, sent, leadsTo);
  }

  setDuration(duration: unknown): this {
    const ms = typeof duration === 'string' ? SPELLED[duration] : Number(duration);
    if (ms === undefined || ms <= 0) throw new Refused('SessionValueError');
    this.checkWritable();
    this.ownDuration = ms;
    this.hasNewDuration = true;
    return this;
  }

  permanent(values: Values = {}): this {
    this.put(values);
    this.ownDuration = TEN_YEARS_MS;
    this.hasNewDuration = true;
    return this;
  }

  // ---- who is signed in ------------------------------------------------------------------------------------------

  signIn(user: unknown, { remember = false }: { remember?: unknown } = {}): this {
    if (this.application.userIn({ userId: user }) === null) throw new Refused('SessionValueError');
    const duration = remember === true ? TEN_YEARS_MS : SPELLED[String(remember)];
    if (remember !== false && duration === undefined) throw new Refused('SessionValueError');
    this.regenerate().put('userId', user);
    this.signedIn = { user: String(user), at: this.application.now() };
    this.ownDuration = duration ?? null;
    this.hasNewDuration = true;
    return this;
  }

  signOut(): this {
    return this.invalidate();
  }

  get userId(): string | null {
    return this.application.userIn(this.values);
  }

  get signedInAt(): number | null {
    return this.application.signedInAt(this.signedIn, this.values);
  }

  intended(...given: unknown[]): unknown {
    const [url] = given;
    if (given.length > 0) {
      this.checkWritable();
      return PATHS_OF_THIS_SITE.includes(String(url)) ? this.put('_intended', url) : this;
    }
    const kept = this.values['_intended'];
    if (isMissing(kept)) return '/';
    this.forget('_intended');
    return kept;
  }

  // ---- which session it is ---------------------------------------------------------------------------------------

  regenerate(callback?: Callback): this {
    if (callback !== undefined) return this.#called(callback, () => this.regenerate());
    this.checkWritable();
    this.move();
    return this;
  }

  invalidate(): this {
    // A session that begins anew is a different one immediately.
    if (this.left !== null) return this.destroy();
    this.regenerate().flush();
    if (this.kept === null) this.#existed = true;
    this.leavesNoWay = this.kept !== null;
    this.waiting = nothingFlashed();
    this.ownDuration = null;
    this.hasNewDuration = this.kept !== null;
    this.createdAt = this.application.now();
    this.signedIn = null;
    this.ownHandle = null;
    return this;
  }

  destroy(callback?: Callback): this {
    if (callback !== undefined) return this.#called(callback, () => this.destroy());
    this.checkWritable();
    const isThere = this.kept !== null || (this.left !== null && this.left.to !== null);
    if (isThere || this.#existed === null) this.#existed = true;
    if (this.kept !== null) this.application.remove(this.kept);
    if (this.left !== null && this.left.to !== null) {
      this.#existed = this.application.end(this.left.to);
      this.left = null;
    }
    this.load(null);
    this.hasStored = false;
    return this;
  }

  reload(callback?: Callback): this {
    if (callback !== undefined) return this.#called(callback, () => this.reload());
    const { previous, endIsStored, waitingThen, unremovedThen } = this;
    const isRenewalDue = this.isRenewalDue;
    const isFresh = this.fresh && this.kept?.id === this.ownId;
    const id = this.kept === null ? this.ownId : this.kept.id;
    const next = this.hasStored ? this.justStored : null;
    this.load(this.kept);
    this.ownId = id;
    this.fresh = this.kept === null || isFresh;
    this.previous = previous;
    this.endIsStored = endIsStored;
    this.visible = {
      messages: { ...unremovedThen.messages, ...next?.messages },
      fields: { ...unremovedThen.fields, ...next?.fields },
      olderFields: { ...unremovedThen.fields, ...next?.fields },
    };
    this.unremoved = structuredClone(unremovedThen);
    this.unremovedThen = unremovedThen;
    // Messages flashed from now on are discarded by the next reload.
    if (next !== null) this.next = structuredClone(next);
    this.waiting = flashedAgain(waitingThen);
    this.waitingThen = waitingThen;
    this.isRenewalDue = isRenewalDue;
    return this;
  }

  #called(callback: Callback, method: () => this): this {
    try {
      method();
    } catch (error) {
      callback(error);
      return this;
    }
    callback();
    return this;
  }

  get passport(): unknown {
    return this.get('passport');
  }

  set passport(user: unknown) {
    if (user === undefined) this.forget('passport');
    else this.put('passport', user);
  }

  /** Leaves this session and loads another; an id without a record is adopted only if it was generated for this. */
  switchTo(id: number | null, isGenerated: boolean, readonly: boolean): void {
    const kept = id === null ? null : this.application.find(id);
    this.load(kept);
    this.hasStored = false;
    this.isCookieDue = false;
    this.#existed = null;
    // A late request stores nothing under an id without a session.
    const leadsTo = id === null || kept !== null ? null : this.application.ledTo(id);
    this.left = kept === null && (this.left !== null || leadsTo !== null) ? { to: leadsTo } : null;
    if (kept === null && isGenerated) this.ownId = id;
    this.readonly = readonly;
  }

  start(): this {
    return this.initiate();
  }

  initiate(): this {
    this.initiated = true;
    return this;
  }

  touch(callback?: Callback): this {
    if (callback !== undefined) return this.#called(callback, () => this.touch());
    this.checkWritable();
    if (this.kept === null) return this;
    // A sealed session is sent as a whole, with pending changes; one that moves is left to the commit.
    if (this.kept.isSealed) {
      const isStaying = this.kept.id === this.ownId && this.application.seals(this.values, this.kept);
      if (isStaying) this.store();
    } else this.renew(this.kept, true);
    return this;
  }

  save(callback?: Callback): this {
    if (callback !== undefined) return this.#called(callback, () => this.save());
    return this.commit();
  }

  roll(): this {
    return this.regenerate();
  }

  /** Ends the request and returns what the response does with the cookie. */
  leave(): Cookie | null {
    this.commit();
    if (this.readonly || this.left !== null) return null;
    const kept = this.kept;
    if (kept === null)
      return this.#existed === true && this.cameWithCookie ? { kind: 'expire', maxAgeSeconds: 0 } : null;
    if (kept.id === this.sent?.id && !this.isCookieDue) return null;
    const maxAge = Math.ceil((kept.expiresAt - this.application.now()) / 1000);
    const cookie = { kind: 'set', maxAgeSeconds: this.endsWithBrowser ? undefined : maxAge } as const;
    return kept.isSealed ? cookie : { ...cookie, id: kept.id };
  }
}
