import type { ServerResponse } from 'node:http';
import type { OriginalMethods } from './gated-methods.js';

/** What an answer that is not given any more must not leave behind. */
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
const MESSAGES = { 500: 'Internal server error', 503: 'Service Unavailable' } as const;

/**
 * Answers with an error in place of what the application was about to send. Nothing of that may have left.
 *
 * @param real the response's own methods, past any gate
 */
export function answerPlainly(
  res: ServerResponse,
  { writeHead, end }: Pick<OriginalMethods, 'writeHead' | 'end'>,
  statusCode: keyof typeof MESSAGES,
): void {
  const body = JSON.stringify({ statusCode, message: MESSAGES[statusCode] });
  for (const name of res.getHeaderNames()) {
    if (name.startsWith('content-') || REPLACED_HEADERS.includes(name)) res.removeHeader(name);
  }
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  };
  Reflect.apply(writeHead, res, [statusCode, headers]);
  Reflect.apply(end, res, [body]);
}
