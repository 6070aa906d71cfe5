import type { ServerResponse } from 'node:http';
import type { RealMethods } from './gated-methods.js';

/** What an answer that is not given any more must not leave behind. */
const REPLACED_HEADERS = [
  'etag',
  'last-modified',
  'location',
  'cache-control',
  'transfer-encoding',
  'trailer',
  'set-cookie',
];

const UNAVAILABLE = JSON.stringify({ statusCode: 503, message: 'Service Unavailable' });

/**
 * Answers 503 in place of what the application was about to send. Nothing of that may have left.
 *
 * @param real the response's own methods, past any gate
 */
export function answerUnavailable(
  res: ServerResponse,
  { writeHead, end }: Pick<RealMethods, 'writeHead' | 'end'>,
): void {
  for (const name of res.getHeaderNames()) {
    if (name.startsWith('content-') || REPLACED_HEADERS.includes(name)) res.removeHeader(name);
  }
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(UNAVAILABLE),
    'cache-control': 'no-store',
  };
  Reflect.apply(writeHead, res, [503, headers]);
  Reflect.apply(end, res, res.req?.method === 'HEAD' ? [] : [UNAVAILABLE]);
}
