import { REDIRECT_MS } from '../../lib/lifecycle/lifetimes.js';
import type { Flashed, Values } from './naive-values.js';

/** A call of `signIn`. */
export interface SignIn {
  readonly user: string;
  readonly at: number;
}

/** A stored session: in the store, or sealed in a cookie. */
export interface Kept {
  readonly id: number;
  /** Whether the cookie carries the session itself. */
  readonly isSealed: boolean;
  /** How often it was stored. */
  readonly version: number;
  readonly values: Values;
  /** What the next request will find flashed. */
  readonly flash: Flashed;
  readonly ownDuration: number | null;
  readonly signIn: SignIn | null;
  /** The id that the handle was made from. */
  readonly handle: number;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** The application's options that affect sessions. */
export interface Settings {
  /** Where sessions are kept. With a ledger, those of users are records there, until they end. */
  readonly keepsThem: 'in a store' | 'in cookies' | 'in cookies and a ledger';
  readonly ageMs: number;
  readonly touchEveryMs: number;
  /** Whether a visit that only reads renews the session. */
  readonly automaticTouch: boolean;
  /** Whether the cookie ends with the browser. */
  readonly clearWithBrowser: boolean;
}

/** The model's application: its settings and its store. */
export class ModelApplication {
  readonly records = new Map<number, Kept>();
  /** For each id that was left, the new id and when it was left, epoch ms. */
  readonly #left = new Map<number, { readonly to: number; readonly at: number }>();
  #lastId = 0;

  constructor(
    readonly settings: Settings,
    readonly now: () => number,
  ) {}

  newId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  keep(kept: Kept): void {
    if (!kept.isSealed) this.records.set(kept.id, kept);
  }

  remove(kept: Kept): void {
    this.records.delete(kept.id);
  }

  /** Whether a session with these values is sealed in the cookie, given how it was kept before. */
  seals(values: Values, before: Kept | null): boolean {
    if (this.settings.keepsThem !== 'in cookies and a ledger')
      return this.settings.keepsThem === 'in cookies';
    return this.userIn(values) === null && (before === null || before.isSealed);
  }

  /** Whether a session in a cookie gets another id if it is to expire earlier. */
  get leavesLongCookies(): boolean {
    return this.settings.keepsThem === 'in cookies and a ledger';
  }

  /** Records that a session moved to another id. */
  leave(id: number, to: number): void {
    if (this.settings.keepsThem === 'in a store') this.#left.set(id, { to, at: this.now() });
  }

  /** The new id of one that was left within the last thirty seconds; null for any other. */
  ledTo(id: number): number | null {
    const left = this.#left.get(id);
    return left !== undefined && this.now() - left.at < REDIRECT_MS ? left.to : null;
  }

  /** The most recently left id that still leads somewhere. */
  lastLeft(): number | null {
    return [...this.#left.keys()].findLast((id) => this.ledTo(id) !== null) ?? null;
  }

  /** Ends the session of an id, wherever it has moved to. Returns whether there was one. */
  end(id: number): boolean {
    const to = this.ledTo(id);
    if (to !== null) {
      const existed = this.end(to);
      this.#left.delete(id);
      return existed;
    }
    const existed = this.find(id) !== null;
    this.records.delete(id);
    return existed;
  }

  /** The user that values name. */
  userIn({ userId }: Values): string | null {
    const isUser = typeof userId === 'string' ? userId !== '' : Number.isFinite(userId);
    return isUser ? String(userId) : null;
  }

  /** The stored sessions of a user. */
  list(user: string): Kept[] {
    return [...this.records.values()].filter(
      ({ values, expiresAt }) => this.userIn(values) === user && expiresAt > this.now(),
    );
  }

  /** Ends the sessions of a user except that of a handle. Returns how many there were. */
  endOthers(user: string, handle: number): number {
    const others = this.list(user).filter((kept) => kept.handle !== handle);
    for (const kept of others) this.remove(kept);
    return others.length;
  }

  /** When the user that values name called `signIn`. */
  signedInAt(signIn: SignIn | null, values: Values): number | null {
    return signIn !== null && signIn.user === this.userIn(values) ? signIn.at : null;
  }

  find(id: number): Kept | null {
    const kept = this.records.get(id);
    return kept !== undefined && kept.expiresAt > this.now() ? kept : null;
  }

  /** A minute (unless set otherwise) after the last renewal, or a quarter of the lifetime where that is less. */
  isRenewalDue(kept: Kept): boolean {
    const duration = kept.ownDuration ?? this.settings.ageMs;
    const shrunkBy = duration - (kept.expiresAt - this.now());
    return shrunkBy >= Math.min(this.settings.touchEveryMs, duration / 4);
  }
}
