import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionCarrier } from './session-of.js';
import type { Route } from './consumes-flash.js';

/** A request as the HTTP server made it, below Express and Fastify. Frameworks hang more on it, all of it optional. */
export type RawRequest = IncomingMessage &
  SessionCarrier & {
    originalUrl?: string;
    app?: unknown;
    body?: unknown;
    ip?: unknown;
    protocol?: unknown;
    secure?: unknown;
    upgrade?: unknown;
  };

/** A response as the HTTP server made it. */
export type RawResponse = ServerResponse;

/** What Fastify makes of a request: some facts are found only there. */
export interface PlatformRequest {
  readonly body?: unknown;
  readonly ip?: unknown;
  readonly protocol?: unknown;
  readonly routeOptions?: Route;
}

/** Whether the connection of a response is closed. HTTP/2's responses do not say it themselves. */
export function isClosed(res: RawResponse & { readonly stream?: { readonly destroyed: boolean } }): boolean {
  return res.stream?.destroyed ?? res.closed;
}

/**
 * Whether a WebSocket begins with a request: plugins of Fastify have such pass its hooks and routes. Node says so of requests that
 * it has handed to a listener of `upgrade`, whatever their headers ask for. Clients connect, and connect anew, by themselves:
 * that is nobody's visit.
 */
export function isHandshake(request: { readonly upgrade?: unknown }): boolean {
  return request.upgrade === true;
}
