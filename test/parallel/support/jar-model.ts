import { REDIRECT_MS, UNDER_WAY_MS } from '../../../lib/lifecycle/lifetimes.js';
import type { Deed, Deployment, History } from './jar-history.js';
import type { Place } from './jar-places.js';

const TEN_YEARS_MS = 10 * 365 * 24 * 3_600_000;
export const LIFETIMES: Partial<Record<Deed, number>> = {
  remember: TEN_YEARS_MS,
  permanent: TEN_YEARS_MS,
  shorten: 60_000,
  lengthen: 24 * 3_600_000,
};

/** A session as it was stored, or sealed. */
export interface Kept {
  readonly id: number;
  /** Stays the same when the id changes. */
  readonly handle: number;
  readonly isSealed: boolean;
  readonly value: string | null;
  /** How many characters of ballast it has. */
  readonly size: number;
  readonly user: string | null;
  /** Its own lifetime in ms; null for that of the application. */
  readonly duration: number | null;
  readonly expiresAt: number;
  /** The secret that its record is sealed with; null: none. */
  readonly secret: number | null;
}

/** What a token that was sent to a browser names. */
export interface Token {
  readonly kept: Kept;
  /** Null: it was sent in the header. */
  readonly cookie: Place | null;
  /** The place of the cookie of the visitor's tenant; null without tenants, if it was sent in the header. */
  readonly tenant: Place | null;
  readonly secret: number;
}

/** What a request finds by its tokens. */
export type Found =
  | { readonly kind: 'session'; readonly kept: Kept; readonly token: Token }
  /** The session has just got another id. */
  | { readonly kind: 'stale'; readonly to: number }
  | { readonly kind: 'nothing' };

export const NOTHING: Found = { kind: 'nothing' };

/** What the response says to the browser. */
export type Said =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'expire' }
  | {
      readonly kind: 'set';
      readonly kept: Kept;
      readonly maxAge: number | undefined;
      readonly isFresh: boolean;
    };

export const SILENT: Said = { kind: 'nothing' };

/** What is known of an id that has ended or moved. */
interface Fate {
  readonly to: number | null;
  readonly at: number;
}

/** What a store, or the memory of one process, knows of ids. */
class Ids {
  readonly records = new Map<number, Kept>();
  readonly fates = new Map<number, Fate>();
}

let lastId = 0;
const newId = (): number => (lastId += 1);

/** What a request is besides its session. */
export interface Visit {
  readonly deed: Deed;
  readonly value: string;
  readonly user: string;
  /** Whether a browser sends no cookie of this application to the address. */
  readonly isOutside: boolean;
  readonly cameWithToken: boolean;
  /** Whether the cookie has to be sent although nothing changed: the browser has it elsewhere, or an old one. */
  readonly isCookieDue: boolean;
}

/** One application on all its processes: its sessions, in plain objects. */
export class JarModel {
  /** The stores, which survive each deployment. */
  readonly #stores = { memory: new Ids(), ledger: new Ids() };
  /** What the processes of this deployment remember of sealed sessions. */
  #processes: readonly [Ids, Ids] = [new Ids(), new Ids()];
  secrets: readonly number[] = [0];

  constructor(
    readonly history: Pick<History, 'ageMs' | 'touchEveryMs'>,
    public deployment: Deployment,
    readonly now: () => number,
  ) {}

  redeploy(deployment: Deployment): void {
    this.deployment = deployment;
    this.#processes = [new Ids(), new Ids()];
  }

  // ---- which session it is -----------------------------------------------------------------------------------------

  /** What a token opens in a place; null if it is not valid there. */
  open(token: Token, process: number): Found | null {
    const { kept } = token;
    const { driver } = this.deployment;
    if (!this.secrets.includes(token.secret)) return null;
    if (!kept.isSealed) {
      if (driver === 'stealth') return null;
      const record = this.#stores[driver].records.get(kept.id);
      if (record !== undefined)
        return this.#isAlive(record) ? { kind: 'session', kept: record, token } : null;
    } else {
      if (driver === 'memory' || kept.expiresAt <= this.now()) return null;
      if (driver === 'ledger' && kept.user !== null) return null;
    }
    const fate = this.#idsOf(process).fates.get(kept.id);
    if (fate !== undefined && this.#isRemembered(fate)) {
      const leads = fate.to !== null && this.now() - fate.at < REDIRECT_MS;
      return leads ? { kind: 'stale', to: fate.to } : null;
    }
    return kept.isSealed ? { kind: 'session', kept, token } : null;
  }

  #isAlive({ expiresAt, secret }: Kept): boolean {
    return expiresAt > this.now() && (secret === null || this.secrets.includes(secret));
  }

  /** A process forgets after ten minutes; a store does not. */
  #isRemembered({ at }: Fate): boolean {
    return this.deployment.driver !== 'stealth' || this.now() - at < UNDER_WAY_MS;
  }

  #idsOf(process: number): Ids {
    const { driver } = this.deployment;
    return driver === 'stealth' ? this.#processes[process === 0 ? 0 : 1] : this.#stores[driver];
  }

  /** Ends the session of an id, wherever it is now. @returns whether it existed */
  #end(id: number, process: number): boolean {
    const ids = this.#idsOf(process);
    const at = this.now();
    const fate = ids.fates.get(id);
    if (fate !== undefined && this.#isRemembered(fate)) {
      const leads = this.deployment.driver === 'stealth' || at - fate.at < REDIRECT_MS;
      if (fate.to === null || !leads) return false;
      ids.fates.set(id, { to: null, at });
      return this.#end(fate.to, process);
    }
    ids.fates.set(id, { to: null, at });
    if (this.deployment.driver !== 'memory') return ids.records.delete(id) || true;
    const record = ids.records.get(id);
    ids.records.delete(id);
    return record !== undefined && this.#isAlive(record);
  }

  // ---- what a request does -----------------------------------------------------------------------------------------

  visit(found: Found, visit: Visit, process: number): Said {
    const { deed, cameWithToken, isOutside } = visit;
    const ends = deed === 'signOut' || deed === 'destroy';
    if (found.kind === 'stale') {
      const existed = ends && this.#end(found.to, process);
      return existed && !isOutside ? { kind: 'expire' } : SILENT;
    }
    const base = found.kind === 'session' ? found.kept : null;
    if (base === null && isOutside) return SILENT;
    if (deed === 'destroy' || (deed === 'signOut' && base === null)) {
      if (base !== null) this.#end(base.id, process);
      return cameWithToken ? { kind: 'expire' } : SILENT;
    }
    const next = this.#afterDeed(base, visit);
    if (next === null) return SILENT;
    if (base !== null && next.id !== base.id)
      if (deed === 'signOut') this.#end(base.id, process);
      else this.#move(base.id, next.id, process);
    if (!next.isSealed) this.#idsOf(process).records.set(next.id, next);
    const hasOldToken = found.kind === 'session' && found.token.secret !== this.secrets[0];
    const isDue = next.isSealed ? next !== base : this.#isCookieDue(base, next, deed, hasOldToken);
    if (!isDue && !visit.isCookieDue) return SILENT;
    const endsWithBrowser = this.deployment.clearWithBrowser && next.duration === null;
    return {
      kind: 'set',
      kept: next,
      maxAge: endsWithBrowser ? undefined : Math.ceil((next.expiresAt - this.now()) / 1000),
      isFresh: next.id !== base?.id,
    };
  }

  #isCookieDue(base: Kept | null, next: Kept, deed: Deed, hasOldToken: boolean): boolean {
    if (base === null || base.id !== next.id || deed === 'touch' || LIFETIMES[deed] !== undefined)
      return true;
    if (base.expiresAt === next.expiresAt) return false;
    const isRewritten = deed !== 'read' || base.secret !== next.secret;
    // A cookie without Max-Age has nothing to renew but its secret.
    return isRewritten || hasOldToken || !this.deployment.clearWithBrowser || next.duration !== null;
  }

  #move(id: number, to: number, process: number): void {
    const ids = this.#idsOf(process);
    ids.records.delete(id);
    ids.fates.set(id, { to, at: this.now() });
  }

  /** The session after the deed, or the same object if nothing is stored; null if there is none. */
  #afterDeed(base: Kept | null, { deed, value, user }: Visit): Kept | null {
    const begins = !['read', 'touch', 'signOut', 'regenerate'].includes(deed);
    if (base === null && !begins) return null;
    const { driver } = this.deployment;
    const isAnew = base === null || deed === 'signOut';
    const before: Kept = isAnew ? this.#blank() : base;
    const changed: Kept = { ...before, ...this.#changes(deed, value, user) };
    const mayBeSealed = driver === 'stealth' || (driver === 'ledger' && before.isSealed);
    const isSealed = mayBeSealed && !(driver === 'ledger' && changed.user !== null);
    const moves =
      ['signIn', 'remember', 'regenerate'].includes(deed) || (!isAnew && before.isSealed !== isSealed);
    const duration = changed.duration ?? this.history.ageMs;
    const full = this.now() + duration;
    // A ledger remembers the end of an id for as long as its cookies are valid, and a minute more, so a lifetime that is
    // shorter by more than that takes another.
    const shortens = driver === 'ledger' && isSealed && full + 60_000 < before.expiresAt;
    const next = { ...changed, isSealed, id: (moves || shortens) && !isAnew ? newId() : changed.id };
    const interval = Math.min(this.history.touchEveryMs, duration / 4);
    const isRenewalDue = full !== before.expiresAt && full - before.expiresAt >= interval;
    const isRenewed =
      isAnew ||
      next.id !== before.id ||
      isSealed ||
      LIFETIMES[deed] !== undefined ||
      deed === 'touch' ||
      isRenewalDue;
    if (deed === 'read' && !isRenewalDue) return before;
    // A renewal alone writes no record, unless it is sealed with an old secret.
    const secret = deed === 'touch' ? before.secret : this.#recordSecret;
    return { ...next, expiresAt: isRenewed ? full : before.expiresAt, secret: isSealed ? null : secret };
  }

  get #recordSecret(): number | null {
    const { driver, encrypt } = this.deployment;
    return driver === 'ledger' || encrypt ? (this.secrets[0] ?? 0) : null;
  }

  #blank(): Kept {
    const id = newId();
    const isSealed = this.deployment.driver !== 'memory';
    const nothing = { value: null, size: 0, user: null, duration: null, expiresAt: 0, secret: null };
    return { id, handle: id, isSealed, ...nothing };
  }

  #changes(deed: Deed, value: string, user: string): Partial<Kept> {
    const duration = LIFETIMES[deed];
    switch (deed) {
      case 'put':
        return { value };
      case 'grow':
        return { size: 3500 };
      case 'growMore':
        return { size: 6500 };
      case 'shrink':
        return { size: 0 };
      case 'signIn':
      case 'remember':
        return { user, duration: duration ?? null };
      default:
        return duration === undefined ? {} : { duration };
    }
  }
}
