import type { TokenKind } from '../../crypto/keyring.js';
import { randomId } from '../../crypto/random-id.js';
import type { SealingDriver, SessionRecord } from '../../drivers/driver.js';
import type { ForeignSession } from '../taking-over/session-source.js';
import type { Payload } from '../../state/payload.js';
import { parseSealed } from '../../state/recent-payloads.js';
import type { Draft } from '../../state/session-state.js';
import type { ActiveSession } from '../active-session.js';
import type { TakenOver } from '../taking-over/taken-over.js';
import { HELD_BY_COOKIE, type BaseVersion } from '../phase.js';
import { NOBODY } from '../caller.js';
import { takeOverSealed } from '../taking-over/sealed-take-over.js';
import type { SessionBackend } from '../session-backend.js';
import type { SessionRuntime } from '../session-runtime.js';
import { subjectOfPayload } from '../publish-events.js';

/** The content of one of our tokens. */
export interface TokenContent {
  readonly id: string;
  readonly payload: Payload;
  readonly record: SessionRecord;
}

/** A token that was made but is not yet due to the browser. */
export interface Sealed {
  readonly token: string;
  readonly draft: Draft;
  readonly version: BaseVersion;
}

/**
 * Keeps sessions in the cookie itself. There is no stored version to merge with: the last response wins.
 * Sessions that other requests of this process recently ended or moved are known, and stay so.
 */
export class SealedBackend implements SessionBackend {
  readonly runtime: SessionRuntime;
  readonly records = null;
  readonly tokenKinds: readonly TokenKind[] = ['sealed'];
  readonly #driver: SealingDriver;

  constructor(runtime: SessionRuntime, driver: SealingDriver) {
    this.runtime = runtime;
    this.#driver = driver;
  }

  livesInCookie(): boolean {
    return true;
  }

  /** Null: no store knows whether a sealed session has ended. */
  locate(): null {
    return null;
  }

  /** The sealed session that the browser has, or is about to get; empty before the first write. */
  token(session: ActiveSession): string {
    return session.token;
  }

  loadByToken(session: ActiveSession, token: string): Promise<void> | void {
    const content = this.contentOf(token);
    if (content instanceof Promise)
      return content.then(
        (late) => this.take(session, token, late),
        (error: unknown) => session.degradeOn(error),
      );
    this.take(session, token, content);
  }

  /** The content of a token; null if the token is not ours, or its session has reached `absoluteAge`. */
  contentOf(token: string): Promise<TokenContent | null> | TokenContent | null {
    const opened = this.#driver.open(token);
    return opened instanceof Promise ? opened.then((record) => this.#read(record)) : this.#read(opened);
  }

  #read(record: SessionRecord | null): TokenContent | null {
    if (record === null) return null;
    const { serializer, log, lifetimes } = this.runtime;
    const parsed = parseSealed(record, serializer);
    const payload = parsed.kind === 'session' ? parsed.payload : null;
    if (payload?.i === undefined) {
      log.warn(
        'A session cookie was ours but its content could not be read: it counts as absent. ' +
          "Was the option 'serializer' changed?",
      );
      return null;
    }
    return lifetimes.isOverAge(payload) ? null : { id: payload.i, payload, record };
  }

  /** Loads a session from a token's content, unless it has ended meanwhile. */
  take(session: ActiveSession, token: string, content: TokenContent | null): void {
    if (content === null) return;
    session.hasOpenedToken = true;
    const { id, payload, record } = content;
    const fate = this.runtime.fates.fateOf(id);
    if (fate.kind === 'moved') {
      session.becomeStale(fate.to);
      session.endedSubject ??= subjectOfPayload(id, payload, this.runtime.userKey);
    }
    if (fate.kind !== 'lives') return;
    session.token = token;
    const { expiresAt } = record;
    session.found({ id, version: HELD_BY_COOKIE, expiresAt }, payload, record.payload);
  }

  async takeOver(session: ActiveSession, foreign: ForeignSession): Promise<TakenOver | null> {
    const taken = await takeOverSealed(session, foreign, (id, state) =>
      this.seal({ id, state }, this.runtime.lifetimes.fullExpiry(state.facts)),
    );
    if (taken !== null) await this.loadByToken(session, taken.token);
    return taken;
  }

  /** Nothing is stored under an id, so the session stays empty. */
  loadById(session: ActiveSession, id: string): void {
    const to = this.#movedTo(id);
    if (to !== null) session.becomeStale(to);
  }

  /** Returns to what the browser has, or is about to get: nobody else can have changed that. */
  reload(session: ActiveSession, base: BaseVersion): void {
    const state = session.isOvertaken ? null : session.state.reloadedFromText();
    if (state !== null) return session.reloaded(base, state);
    session.reloadedAsGone(this.#movedTo(base.id));
  }

  /** Where another request has moved the session of an id; null for nowhere. */
  #movedTo(id: string): string | null {
    const fate = this.runtime.fates.fateOf(id);
    return fate.kind === 'moved' ? fate.to : null;
  }

  write(session: ActiveSession): Promise<void> | void {
    // The application chose an id whose session had ended (`setId`). Reusing it would make a copy of the old
    // cookie valid again.
    if (session.base === null && this.runtime.fates.fateOf(session.id).kind !== 'lives')
      session.rotate(randomId());
    return this.#replace(session, this.expiryOf(session));
  }

  /**
   * The token contains the lifetime, so extending it takes a new token. If the session has a new id, that is the
   * token of its commit, which first ends or moves what the old id names.
   */
  touch(session: ActiveSession): Promise<void> | void {
    session.isVisit = true;
    if (session.phase === 'stored') return this.#replace(session, this.expiryOf(session));
  }

  #replace(session: ActiveSession, expiresAt: number): Promise<void> | void {
    const sealed = this.seal(session, expiresAt);
    if (sealed instanceof Promise) return sealed.then((late) => this.adopt(session, late));
    this.adopt(session, sealed);
  }

  /** Every write makes a new cookie anyway, so a visit always renews the lifetime. */
  expiryOf({ isVisit, base, state }: ActiveSession): number {
    if (!isVisit && base !== null && !state.facts.durationChanged) return base.expiresAt;
    return this.runtime.lifetimes.fullExpiry(state.facts);
  }

  /**
   * Makes a token of the session as it is now. `adopt` then bases the session on it.
   *
   * @throws SessionValueError, SessionTooLargeError
   */
  seal({ id, state }: Pick<ActiveSession, 'id' | 'state'>, expiresAt: number): Promise<Sealed> | Sealed {
    const draft = state.draft(undefined, id);
    const lastActivity = this.runtime.clock.now();
    const record = { payload: draft.text, expiresAt, version: draft.payload.n, lastActivity, ...NOBODY };
    const made = (token: string): Sealed => {
      this.runtime.tokenLimit.assertFits(token.length, draft.payload);
      return { token, draft, version: { id, version: HELD_BY_COOKIE, expiresAt } };
    };
    const sealed = this.#driver.seal(record);
    return typeof sealed === 'string' ? made(sealed) : sealed.then(made);
  }

  /** Bases the session on a token, unless another request has ended or moved the session meanwhile. */
  adopt(session: ActiveSession, { token, draft, version }: Sealed): void {
    const { base } = session;
    if (base !== null && session.isOvertaken) return session.drop(this.#movedTo(base.id));
    if (base !== null && base.id !== version.id) this.runtime.fates.noteMoved(base.id, version.id);
    session.token = token;
    session.onStored(draft, version, true);
    this.runtime.watched.renewed(version);
  }

  remove(session: ActiveSession): boolean {
    return session.removable !== null && this.runtime.fates.endWherever(session.removable.id);
  }
}
