import { RequestSession } from '../session/request-session.js';
import { inContextOf, sessionContext } from '../session/session.context.js';
import { SessionUnavailableException } from '../session.exception.js';
import type { ExclusionTest } from './routing/excluded-routes.js';
import { PrototypeMixin } from './prototype-mixin.js';
import { prepareGate } from './response/gated-methods.js';
import { HttpSessionHost, type HttpSessionSettings } from './http-session-host.js';
import type { PlatformRequest, RawRequest, RawResponse } from './raw-http.js';
import { urlBelowMount } from './express/mounted-path.js';
import { type RequestProperties, requestProperties } from './request-properties.js';
import { CURRENT_SESSION, OPENED_SESSIONS, type OpenedSession } from './session-of.js';

/**
 * The sessions of one application's HTTP requests: the one piece that middleware and hooks call. Another application
 * mounted below has one of its own, and so sessions of its own for the same requests.
 */
export class HttpSessions {
  readonly #settings: HttpSessionSettings;
  readonly #isExcluded: ExclusionTest | null;
  /** Of Node's requests (HTTP/1 and HTTP/2), with the properties. */
  readonly #prototypes = new PrototypeMixin(() => this.properties);
  /** `session`, `sessionID` and `flash`, for an object that is a request of this application. */
  readonly properties: RequestProperties;

  constructor(settings: HttpSessionSettings, isExcluded: ExclusionTest | null) {
    this.#settings = settings;
    this.#isExcluded = isExcluded;
    this.properties = requestProperties((request) => this.of(request));
  }

  /** This application's session of a request; undefined where none was opened, and on an excluded route. */
  of(req: RawRequest): RequestSession | undefined {
    return this.#openedFor(req)?.session;
  }

  /**
   * Attaches a session to the request, loads it where a token came in, and goes on inside its context. A second call
   * for the same request only goes on.
   *
   * @param platform Fastify's request, where this is called with it
   * @param next called with a SessionUnavailableException where the store failed
   */
  open(
    req: RawRequest,
    res: RawResponse,
    platform: PlatformRequest | null,
    next: (error?: unknown) => void,
  ): void {
    const opened = this.#openedFor(req);
    if (opened !== undefined) {
      const host = opened.session?.host;
      // Middleware was first and had only the raw request: what Fastify makes of it is known now.
      if (platform !== null && host instanceof HttpSessionHost) host.platform = platform;
      this.runInContext(req, next);
      return;
    }
    const session = this.#isOutside(req)
      ? undefined
      : new RequestSession(new HttpSessionHost(this.#settings, req, res, platform));
    req[OPENED_SESSIONS] = { owner: this, session, before: req[OPENED_SESSIONS] };
    if (session !== undefined) prepareGate(res);
    // Fastify's own requests have them by a decorator: Node's, that one of them leads to, matters to middleware only.
    if (session !== undefined && platform === null) this.#addProperties(req);
    const pending = session?.open(false);
    if (pending === undefined) {
      this.runInContext(req, next);
      return;
    }
    pending.then(
      () => {
        this.runInContext(req, next);
      },
      (error: unknown) => {
        if (!res.headersSent) res.setHeader('Cache-Control', 'no-store');
        next(new SessionUnavailableException(error));
      },
    );
  }

  /** Whether code runs already as what a request of this application needs. */
  isInContext(req: RawRequest): boolean {
    const current = req[CURRENT_SESSION];
    if (current?.owner !== this && this.#openedFor(req) !== undefined) return false;
    return sessionContext.getStore() === current?.session;
  }

  /**
   * Calls something as a part of a request of this application, whatever context the caller comes in: middleware may go on
   * in a callback that belongs to another request, and an application mounted below may have had the request meanwhile.
   * Where this one has opened nothing for the request, it is called as a part of what another has, or of none: a router may
   * serve several applications.
   */
  runInContext<T>(req: RawRequest, call: () => T): T {
    const opened = this.#openedFor(req) ?? req[CURRENT_SESSION];
    if (opened !== undefined) req[CURRENT_SESSION] = opened;
    return inContextOf(opened?.session, call);
  }

  #addProperties(req: RawRequest): void {
    // What another library has put on this request gives way.
    if (Object.hasOwn(req, 'session')) Object.defineProperties(req, this.properties);
    // Express has them on the prototype of its requests. Node's own gets one.
    else if (!('session' in req)) this.#prototypes.extend(req);
  }

  #openedFor(req: RawRequest): OpenedSession | undefined {
    let opened = req[OPENED_SESSIONS];
    while (opened !== undefined && opened.owner !== this) opened = opened.before;
    return opened;
  }

  #isOutside(req: RawRequest): boolean {
    if (this.#isExcluded === null) return false;
    const url = req.originalUrl ?? req.url ?? '/';
    if (this.#isExcluded(req.method, url)) return true;
    const below = urlBelowMount(req, url);
    return below !== null && this.#isExcluded(req.method, below);
  }
}
