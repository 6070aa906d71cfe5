import type { RawAnswer } from './raw-request.js';

/** Whether a Set-Cookie header is that of the session. */
const isOurs = (line: string): boolean => /^(__Host-)?session(\.\d)?=/.test(line);

/**
 * The Cookie header of a visitor after an answer.
 *
 * @param cookie the header before it
 * @param setCookies those of the answer. Default none
 */
export function cookieAfter(cookie: string, setCookies: readonly string[] = []): string {
  const nameOf = (pair: string): string => pair.slice(0, pair.indexOf('='));
  const pairs = cookie === '' ? [] : cookie.split('; ');
  const kept = new Map(pairs.map((pair) => [nameOf(pair), pair]));
  for (const [pair = ''] of setCookies.filter(isOurs).map((line) => line.split(';'))) {
    if (pair.endsWith('=')) kept.delete(nameOf(pair));
    else kept.set(nameOf(pair), pair);
  }
  return [...kept.values()].join('; ');
}

/** What a client gets, apart from what the package adds to a response with its cookie, as documented. */
export function visible({ status, headers, body, broken }: RawAnswer): unknown {
  const { date: _date, vary = '', 'cache-control': caching, 'set-cookie': cookies, ...others } = headers;
  return {
    status,
    headers: others,
    vary: vary.split(', ').filter((name) => name !== 'Cookie' && name !== ''),
    caching: caching === 'private, no-cache="Set-Cookie"' ? undefined : caching,
    cookies: cookies?.filter((line) => !isOurs(line)) ?? [],
    body,
    broken,
  };
}
