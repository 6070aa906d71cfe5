import type { CookieAttributes } from '../../lib/session/session-host.js';

/** Of the sessions of tests that speak no HTTP. */
export const COOKIE_ATTRIBUTES: CookieAttributes = {
  path: '/',
  httpOnly: true,
  secure: false,
  sameSite: 'lax',
  partitioned: false,
};
