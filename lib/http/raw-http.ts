import { type IncomingMessage, ServerResponse } from 'node:http';
import type { SessionCarrier } from './http-sessions.js';
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
    /** Over HTTP/2 only. */
    stream?: { readonly endAfterHeaders: boolean };
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

/**
 * Whether middleware was given a response. Code that runs middleware for a handshake of ws or socket.io has none
 * and passes nothing or something else: `middleware(request, {}, next)`, or engine.io's own object, which sends nothing
 * after the handshake and does not say so.
 */
export function isResponse(given: { readonly headersSent?: unknown } | null | undefined): boolean {
  return typeof given?.headersSent === 'boolean';
}

/**
 * Stands for the response of a request that has none: one that is over from the start. No cookie can be sent,
 * and what is written is stored right after it.
 */
export function noResponse(req: RawRequest): RawResponse {
  return Object.defineProperties(new ServerResponse(req), {
    headersSent: { value: true },
    closed: { value: true },
  });
}

/** The URL that the client requested, also if Express has mounted the application below another. */
export function urlOf(req: RawRequest): string {
  return req.originalUrl ?? req.url ?? '/';
}

/**
 * The path of a URL. Clients may request an absolute URL, as with a proxy (RFC 9112, 3.2.2), and routers use its
 * path.
 *
 * @param end the characters that end it. Default: those before query and fragment
 */
export function urlPath(url: string, end = /[?#]/): string {
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]+\/?/i, '/');
  const length = target.search(end);
  return length === -1 ? target : target.slice(0, length);
}

/** The first value of a header that proxies extend, empty if there is none. Node.js joins repeated headers. */
export function firstValue(header: string | string[] | undefined): string {
  return String(header ?? '')
    .replace(/,.*$/s, '')
    .trim();
}

/** Whether a request has a body: on HTTP/1 its headers say so, on HTTP/2 the end of its stream (RFC 9112, 6.3; 9113, 8.1). */
export function hasBody(req: RawRequest): boolean {
  const { headers, stream } = req;
  const length = headers['content-length'];
  if (length !== undefined) return Number(length) > 0;
  return headers['transfer-encoding'] !== undefined || stream?.endAfterHeaders === false;
}

/** The stream of a response over HTTP/2. */
interface ResponseStream {
  readonly destroyed: boolean;
  close(code: number): void;
  removeAllListeners(event: 'wantTrailers'): unknown;
}

/** What tells a response over HTTP/2. The responses that libraries for unit tests make may have no request. */
interface MaybeHttp2 {
  readonly req?: { readonly httpVersionMajor: number };
  readonly stream?: ResponseStream;
}

/** Undefined over HTTP/1, where an application may put something of its own under that name. */
function streamOf(res: MaybeHttp2): ResponseStream | undefined {
  return res.req?.httpVersionMajor === 2 ? res.stream : undefined;
}

/** Whether the connection of a response is closed. HTTP/2 responses do not report it themselves. */
export function isClosed(res: RawResponse): boolean {
  return streamOf(res)?.destroyed ?? res.closed;
}

/** INTERNAL_ERROR of RFC 9113, section 7. */
const INTERNAL_ERROR = 2;

/** Breaks the connection of a response, so that its client sees that it is incomplete. */
export function cutOff(res: RawResponse): void {
  const stream = streamOf(res);
  // Node.js destroys a response of HTTP/2 without an error, which looks like a regular end.
  if (stream !== undefined) stream.close(INTERNAL_ERROR);
  else res.destroy();
}

/**
 * Drops the trailers that were set on a response. On HTTP/1, a body of known length has none; HTTP/2 sends them
 * after any body, and Node.js has no method that removes them.
 */
export function dropTrailers(res: RawResponse): void {
  // Without a listener, Node.js ends the stream without trailers.
  streamOf(res)?.removeAllListeners('wantTrailers');
}

/**
 * Whether a request starts a WebSocket: Fastify plugins pass such requests through its hooks and routes.
 * Node.js sets `upgrade` on requests that it hands to an `upgrade` listener, whatever their headers ask for.
 * Clients connect and reconnect by themselves, so a handshake is not a visit.
 */
export function isHandshake(request: { readonly upgrade?: unknown }): boolean {
  return request.upgrade === true;
}
