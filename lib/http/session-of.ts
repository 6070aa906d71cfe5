import type { RequestSession } from '../session/request-session.js';

/** A session that an application opened for a request. Several may handle one request, mounted below each other. */
export interface OpenedSession {
  /** The HttpSessions of the application that opened it. */
  readonly owner: object;
  /** Undefined on an excluded route. */
  readonly session: RequestSession | undefined;
  /** What another application opened for the same request before. */
  readonly before: OpenedSession | undefined;
}

/** Where a request keeps the session that was opened last, which leads to those before. */
export const LAST_OPENED = Symbol('nestjs-session-kit last opened');
/** Where a request keeps the session of the application that is at work. */
export const CURRENT_SESSION = Symbol('nestjs-session-kit current session');

/** A request of Node's. */
export interface SessionCarrier {
  [LAST_OPENED]?: OpenedSession;
  [CURRENT_SESSION]?: OpenedSession;
}

/** A request of Node's, of Express's, or of Fastify's, which leads to Node's. */
export type AnyRequest = SessionCarrier & { readonly raw?: SessionCarrier };

/**
 * The session of a request.
 *
 * Whose session it is, the request says and not the async context: a callback of a shared connection runs in the context
 * of whoever opened the connection.
 *
 * @returns undefined where no session was opened, and on an excluded route
 */
export function sessionOf(request: AnyRequest | undefined): RequestSession | undefined {
  return (request?.[CURRENT_SESSION] ?? request?.raw?.[CURRENT_SESSION])?.session;
}
