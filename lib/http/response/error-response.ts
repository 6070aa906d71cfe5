import type { ServerResponse } from 'node:http';
import type { HeadArguments } from './response-head.js';

/** Headers of the answer that is replaced, besides those that begin with `content-`. */
const REPLACED_HEADERS = [
  'etag',
  'last-modified',
  'location',
  'cache-control',
  'expires',
  'transfer-encoding',
  'trailer',
  'set-cookie',
];

/** As Nest's own exception filter says it. */
const MESSAGES = { 409: 'Conflict', 500: 'Internal server error', 503: 'Service Unavailable' } as const;

/**
 * The error that is sent in place of what the application was about to send. Takes the headers of that off the response.
 *
 * @returns the arguments for `writeHead`, and the body
 */
export function replaceByError(
  res: ServerResponse,
  statusCode: keyof typeof MESSAGES,
): { head: HeadArguments; body: string } {
  for (const name of res.getHeaderNames()) {
    if (name.startsWith('content-') || REPLACED_HEADERS.includes(name)) res.removeHeader(name);
  }
  const body = JSON.stringify({ statusCode, message: MESSAGES[statusCode] });
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  };
  return { head: [statusCode, headers], body };
}
