import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionCarrier } from './session-of.js';
import type { Route } from './consumes-flash.js';

/**
 * A request as created by the HTTP server, below Express and Fastify. The properties that frameworks add are
 * optional.
 */
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

/** A response as created by the HTTP server. */
export type RawResponse = ServerResponse;

/** Fastify's view of a request, which has facts found nowhere else. */
export interface PlatformRequest {
  readonly body?: unknown;
  readonly ip?: unknown;
  readonly protocol?: unknown;
  readonly routeOptions?: Route;
}

/** Whether the connection of a response is closed. HTTP/2 responses do not report it themselves. */
export function isClosed(res: RawResponse & { readonly stream?: { readonly destroyed: boolean } }): boolean {
  return res.stream?.destroyed ?? res.closed;
}

/** INTERNAL_ERROR of RFC 9113, section 7. */
const INTERNAL_ERROR = 2;

/** Breaks the connection of a response, so that its client sees that it is incomplete. */
export function cutOff(res: RawResponse & { readonly stream?: { close(code: number): void } }): void {
  // Node.js destroys a response of HTTP/2 without an error, which looks like a regular end.
  if (res.stream !== undefined) res.stream.close(INTERNAL_ERROR);
  else res.destroy();
}

/**
 * Whether a request starts a WebSocket: Fastify plugins pass such requests through its hooks and routes.
 * Node.js sets `upgrade` on requests that it hands to an `upgrade` listener, whatever their headers ask for.
 * Clients connect and reconnect by themselves, so a handshake is not a visit.
 */
export function isHandshake(request: { readonly upgrade?: unknown }): boolean {
  return request.upgrade === true;
}
