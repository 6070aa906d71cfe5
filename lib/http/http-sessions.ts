import { OTHER_PLUGIN } from './wording.js';
import { HostedSession } from '../session/hosted-session.js';
import { inContextOf, sessionContext } from '../session/session.context.js';
import { SessionUnavailableException } from '../session.exception.js';
import { type RouteTest, namesRequest } from './routing/named-routes.js';
import { prototypeMixin } from './prototype-mixin.js';
import { prepareGate } from './response/gated-methods.js';
import { HttpSessionHost, type HttpSessionSettings } from './http-session-host.js';
import {
  type PlatformRequest,
  type RawRequest,
  type RawResponse,
  isResponse,
  noResponse,
} from './raw-http.js';
import { type RequestProperties, requestProperties } from './request-properties.js';

/**
 * A session that an application opened for a request. Several applications, mounted below each other, may
 * handle one request.
 */
interface OpenedSession {
  /** The HttpSessions of the application that opened it. */
  readonly owner: HttpSessions;
  /** Undefined on an excluded route. */
  readonly hosted: HostedSession | undefined;
  /** What another application opened for the same request before. */
  readonly before: OpenedSession | undefined;
}

/** The request's key for the session that was opened last, which links to the earlier ones. */
const LAST_OPENED = Symbol('nestjs-session-kit last opened');
/** The request's key for the session of the application that is currently running. */
const CURRENT_SESSION = Symbol('nestjs-session-kit current session');

/** A Node.js request. */
export interface SessionCarrier {
  [LAST_OPENED]?: OpenedSession;
  [CURRENT_SESSION]?: OpenedSession;
}

/** A request of Node.js, Express or Fastify; the latter leads to that of Node.js. */
export type AnyRequest = SessionCarrier & { readonly raw?: SessionCarrier };

/**
 * The sessions of one application's HTTP requests, and the only entry point for middleware and hooks. An
 * application mounted below has its own instance, and so its own sessions for the same requests.
 */
export class HttpSessions {
  readonly #settings: HttpSessionSettings;
  readonly #isExcluded: RouteTest | null;
  /** Adds the properties to a Node.js request (HTTP/1 or HTTP/2). */
  readonly #addTo = prototypeMixin(() => this.properties);
  /** `session`, `sessionID` and `flash`, for requests of this application. */
  readonly properties: RequestProperties;

  constructor(settings: HttpSessionSettings, isExcluded: RouteTest | null) {
    this.#settings = settings;
    this.#isExcluded = isExcluded;
    this.properties = requestProperties((request: RawRequest) => this.of(request));
  }

  /** Logs that `request.session` stays that of another plugin. */
  warnOfOtherPlugin(): void {
    this.#settings.log.warn(OTHER_PLUGIN);
  }

  /** This application's session of a request; undefined if none was opened, and on an excluded route. */
  of(req: RawRequest): HostedSession | undefined {
    return this.#openedFor(req)?.hosted;
  }

  /**
   * Attaches a session to the request, loads it if a token came in, and continues in its context. A second
   * call for the same request only continues.
   *
   * @param given the response. Without one (`isResponse`) the request is no visit, like any handshake
   * @param platform Fastify's request, if this is called with it
   * @param next called with a SessionUnavailableException if the store fails, or with the error of a function
   * of the option `cookie`
   */
  open(
    req: RawRequest,
    given: RawResponse,
    platform: PlatformRequest | null,
    next: (error?: unknown) => void,
  ): void {
    const known = this.#openedFor(req);
    if (known !== undefined) {
      const host = known.hosted?.host;
      // Middleware came first and had only the raw request: Fastify's view of it is known now.
      if (platform !== null && host instanceof HttpSessionHost) host.platform = platform;
      return run(req, known, next);
    }
    const res = isResponse(given) ? given : noResponse(req);
    let hosted: HostedSession | undefined;
    try {
      if (this.#isExcluded === null || !namesRequest(this.#isExcluded, req))
        hosted = new HostedSession(new HttpSessionHost(this.#settings, req, res, platform));
    } catch (error) {
      // Thrown by a function of the option `cookie`, which tells tenants apart.
      return next(error);
    }
    const opened: OpenedSession = { owner: this, hosted, before: req[LAST_OPENED] };
    req[LAST_OPENED] = opened;
    if (hosted !== undefined) prepareGate(res);
    if (res !== given) hosted?.bePassive();
    // A decorator adds the properties to Fastify's own requests. Only middleware uses the underlying Node.js request.
    if (hosted !== undefined && platform === null) this.#addProperties(req);
    const pending = hosted?.initiate();
    if (pending === undefined) return run(req, opened, next);
    pending.then(
      () => run(req, opened, next),
      (error: unknown) => {
        hosted?.keepUncached();
        next(new SessionUnavailableException(error));
      },
    );
  }

  /** Whether code already runs in the context that `runInContext` would set. Called for each layer of middleware. */
  isInContext(req: RawRequest): boolean {
    const current = req[CURRENT_SESSION];
    if (current?.owner !== this && req[LAST_OPENED] !== undefined && this.#openedFor(req) !== undefined)
      return false;
    return sessionContext.getStore() === current?.hosted;
  }

  /**
   * Calls a function in the context of this application's session of a request, whatever the current context:
   * middleware may continue in a callback of another request, and an application mounted below may have
   * handled the request meanwhile. If this application has opened no session for the request, the context is
   * that of the application that did, or none: a router may serve several applications.
   */
  runInContext<T>(req: RawRequest, call: () => T): T {
    return run(req, this.#openedFor(req) ?? req[CURRENT_SESSION], call);
  }

  /**
   * Calls the handler of a request that has become a WebSocket. After it, facades no longer find the
   * request's session.
   */
  endHandshake<T>(req: RawRequest, handle: () => T): T {
    const host = this.of(req)?.host;
    return host instanceof HttpSessionHost ? host.endHandshake(handle) : handle();
  }

  #addProperties(req: RawRequest): void {
    // This replaces the properties that another library put on the request.
    if (Object.hasOwn(req, 'session')) Object.defineProperties(req, this.properties);
    // Express requests have the properties on their prototype. A plain Node.js request gets a prototype with them.
    else if (!('session' in req)) this.#addTo(req);
  }

  #openedFor(req: RawRequest): OpenedSession | undefined {
    let opened = req[LAST_OPENED];
    while (opened !== undefined && opened.owner !== this) opened = opened.before;
    return opened;
  }
}

/**
 * The session of a request.
 *
 * The request decides which session this is, not the async context: a callback of a shared connection runs in
 * the context of whoever opened the connection.
 *
 * @returns undefined if no session was opened, and on an excluded route
 */
export function sessionOf(request: AnyRequest | undefined): HostedSession | undefined {
  return (request?.[CURRENT_SESSION] ?? request?.raw?.[CURRENT_SESSION])?.hosted;
}

function run<T>(req: RawRequest, opened: OpenedSession | undefined, call: () => T): T {
  if (opened !== undefined) req[CURRENT_SESSION] = opened;
  return inContextOf(opened?.hosted, call);
}
