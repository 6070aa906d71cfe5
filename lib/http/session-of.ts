import type { RequestSession } from '../session/request-session.js';

/** Whose a session is: one application's, of which several may handle one request, mounted below each other. */
export interface OpenedSession {
  /** The application's own piece that opened it. */
  readonly owner: object;
  /** Undefined on an excluded route. */
  readonly session: RequestSession | undefined;
  /** What another application opened for the same request before. */
  readonly before: OpenedSession | undefined;
}

/** Where a request keeps what was opened for it: the last that was opened, and that of the application at work. */
export const OPENED_SESSIONS = Symbol('nestjs-session-kit opened');
export const CURRENT_SESSION = Symbol('nestjs-session-kit current');

/** What a request is to this package. */
export interface SessionCarrier {
  [OPENED_SESSIONS]?: OpenedSession;
  [CURRENT_SESSION]?: OpenedSession;
}

/**
 * The session of a request: of Node's own, of Express's or of Fastify's.
 *
 * Whose session it is, the request says and not the async context: a callback of a shared connection runs in the context
 * of whoever opened the connection.
 *
 * @returns undefined where no session was opened, and on an excluded route
 */
export function sessionOf(request: unknown): RequestSession | undefined {
  if (!isKeeper(request)) return undefined;
  // Fastify's request leads to Node's.
  const current = request[CURRENT_SESSION] ?? (isKeeper(request.raw) ? request.raw[CURRENT_SESSION] : undefined);
  return current?.session;
}

function isKeeper(value: unknown): value is SessionCarrier & { readonly raw?: unknown } {
  return typeof value === 'object' && value !== null;
}
