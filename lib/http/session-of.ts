import type { HostedSession } from '../session/hosted-session.js';

/**
 * A session that an application opened for a request. Several applications, mounted below each other, may
 * handle one request.
 */
export interface OpenedSession {
  /** The HttpSessions of the application that opened it. */
  readonly owner: object;
  /** Undefined on an excluded route. */
  readonly hosted: HostedSession | undefined;
  /** What another application opened for the same request before. */
  readonly before: OpenedSession | undefined;
}

/** The request's key for the session that was opened last, which links to the earlier ones. */
export const LAST_OPENED = Symbol('nestjs-session-kit last opened');
/** The request's key for the session of the application that is currently running. */
export const CURRENT_SESSION = Symbol('nestjs-session-kit current session');

/** A Node.js request. */
export interface SessionCarrier {
  [LAST_OPENED]?: OpenedSession;
  [CURRENT_SESSION]?: OpenedSession;
}

/** A request of Node.js, Express or Fastify; the latter leads to that of Node.js. */
export type AnyRequest = SessionCarrier & { readonly raw?: SessionCarrier };

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
