import type { TokenKind } from '../../crypto/keyring.js';
import { randomId } from '../../crypto/random-id.js';
import type { SealingDriver, SessionRecord } from '../../drivers/driver.js';
import type { ForeignSession } from '../taking-over/session-source.js';
import type { Payload } from '../../state/payload.js';
import { parseSealed } from '../../state/recent-payloads.js';
import { type Draft, SessionState } from '../../state/session-state.js';
import type { ActiveSession } from '../active-session.js';
import type { TakenOver } from '../taking-over/taken-over.js';
import { HELD_BY_COOKIE, type LoadedVersion } from '../phase.js';
import { NOBODY } from '../caller.js';
import { takeOverSealed } from '../taking-over/sealed-take-over.js';
import type { SessionBackend } from '../session-backend.js';
import type { SessionRuntime } from '../session-runtime.js';
import { subjectOfPayload } from '../publish-events.js';

/** What one of our tokens holds. */
export interface TokenContent {
  readonly id: string;
  readonly payload: Payload;
  readonly record: SessionRecord;
}

/** A token that has been made, and that the browser is not promised yet. */
export interface Sealed {
  readonly token: string;
  readonly draft: Draft;
  readonly version: LoadedVersion;
}

/**
 * Sessions that live in the cookie itself. There is no other side to merge with: the last response wins. Only what other
 * requests of this process have ended or moved meanwhile is known, and stays so.
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

  /** The sealed session as the browser has it, or is about to get it; empty before the first write. */
  token(session: ActiveSession): string {
    return session.token;
  }

  loadByToken(session: ActiveSession, token: string): Promise<void> | void {
    const content = this.contentOf(token);
    if (content instanceof Promise) return content.then((late) => this.take(session, token, late));
    this.take(session, token, content);
  }

  /** What a token holds; null where it is not ours, or its session is over by its age. */
  contentOf(token: string): Promise<TokenContent | null> | TokenContent | null {
    const opened = this.#driver.open(token);
    return opened instanceof Promise ? opened.then((record) => this.#read(record)) : this.#read(opened);
  }

  #read(record: SessionRecord | null): TokenContent | null {
    if (record === null) return null;
    const { serializer, log, lifetimes } = this.runtime;
    const parsed = parseSealed(record.payload, serializer);
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

  /** A session becomes what a token holds, unless it has ended meanwhile. */
  take(session: ActiveSession, token: string, content: TokenContent | null): void {
    if (content === null) return;
    const { id, payload, record } = content;
    const fate = this.runtime.endings.fateOf(id);
    if (fate.kind === 'moved') {
      session.becomeStale(fate.to);
      session.unloadedSubject = subjectOfPayload(id, payload, this.runtime.userKey);
    }
    if (fate.kind !== 'lives') return;
    session.token = token;
    session.found(
      { id, version: HELD_BY_COOKIE, expiresAt: record.expiresAt },
      SessionState.loaded(this.runtime.serializer, payload, record.payload, session.caller.consumesFlash),
    );
  }

  async takeOver(session: ActiveSession, foreign: ForeignSession): Promise<TakenOver | null> {
    const taken = await takeOverSealed(session, foreign, (id, state) =>
      this.#seal({ id, state }, this.runtime.lifetimes.fullExpiry(state.facts)),
    );
    if (taken !== null) await this.loadByToken(session, taken.token);
    return taken;
  }

  /** Nothing is kept anywhere under an id: the session stays empty. */
  loadById(session: ActiveSession, id: string): void {
    const fate = this.runtime.endings.fateOf(id);
    if (fate.kind === 'moved') session.becomeStale(fate.to);
  }

  /** What the browser has, or is about to get: nobody else can have changed that. */
  reload(session: ActiveSession): void {
    const { loaded } = session;
    const state = session.isOvertaken ? null : session.state.reloadedFromText();
    if (loaded !== null && state !== null) return session.reloaded(loaded, state);
    session.reloadedAsGone();
    if (session.phase === 'dropped') this.#becomeStaleWhereMoved(session, loaded);
  }

  #drop(session: ActiveSession): void {
    const { loaded } = session;
    session.drop();
    this.#becomeStaleWhereMoved(session, loaded);
  }

  /** Where another request has moved it to, it can still be ended from here. */
  #becomeStaleWhereMoved(session: ActiveSession, loaded: LoadedVersion | null): void {
    const fate = loaded === null ? null : this.runtime.endings.fateOf(loaded.id);
    if (fate?.kind === 'moved') session.becomeStale(fate.to);
  }

  write(session: ActiveSession): Promise<void> | void {
    if (session.phase === 'ending' && session.loaded !== null) {
      // First of all, wherever it has moved to: whatever becomes of what is stored after it.
      if (!this.runtime.endings.end(session.loaded.id)) return this.#drop(session);
      session.startOver();
    }
    // The application chose an id that has ended before (`setId`). Under it, a copy of the old cookie would be valid again.
    if (session.loaded === null && this.runtime.endings.fateOf(session.id).kind !== 'lives')
      session.rotate(randomId());
    return this.#replace(session, this.#expiryOf(session));
  }

  /** The lifetime is in the token, so a longer one is a new token. */
  touch(session: ActiveSession): Promise<void> | void {
    return this.#replace(session, this.runtime.lifetimes.fullExpiry(session.state.facts));
  }

  #replace(session: ActiveSession, expiresAt: number): Promise<void> | void {
    const sealed = this.#seal(session, expiresAt);
    if (sealed instanceof Promise) return sealed.then((late) => this.adopt(session, late));
    this.adopt(session, sealed);
  }

  /** Data in the cookie means a new cookie for every write: then a visit may as well renew the lifetime. */
  #expiryOf({ isVisit, loaded, state }: ActiveSession): number {
    if (!isVisit && loaded !== null && !state.facts.durationChanged) return loaded.expiresAt;
    return this.runtime.lifetimes.fullExpiry(state.facts);
  }

  /**
   * Makes the token of a session as it is now, and leaves it to `adopt` to have the session stand on it.
   *
   * @throws SessionValueError, SessionTooLargeError
   */
  seal(session: ActiveSession): Promise<Sealed> | Sealed {
    return this.#seal(session, this.#expiryOf(session));
  }

  #seal({ id, state }: Pick<ActiveSession, 'id' | 'state'>, expiresAt: number): Promise<Sealed> | Sealed {
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

  /** The session stands on a token from now on, unless another request has ended or moved it meanwhile. */
  adopt(session: ActiveSession, { token, draft, version }: Sealed): void {
    if (session.isOvertaken) return this.#drop(session);
    if (session.loaded !== null && session.loaded.id !== version.id)
      this.runtime.endings.moved(session.loaded.id, version.id);
    session.token = token;
    session.stored(draft, version, true);
    this.runtime.watched.renewed(version);
  }

  remove(session: ActiveSession): boolean {
    return session.removable !== null && this.runtime.endings.end(session.removable.id);
  }
}
