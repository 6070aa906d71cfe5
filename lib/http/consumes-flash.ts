import type { IncomingMessage, ServerResponse } from 'node:http';

/** Fastify's view of the route that a request came to. */
export interface Route {
  readonly method?: unknown;
  readonly schema?: unknown;
}

/**
 * What a browser fetches and then shows, or hands to the page (`empty`: fetch, XMLHttpRequest). Everything else that a
 * request can be destined for is fetched for a page and is part of it: pictures, styles, scripts, fonts, workers, ...
 * https://fetch.spec.whatwg.org/#concept-request-destination
 */
const SHOWN = new Set(['document', 'iframe', 'frame', 'fencedframe', 'empty']);

/**
 * Who says that a page is fetched in case it is needed, or for a picture of it: browsers (Fetch Standard,
 * `Sec-Purpose: prefetch`, and `prefetch;prerender`), older ones (Firefox `X-Moz: prefetch`, Chrome and Safari `Purpose:
 * prefetch`, and `X-Purpose: preview` or `Purpose: preview` for Top Sites), Turbo, and htmx's preload extension.
 */
const PREFETCHES: readonly (readonly [header: string, words: RegExp])[] = [
  'sec-purpose',
  'purpose',
  'x-purpose',
  'x-moz',
  'x-sec-purpose',
]
  .map((header) => [header, /prefetch|prerender|preview/i] as const)
  .concat([['hx-preloaded', /true/i]]);

/** Whether a request is one that can show messages, and so uses them up. */
export function consumesFlash(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  response: Pick<ServerResponse, 'hasHeader'>,
  route: Route | undefined,
): boolean {
  // HEAD has no body, and OPTIONS only lists methods.
  if (method === 'HEAD' || method === 'OPTIONS') return false;
  const destination = headers['sec-fetch-dest'];
  if (typeof destination === 'string' && !SHOWN.has(destination)) return false;
  if (PREFETCHES.some(([header, words]) => says(headers[header], words))) return false;
  // Who sends a file (`express.static`, `sendFile`) offers it in ranges.
  if (response.hasHeader('accept-ranges') && response.hasHeader('last-modified')) return false;
  return route === undefined || !servesFiles(route);
}

function says(header: string | readonly string[] | undefined, words: RegExp): boolean {
  return typeof header === 'string' && words.test(header);
}

/**
 * Whether a route of Fastify is one of @fastify/static, which serves files behind the hooks of the application. On
 * Express they are served before a session is opened. It names its routes by nothing but what they are: HEAD and GET in
 * one, and a schema that says whether documentation shows them.
 */
function servesFiles({ method, schema }: Route): boolean {
  return (
    Array.isArray(method) &&
    method.join() === 'HEAD,GET' &&
    typeof schema === 'object' &&
    schema !== null &&
    'hide' in schema
  );
}
