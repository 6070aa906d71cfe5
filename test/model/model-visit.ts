import type { Kept, ModelApplication } from './model-application.js';
import { KeptSession } from './model-kept-session.js';
import { Refused, type Values, nothingFlashed } from './naive-values.js';

const TEN_YEARS_MS = 10 * 365 * 24 * 60 * 60_000;
const SPELLED: Record<string, number> = { '1h': 3_600_000, '3h': 10_800_000 };

type Callback = (error?: unknown) => void;

/** What a response does about the cookie. */
export interface Cookie {
  readonly kind: 'set' | 'expire';
  /** Undefined: it ends with the browser. */
  readonly maxAgeSeconds: number | undefined;
  /** Of the session; not where the session itself is sealed in it. */
  readonly id?: number;
}

/** One request of the model: its session, from what the browser sent to what the response says. */
export class ModelVisit extends KeptSession {
  /** Whether what was destroyed last was there; null where nothing was, since the request switched to this session. */
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
    this.checkWritable();
    this.ownDuration = TEN_YEARS_MS;
    this.hasNewDuration = true;
    return this.put(values);
  }

  regenerate(callback?: Callback): this {
    if (callback !== undefined) return this.#called(callback, () => this.regenerate());
    this.checkWritable();
    this.ownId = this.application.newId();
    this.fresh = true;
    return this;
  }

  invalidate(): this {
    // What begins anew is another session at once.
    if (this.left !== null) return this.destroy();
    this.regenerate().flush();
    this.leavesNoWay = this.kept !== null;
    this.waiting = nothingFlashed();
    this.ownDuration = null;
    this.hasNewDuration = this.kept !== null;
    this.createdAt = this.application.now();
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
    const { previous } = this;
    const { waitingThen } = this;
    const isRenewalDue = this.isRenewalDue;
    const isFresh = this.fresh && this.kept?.id === this.ownId;
    const id = this.kept === null ? this.ownId : this.kept.id;
    const next = this.hasStored ? this.justStored : null;
    this.load(this.kept);
    this.ownId = id;
    this.fresh = this.kept === null || isFresh;
    this.previous = previous;
    this.visible = {
      messages: { ...previous.messages, ...next?.messages },
      fields: { ...previous.fields, ...next?.fields },
      olderFields: { ...previous.fields, ...next?.fields },
    };
    // What is flashed from now on is forgotten by the next reload.
    if (next !== null) this.next = structuredClone(next);
    this.waiting = waitingThen;
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

  /** Lets go of this session, and loads another; an id without a record is taken only where it was made for this. */
  switchTo(id: number | null, isGenerated: boolean, readonly: boolean): void {
    const kept = id === null ? null : this.application.find(id);
    this.load(kept);
    this.hasStored = false;
    this.isCookieDue = false;
    this.#existed = null;
    // Who came late stores nothing of his own under an id that nobody has.
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
    // A sealed session travels as a whole: what is pending goes along.
    if (this.application.settings.isSealed) this.store();
    else this.renew(this.kept, true);
    return this;
  }

  save(callback?: Callback): this {
    if (callback !== undefined) return this.#called(callback, () => this.save());
    return this.commit();
  }

  roll(): this {
    return this.regenerate();
  }

  /** The end of the request: what the response says. */
  leave(): Cookie | null {
    this.commit();
    if (this.readonly || this.left !== null) return null;
    const kept = this.kept;
    if (kept === null)
      return this.#existed === true && this.cameWithCookie ? { kind: 'expire', maxAgeSeconds: 0 } : null;
    if (kept.id === this.sent?.id && !this.isCookieDue) return null;
    const maxAge = Math.ceil((kept.expiresAt - this.application.now()) / 1000);
    const cookie = { kind: 'set', maxAgeSeconds: this.endsWithBrowser ? undefined : maxAge } as const;
    return this.application.settings.isSealed ? cookie : { ...cookie, id: kept.id };
  }
}
