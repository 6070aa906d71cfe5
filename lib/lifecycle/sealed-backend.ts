import type { SealingDriver, SessionRecord } from '../drivers/driver.js';
import { parsePayload } from '../state/payload.js';
import { SessionState } from '../state/session-state.js';
import type { ActiveSession } from './active-session.js';
import type { LoadedVersion } from './phase.js';
import type { RecentEndings } from './recent-endings.js';
import type { SessionBackend } from './session-backend.js';
import type { SessionRuntime } from './session-runtime.js';
import { toldOfPayload } from './telling.js';

/** A token is nobody's to list. */
const NOBODY = { userId: null, ipAddress: null, userAgent: null };

/**
 * Sessions that live in the cookie itself. There is no other side to merge with: the last response wins. Only what other
 * requests of this process have ended or moved meanwhile is known, and stays so.
 */
export class SealedBackend implements SessionBackend {
  readonly livesInCookie = true;
  readonly locate = null;
  readonly #runtime: SessionRuntime;
  readonly #driver: SealingDriver;
  readonly #endings: RecentEndings;

  /** @param endings shared by all requests of one application in one process */
  constructor(runtime: SessionRuntime, driver: SealingDriver, endings: RecentEndings) {
    this.#runtime = runtime;
    this.#driver = driver;
    this.#endings = endings;
  }

  /** The sealed session as the browser has it, or is about to get it; empty before the first write. */
  token(session: ActiveSession): string {
    return session.token;
  }

  isOver({ loaded }: ActiveSession): boolean {
    return loaded !== null && this.#endings.fateOf(loaded.id).kind !== 'lives';
  }

  open(session: ActiveSession, token: string): Promise<void> | void {
    const opened = this.#driver.open(token);
    if (opened instanceof Promise) return opened.then((record) => this.#take(session, token, record));
    this.#take(session, token, opened);
  }

  #take(session: ActiveSession, token: string, record: SessionRecord | null): void {
    if (record === null) return;
    const { serializer, log, lifetimes } = this.#runtime;
    const parsed = parsePayload(record.payload, serializer);
    const payload = parsed.kind === 'session' ? parsed.payload : null;
    if (payload?.i === undefined) {
      log.warn(
        'A session cookie was ours but its content could not be read: it counts as absent. ' +
          "Was the option 'serializer' changed?",
      );
      return;
    }
    if (lifetimes.isOverAge(payload.c)) return;
    const fate = this.#endings.fateOf(payload.i);
    if (fate.kind === 'moved') {
      session.leave(fate.to);
      session.leftBehind = toldOfPayload(payload.i, payload, this.#runtime.userKey);
    }
    if (fate.kind !== 'lives') return;
    session.token = token;
    session.found(
      { id: payload.i, version: payload.n, expiresAt: record.expiresAt },
      SessionState.loaded(serializer, payload, record.payload, session.ages),
    );
  }

  /** Nothing is kept anywhere under an id: the session stays empty. */
  load(session: ActiveSession, id: string): void {
    const fate = this.#endings.fateOf(id);
    if (fate.kind === 'moved') session.leave(fate.to);
  }

  /** What the browser has, or is about to get: nobody else can have changed that. */
  reload(session: ActiveSession): void {
    const { loaded } = session;
    const state = this.isOver(session) ? null : session.state.reloadedFromText();
    if (loaded !== null && state !== null) return session.reloaded(loaded, state);
    session.reloadedAsGone();
    if (session.phase === 'dropped') this.#leaveWhereMoved(session, loaded);
  }

  #drop(session: ActiveSession): void {
    const { loaded } = session;
    session.drop();
    this.#leaveWhereMoved(session, loaded);
  }

  /** Where another request has moved it to, it can still be ended from here. */
  #leaveWhereMoved(session: ActiveSession, loaded: LoadedVersion | null): void {
    const fate = loaded === null ? null : this.#endings.fateOf(loaded.id);
    if (fate?.kind === 'moved') session.leave(fate.to);
  }

  write(session: ActiveSession): Promise<void> | void {
    if (session.phase === 'ending' && session.loaded !== null) {
      // First of all, wherever it has moved to: whatever becomes of what is stored after it.
      if (!this.#endings.end(session.loaded.id)) return this.#drop(session);
      session.ended();
    }
    return this.#seal(session, this.#expiryOf(session));
  }

  /** Data in the cookie means a new cookie for every write: then a visit may as well renew the lifetime. */
  #expiryOf({ isVisit, loaded, state }: ActiveSession): number {
    if (!isVisit && loaded !== null && !state.durationChanged) return loaded.expiresAt;
    return this.#runtime.lifetimes.fullExpiry(state);
  }

  #seal(session: ActiveSession, expiresAt: number): Promise<void> | void {
    const { id, state } = session;
    const draft = state.draft(undefined, id);
    const version = draft.payload.n;
    const lastActivity = this.#runtime.clock.now();
    const record = { payload: draft.text, expiresAt, version, lastActivity, ...NOBODY };
    const arrived = (token: string): void => {
      this.#runtime.tokenLimit.assertFits(token.length, draft.payload);
      if (this.isOver(session)) return this.#drop(session);
      if (session.loaded !== null && session.loaded.id !== id) this.#endings.moved(session.loaded.id, id);
      session.token = token;
      session.stored(draft, { id, version, expiresAt }, true);
      this.#runtime.live.renewed({ id, expiresAt });
    };
    const sealed = this.#driver.seal(record);
    return typeof sealed === 'string' ? arrived(sealed) : sealed.then(arrived);
  }

  /** The lifetime is in the token, so a longer one is a new token. */
  touch(session: ActiveSession): Promise<void> | void {
    return this.#seal(session, this.#runtime.lifetimes.fullExpiry(session.state));
  }

  remove(session: ActiveSession): boolean {
    return session.removable !== null && this.#endings.end(session.removable.id);
  }
}
