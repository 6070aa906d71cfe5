import { stringifySetCookie } from 'cookie';
import type { Caller } from '../lifecycle/caller.js';
import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { TokenPlace } from '../lifecycle/token-place.js';
import type { SessionCommits } from '../session/session-commits.js';
import type { SessionLog } from '../lifecycle/session-runtime.js';
import type { CookieAttributes, LifecycleFactory, SessionHost } from '../session/session-host.js';
import {
  type PlatformRequest,
  type RawRequest,
  type RawResponse,
  isClosed,
  isHandshake,
} from './raw-http.js';
import { SessionStoreError } from '../session.errors.js';
import { SessionLimitError } from '../session.exception.js';
import { type GateContext, ResponseGate } from './response/response-gate.js';
import type { CookiePath } from './cookie/cookie-path.js';
import type { CookieSetup, TokenSetup } from './cookie/cookie-setup.js';
import type { ForeignCookies, ForeignSessionVisit } from './cookie/foreign-cookies.js';
import { tokenAdditions } from './cookie/response-cookies.js';
import type { SecureCookieWarning } from './cookie/secure-cookie-warning.js';
import type { UnparsedFormWarning } from './unparsed-form-warning.js';
import { type SentTokens, sentTokens } from './cookie/sent-tokens.js';
import { clientOf } from './client-of.js';
import { consumesFlash } from './consumes-flash.js';
import {
  BEGUN_LATE,
  HANDSHAKE_OVER,
  TOO_LATE,
  WRITTEN_LATE,
  type FailedResponse,
  commitFailed,
  unsendable,
} from './wording.js';
import { type RouteTest, namesRequest } from './routing/named-routes.js';
import type { HeadAddition } from './response/response-head.js';

/** The settings that all requests of an application share. */
export interface HttpSessionSettings {
  readonly tokens: TokenSetup;
  /** The cookies of the libraries that the application migrates from; null for none. */
  readonly foreign: ForeignCookies | null;
  readonly secureWarning: SecureCookieWarning;
  readonly unparsedForm: UnparsedFormWarning;
  readonly cookiePath: CookiePath;
  readonly log: SessionLog;
  readonly recordClient: boolean;
  /** Which routes are passive. Null: none. */
  readonly isPassive: RouteTest | null;
  isNeverFlashed(field: string): boolean;
  readonly lifecycles: LifecycleFactory;
}

/** One HTTP request, as seen by its session. */
export class HttpSessionHost implements SessionHost, GateContext {
  readonly #settings: HttpSessionSettings;
  readonly #req: RawRequest;
  readonly #res: RawResponse;
  readonly tokens: readonly string[];
  readonly earlierTokens: (() => readonly string[]) | undefined;
  readonly takeOver: ForeignSessionVisit['takeOver'] | undefined;
  /** Null if the request brings no cookie of another library. */
  readonly #foreign: ForeignSessionVisit | null;
  /** The cookie setup for this request. */
  readonly #setup: CookieSetup;
  readonly #sent: SentTokens;
  /** Where this request's tokens travel. */
  readonly #place: TokenPlace;
  /** Whether the request came with a token, or with a cookie that another library set. */
  readonly #hasSent: boolean;
  #gate: ResponseGate | null = null;
  #tooLateReported = false;
  /**
   * Whether the request has become a WebSocket, and whether its handler is done: there is no response whose
   * end could tell.
   */
  #webSocket: 'none' | 'handled' | 'over' = 'none';
  #isPassive = false;
  /** Fastify's view of the request, once it is known. */
  platform: PlatformRequest | null;

  constructor(
    settings: HttpSessionSettings,
    req: RawRequest,
    res: RawResponse,
    platform: PlatformRequest | null,
  ) {
    this.#settings = settings;
    this.#req = req;
    this.#res = res;
    this.platform = platform;
    const { tenants } = settings.tokens;
    const setup = tenants === null ? settings.tokens : tenants.of(platform ?? req);
    const sent = sentTokens(setup, req.headers);
    const { foreign } = settings;
    this.#setup = setup;
    this.#sent = sent;
    this.#place = (sent.header ?? setup).place;
    this.#foreign = foreign === null || sent.header !== null ? null : foreign.visit(req.headers.cookie, res);
    this.tokens = sent.tokens;
    this.earlierTokens = sent.earlierTokens;
    this.takeOver = this.#foreign?.takeOver;
    const hasTokens = sent.names.length > 0 || sent.tokens.length > 0 || sent.earlierTokens !== undefined;
    this.#hasSent = hasTokens || this.#foreign !== null;
  }

  createLifecycle(): SessionLifecycle {
    const { lifecycles, recordClient, isPassive } = this.#settings;
    this.#isPassive ||= isHandshake(this.#req) || (isPassive !== null && namesRequest(isPassive, this.#req));
    const caller: Caller = {
      // Without a gate it is too early to ask the route: a route that serves files may still pass the request on.
      consumesFlash: () =>
        !this.#isPassive &&
        consumesFlash(this.#req, this.#res, this.#gate === null ? undefined : this.platform?.routeOptions),
      client: recordClient ? () => clientOf(this.#req, this.platform) : null,
      isVisit: !this.#isPassive,
      followsMoves: false,
    };
    return lifecycles.createLifecycle(caller, this.platform ?? this.#req, this.#place);
  }

  /**
   * Makes the request passive. Called once the handler is known to be decorated with `@PassiveSession()`,
   * after the session is opened.
   */
  bePassive(): void {
    this.#isPassive = true;
  }

  arm(session: SessionCommits): void {
    const isReached = this.#sent.header !== null || this.#settings.cookiePath.covers(this.#req);
    if (!isReached && this.#beginsNothing(session)) return;
    if (this.#res.writableEnded) return session.hostOver();
    // Only requests that may have something to commit get a gate, and those whose store failed.
    this.#gate ??= new ResponseGate(this.#res, session, this);
    if (this.#webSocket === 'over' || isClosed(this.#res)) session.hostOver();
  }

  keepUncached(session: SessionCommits): void {
    if (!this.headSent) this.#gate ??= new ResponseGate(this.#res, session, this);
  }

  get headSent(): boolean {
    if (this.#webSocket !== 'none') return true;
    return this.#gate === null ? this.#res.headersSent : this.#gate.headSent;
  }

  get isOver(): boolean {
    if (this.#webSocket === 'over') return true;
    return this.#gate === null ? this.#res.writableEnded : this.#gate.ended;
  }

  get endedReason(): string | undefined {
    return this.#webSocket === 'over' ? HANDSHAKE_OVER : undefined;
  }

  /**
   * Runs the handler of a request that has become a WebSocket. No cookie can be sent any more, and what is
   * due is stored after the handler.
   */
  endHandshake<T>(handle: () => T): T {
    this.#webSocket = 'handled';
    try {
      return handle();
    } finally {
      this.#webSocket = 'over';
      this.#gate?.commitWithoutResponse();
    }
  }

  onceOver(done: () => void): void {
    const res = this.#res;
    if (res.writableFinished || isClosed(res)) return done();
    res.once('finish', done);
    res.once('close', done);
  }

  get cookieAttributes(): CookieAttributes {
    return this.#setup.cookie.attributes;
  }

  setCookieHeader(name: string, value: string, expires: Date | null): string {
    return stringifySetCookie({ ...this.cookieAttributes, ...(expires && { expires }), name, value });
  }

  reportTooLate(): void {
    this.#tooLateReported = true;
    this.#settings.log.error(TOO_LATE);
  }

  #beginsNothing(session: SessionCommits): boolean {
    const isLost = session.beginNothing();
    if (isLost === null) return false;
    this.#res.once('finish', () => {
      if (isLost()) this.#settings.cookiePath.writtenOutside();
    });
    return true;
  }

  commitFailed(error: unknown): void {
    this.failed(error, this.headSent ? 'cut off' : 'answered');
  }

  writtenAfterEnd(): void {
    // The client disconnected before the end and the code goes on: that is no mistake of the application.
    if (this.#gate?.ended === false) {
      this.#gate.commitWithoutResponse();
      return;
    }
    this.#settings.log.warn(WRITTEN_LATE);
  }

  body(): unknown {
    const body = this.platform?.body;
    return body === undefined ? this.#req.body : body;
  }

  reportUnparsedForm(): void {
    this.#settings.unparsedForm.check(this.#req);
  }

  isNeverFlashed(field: string): boolean {
    return this.#settings.isNeverFlashed(field);
  }

  verify(signedId: string, secret: string | undefined): string | null {
    const { keyring } = this.#place;
    return (secret === undefined ? keyring : keyring.withSecret(secret)).verify(signedId);
  }

  headAdditions(session: SessionCommits): readonly HeadAddition[] {
    const due = session.cookieInstruction(this.#hasSent);
    if (due.kind === 'none') return [];
    return tokenAdditions(due, {
      setup: this.#setup,
      sent: this.#sent,
      foreign: this.#foreign,
      secureWarning: this.#settings.secureWarning,
      req: this.#req,
      platform: this.platform,
    });
  }

  failed(error: unknown, response: FailedResponse): void {
    // `reportTooLate` has already logged it.
    if (this.#tooLateReported) return;
    // A store failure is logged once, not for each request. Too many sessions of one user are no failure.
    if (error instanceof SessionStoreError || error instanceof SessionLimitError) return;
    this.#settings.log.error(commitFailed(error, response));
  }

  unsendable(error: unknown): void {
    this.#settings.log.error(unsendable(error));
  }

  late(session: SessionCommits): void {
    if (session.cookieInstruction(this.#hasSent).kind !== 'none') this.#settings.log.warn(BEGUN_LATE);
  }
}
