import type { RawAnswer } from './raw-request.js';

/** Whether a Set-Cookie header is that of the session. */
export const isOurs = (line: string): boolean => /^(__Host-)?session(\.\d)?=/.test(line);

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
