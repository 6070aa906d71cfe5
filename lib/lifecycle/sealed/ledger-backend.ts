import type { TokenKind } from '../../crypto/keyring.js';
import { randomId } from '../../crypto/random-id.js';
import { SessionStoreError } from '../../session.errors.js';
import type { ActiveSession } from '../active-session.js';
import type { TakenOver } from '../taking-over/taken-over.js';
import { CLOCK_SKEW_MS } from '../lifetimes.js';
import { HELD_BY_COOKIE, type BaseVersion } from '../phase.js';
import type { RecordBackend } from '../records/record-backend.js';
import type { Found } from '../records/record-finder.js';
import { recordedUser } from '../users/recorded-user.js';
import type { TokenContent, SealedBackend } from './sealed-backend.js';
import { subjectOfPayload } from '../publish-events.js';
import type { SessionBackend } from '../session-backend.js';
import type { SessionRuntime } from '../session-runtime.js';
import type { ForeignSession } from '../taking-over/session-source.js';
import type { Locate } from '../watching/watch.js';

/** Separates the id from the version in the signed content of a cached ledger's token. */
const END_OF_ID = '\n';
const VERSIONED = /^(.*)\n(\d+)$/s;

/** The ledger has no line for the session. */
const NO_LINE = { kind: 'none' } as const;

/**
 * Keeps sessions in the cookie while nobody is signed in, and as lines of a ledger once somebody is. A line
 * is the sealed record of a session, so everything said about records applies to it, merging included.
 *
 * The two kinds never share an id. When a user appears in a cookie's session, the session gets a new id,
 * whether the application asks for one or not. So under the id of a sealed cookie, the ledger holds only a
 * tombstone or a redirect to the new id. A signed id is valid only while its record exists.
 */
export class LedgerBackend implements SessionBackend {
  readonly runtime: SessionRuntime;
  readonly records: RecordBackend;
  readonly tokenKinds: readonly TokenKind[] = ['signed', 'sealed'];
  readonly #cookies: SealedBackend;

  /**
   * @param cookies the backend of sessions in cookies
   * @param records the backend of the ledger's lines
   */
  constructor(runtime: SessionRuntime, cookies: SealedBackend, records: RecordBackend) {
    this.runtime = runtime;
    this.#cookies = cookies;
    this.records = records;
  }

  livesInCookie({ base }: ActiveSession): boolean {
    return base?.version === HELD_BY_COOKIE;
  }

  /** With a cache, the token also carries the version: another process may have a newer line than is cached here. */
  token(session: ActiveSession): string {
    const { base } = session;
    if (base === null || this.livesInCookie(session)) return this.#cookies.token(session);
    if (this.records.cache === null) return this.records.token(session);
    return this.runtime.keyring.sign(session.id + END_OF_ID + base.version);
  }

  // ---- loading -------------------------------------------------------------------------------------------------

  async loadByToken(session: ActiveSession, token: string): Promise<void> {
    const signed = this.runtime.keyring.verify(token);
    if (signed !== null) return this.loadById(session, signed);
    const content = await this.#cookies.contentOf(token);
    // A session signed in before there was a ledger has no line, so it could not be ended.
    if (content === null || recordedUser(content.payload.d, this.runtime.userKey) !== null) return;
    const line = await this.#lineOrDegrade(session, content.id);
    if (line === null) return;
    if (line.kind === 'none') return this.#take(session, token, content);
    if (line.kind !== 'moved') return;
    if (session.caller.followsMoves) return this.loadById(session, line.to);
    session.becomeStale(line.to);
    session.endedSubject ??= subjectOfPayload(content.id, content.payload, this.runtime.userKey);
  }

  /** Stores the session in the ledger even if nobody is signed in, so that only one process takes it over. */
  takeOver(session: ActiveSession, foreign: ForeignSession): Promise<TakenOver | null> {
    return this.records.takeOver(session, foreign);
  }

  #take(session: ActiveSession, token: string, content: TokenContent): void {
    // A caller without pages (a socket, a job) cannot send a cookie, so it renews none.
    if (session.caller.consumesFlash === 'hidden') session.bePassive();
    this.#cookies.take(session, token, content);
  }

  /** @param signed the signed content of one of our tokens, also when it was passed to `setSignedId` */
  loadById(session: ActiveSession, signed: string): Promise<void> {
    const [, id, version] = VERSIONED.exec(signed) ?? [];
    if (id === undefined) return this.records.loadById(session, signed);
    this.records.cache?.seen(id, Number(version));
    return this.records.loadById(session, id);
  }

  async reload(session: ActiveSession, base: BaseVersion): Promise<void> {
    if (!this.livesInCookie(session)) return this.records.reload(session, base);
    const line = await this.#lineOrDegrade(session, base.id);
    if (line?.kind === 'none') return this.#cookies.reload(session, base);
    session.reloadedAsGone(line?.kind === 'moved' ? line.to : null);
  }

  locate(livesInCookie: () => boolean): Locate {
    const locate = this.records.locate();
    return async (id, expiresAt) => {
      if (!livesInCookie()) return locate(id, expiresAt);
      const line = await this.#line(id);
      if (line.kind === 'moved') return locate(line.to, expiresAt);
      return line.kind === 'none' && expiresAt > this.runtime.clock.now() ? { id, expiresAt } : null;
    };
  }

  /** What the ledger holds under the id of a session in a cookie. */
  async #line(id: string): Promise<typeof NO_LINE | Found> {
    const record = await this.records.reader.read(id);
    return record === null ? NO_LINE : this.records.finder.judge(id, record);
  }

  async #lineOrDegrade(session: ActiveSession, id: string): Promise<typeof NO_LINE | Found | null> {
    try {
      return await this.#line(id);
    } catch (error) {
      session.degradeOn(error);
      return null;
    }
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  write(session: ActiveSession): Promise<void> {
    return this.#needsLine(session) ? this.#writeLine(session) : this.#writeCookie(session);
  }

  /** A session that was signed in keeps its line until it ends. */
  #needsLine(session: ActiveSession): boolean {
    if (session.pending !== null || (session.base !== null && !this.livesInCookie(session))) return true;
    return recordedUser(session.state.readonlyValues, this.runtime.userKey) !== null;
  }

  async #writeLine(session: ActiveSession): Promise<void> {
    const before = session.base;
    const leavesCookie = before?.version === HELD_BY_COOKIE;
    if (leavesCookie && !session.hasNewId) session.rotate(randomId());
    await this.records.write(session);
    const { base } = session;
    if (base === null || session.isFinal) return;
    // It stays if the application invalidated it while the write waited for its turn.
    const hasMoved = leavesCookie && base.id !== before.id && !session.hasSeparated;
    if (hasMoved) this.runtime.fates.noteMoved(before.id, base.id);
    if (this.records.cache !== null && base.version !== before?.version) session.cookieDue = true;
  }

  async #writeCookie(session: ActiveSession): Promise<void> {
    const { base } = session;
    if (base === null) return this.#cookies.write(session);
    this.#leaveIfShorter(session, base);
    if (session.phase === 'rotating') return this.#moveCookie(session, base);
    if (await this.#staysInCookie(session, base)) return this.#cookies.write(session);
  }

  /**
   * A session that is to expire earlier than its cookies so far gets a new id. The ledger remembers an end only as long as
   * the cookies of the id may be valid; the redirect lasts as long as the old ones. It remembers `CLOCK_SKEW_MS` longer:
   * a cookie that was made by a clock that is ahead is no reason for a new id, nor is a request that took longer from
   * `setDuration` to its commit.
   *
   * @returns whether it gets one
   */
  #leaveIfShorter(session: ActiveSession, { expiresAt }: BaseVersion): boolean {
    const isShorter = this.#cookies.expiryOf(session) < expiresAt - CLOCK_SKEW_MS;
    if (session.phase !== 'stored' || !isShorter) return false;
    session.rotate(randomId());
    return true;
  }

  /** If not: what this request did meanwhile (a sign-in, a new id, an ending) is left to the commit's next step. */
  async #staysInCookie(session: ActiveSession, base: BaseVersion): Promise<boolean> {
    return (await this.#stillLives(session, base)) && session.phase === 'stored' && !this.#needsLine(session);
  }

  /** Whether the session has neither ended nor moved meanwhile. If it has, that is handled here. */
  async #stillLives(session: ActiveSession, { id }: BaseVersion): Promise<boolean> {
    let line: typeof NO_LINE | Found;
    try {
      line = await this.#line(id);
    } catch (error) {
      // The application changed nothing: an unrecorded visit is no reason to fail the request.
      const isBearable = error instanceof SessionStoreError && this.runtime.degrade && session.onlyRenewalDue;
      if (!isBearable) throw error;
      session.forgoRenewal();
      return false;
    }
    if (line.kind === 'none') return true;
    await this.#overtaken(session, line);
    return false;
  }

  /** Makes the token first, as it may be too long; then gives up the old id; and only then adopts the new one. */
  async #moveCookie(session: ActiveSession, loaded: BaseVersion): Promise<void> {
    const sealed = await this.#cookies.seal(session, this.#cookies.expiryOf(session));
    const found = await this.records.remover.redirect(session, loaded, sealed.version.id, null);
    if (found.kind !== 'stored') return this.#overtaken(session, found);
    this.#cookies.adopt(session, sealed);
  }

  /** Another request has signed in or out, or changed the id. The session can continue only if it has a line. */
  async #overtaken(session: ActiveSession, found: Found): Promise<void> {
    const { to } = found.kind === 'moved' ? found : { to: null };
    if (to !== null && (await this.records.finder.follow(session, to))) return this.records.write(session);
    session.drop(to);
  }

  async touch(session: ActiveSession, base: BaseVersion): Promise<void> {
    if (!this.livesInCookie(session)) return this.records.touch(session);
    session.isVisit = true;
    if (!this.#needsLine(session) && this.#leaveIfShorter(session, base))
      return this.#moveCookie(session, base);
    if (await this.#staysInCookie(session, base)) return this.#cookies.touch(session);
  }

  async remove(session: ActiveSession): Promise<boolean> {
    const { removable } = session;
    const existed = await this.records.remove(session);
    if (existed && removable !== null) this.runtime.fates.endWherever(removable.id);
    return existed;
  }
}
