import type { CookieAttributes } from '../../lib/session/session-host.js';

/** For the sessions of tests without HTTP. */
export const COOKIE_ATTRIBUTES: CookieAttributes = {
  path: '/',
  httpOnly: true,
  secure: false,
  sameSite: 'lax',
  partitioned: false,
};
