import { RequestSession } from '../session/request-session.js';
import { inContextOf, sessionContext } from '../session/session.context.js';
import { SessionUnavailableException } from '../session.exception.js';
import { type RouteTest, namesRequest } from './routing/named-routes.js';
import { PrototypeMixin } from './prototype-mixin.js';
import { prepareGate } from './response/gated-methods.js';
import { HttpSessionHost, type HttpSessionSettings } from './http-session-host.js';
import type { PlatformRequest, RawRequest, RawResponse } from './raw-http.js';
import { type RequestProperties, requestProperties } from './request-properties.js';
import { CURRENT_SESSION, LAST_OPENED, type OpenedSession } from './session-of.js';

/**
 * The sessions of one application's HTTP requests. Middleware and hooks call this and nothing else. An application mounted
 * below has its own, and so its own sessions for the same requests.
 */
export class HttpSessions {
  readonly #settings: HttpSessionSettings;
  readonly #isExcluded: RouteTest | null;
  /** Of Node's requests (HTTP/1 and HTTP/2), with the properties. */
  readonly #prototypes = new PrototypeMixin(() => this.properties);
  /** `session`, `sessionID` and `flash`, for an object that is a request of this application. */
  readonly properties: RequestProperties;

  constructor(settings: HttpSessionSettings, isExcluded: RouteTest | null) {
    this.#settings = settings;
    this.#isExcluded = isExcluded;
    this.properties = requestProperties((request: RawRequest) => this.of(request));
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
   * @param next called with a SessionUnavailableException where the store failed, and with what a function of the option
   * `cookie` throws
   */
  open(
    req: RawRequest,
    res: RawResponse,
    platform: PlatformRequest | null,
    next: (error?: unknown) => void,
  ): void {
    const known = this.#openedFor(req);
    if (known !== undefined) {
      const host = known.session?.host;
      // Middleware was first and had only the raw request: what Fastify makes of it is known now.
      if (platform !== null && host instanceof HttpSessionHost) host.platform = platform;
      return run(req, known, next);
    }
    let session: RequestSession | undefined;
    try {
      if (this.#isExcluded === null || !namesRequest(this.#isExcluded, req))
        session = new RequestSession(new HttpSessionHost(this.#settings, req, res, platform));
    } catch (error) {
      // Of a function of the option `cookie`, which tells the tenants apart.
      return next(error);
    }
    const opened: OpenedSession = { owner: this, session, before: req[LAST_OPENED] };
    req[LAST_OPENED] = opened;
    if (session !== undefined) prepareGate(res);
    // Fastify's own requests have them by a decorator: Node's, that one of them leads to, matters to middleware only.
    if (session !== undefined && platform === null) this.#addProperties(req);
    const goOn = (): void => run(req, opened, next);
    const pending = session?.initiateAtOnce(false);
    if (pending === undefined) return goOn();
    pending.then(goOn, (error: unknown) => {
      if (!res.headersSent) res.setHeader('Cache-Control', 'no-store');
      next(new SessionUnavailableException(error));
    });
  }

  /** Whether code runs already in the context that `runInContext` would give it. Asked for each layer of middleware. */
  isInContext(req: RawRequest): boolean {
    const current = req[CURRENT_SESSION];
    if (current?.owner !== this && req[LAST_OPENED] !== undefined && this.#openedFor(req) !== undefined)
      return false;
    return sessionContext.getStore() === current?.session;
  }

  /**
   * Calls something in the context of this application's session of a request, whatever context the caller is in:
   * middleware may go on in a callback that belongs to another request, and an application mounted below may have had the
   * request meanwhile. Where this one has opened nothing for the request, in the context of the session that another has
   * opened, or of none: a router may serve several applications.
   */
  runInContext<T>(req: RawRequest, call: () => T): T {
    return run(req, this.#openedFor(req) ?? req[CURRENT_SESSION], call);
  }

  /** Calls the handler of a request that has become a WebSocket. Behind it, its session goes by no facade any more. */
  endHandshake<T>(req: RawRequest, handle: () => T): T {
    const host = this.of(req)?.host;
    return host instanceof HttpSessionHost ? host.endHandshake(handle) : handle();
  }

  #addProperties(req: RawRequest): void {
    // What another library has put on this request gives way.
    if (Object.hasOwn(req, 'session')) Object.defineProperties(req, this.properties);
    // Express has them on the prototype of its requests. Node's own gets one.
    else if (!('session' in req)) this.#prototypes.applyTo(req);
  }

  #openedFor(req: RawRequest): OpenedSession | undefined {
    let opened = req[LAST_OPENED];
    while (opened !== undefined && opened.owner !== this) opened = opened.before;
    return opened;
  }
}

function run<T>(req: RawRequest, opened: OpenedSession | undefined, call: () => T): T {
  if (opened !== undefined) req[CURRENT_SESSION] = opened;
  return inContextOf(opened?.session, call);
}
