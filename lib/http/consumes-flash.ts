import type { IncomingMessage, ServerResponse } from 'node:http';
import { propertyOf } from '../state/property-of.js';

/** Fastify's view of the route that a request came to. */
export interface Route {
  readonly method?: unknown;
  readonly schema?: unknown;
}

/**
 * The destinations that a browser shows, or hands to the page (`empty`: fetch, XMLHttpRequest). Requests with
 * any other destination fetch a part of a page: pictures, styles, scripts, fonts, workers, ...
 * https://fetch.spec.whatwg.org/#concept-request-destination
 */
const SHOWN = new Set(['document', 'iframe', 'frame', 'fencedframe', 'empty']);

/**
 * The headers that announce a prefetch or a preview: of browsers (Fetch Standard, `Sec-Purpose: prefetch`,
 * and `prefetch;prerender`), older ones (Firefox `X-Moz: prefetch`, Chrome and Safari `Purpose: prefetch`,
 * and `X-Purpose: preview` or `Purpose: preview` for Top Sites), and Turbo.
 */
const PURPOSES: readonly string[] = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz', 'x-sec-purpose'];

const PREFETCH = /prefetch|prerender|preview/i;

/** Whether a request can show flash messages, and so consumes them. */
export function consumesFlash(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  response: Pick<ServerResponse, 'hasHeader'>,
  route: Route | undefined,
): boolean {
  // HEAD has no body, and OPTIONS only lists methods.
  if (method === 'HEAD' || method === 'OPTIONS') return false;
  const destination = headers['sec-fetch-dest'];
  if (typeof destination === 'string' && !SHOWN.has(destination)) return false;
  if (PURPOSES.some((name) => PREFETCH.test(String(headers[name] ?? '')))) return false;
  // htmx's preload extension.
  if (headers['hx-preloaded'] === 'true') return false;
  // File handlers (`express.static`, `sendFile`) offer ranges.
  if (response.hasHeader('accept-ranges') && response.hasHeader('last-modified')) return false;
  return route === undefined || !servesFiles(route);
}

/**
 * Whether a Fastify route belongs to @fastify/static, which serves files after the application's hooks. On
 * Express, files are served before a session is opened. The only signs of its routes are that they combine
 * HEAD and GET, and have a schema that says whether documentation shows them.
 */
function servesFiles({ method, schema }: Route): boolean {
  return Array.isArray(method) && method.join() === 'HEAD,GET' && propertyOf(schema, 'hide') !== undefined;
}
