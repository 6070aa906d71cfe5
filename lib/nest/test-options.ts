import { randomBytes } from 'node:crypto';
import type { SessionCookieOptions } from '../options/cookie.options.js';
import type { SessionModuleOptions } from '../options/session.options.js';

/** The options of a test: any of those of the module, all of which may be left out. */
export type TestSessionOptions = Partial<SessionModuleOptions>;

/**
 * Options for tests: the driver `memory`, a new secret, a cookie that plain http carries, and no timer.
 *
 * @param options win over these
 * @param given the application's own, where it has some: what is said nowhere else stays as it is there
 */
export function testOptions(
  options: TestSessionOptions = {},
  given: TestSessionOptions = {},
): SessionModuleOptions {
  return {
    ...given,
    secret: randomBytes(32).toString('base64url'),
    driver: 'memory',
    gc: false,
    ...options,
    cookie: { ...overHttp(given.cookie), secure: false, ...options.cookie },
  };
}

/** A cookie without what only a secure one may have, of the host that a test asks; it never was elsewhere. */
function overHttp({
  name,
  sameSite,
  domain,
  formerly: _formerly,
  ...cookie
}: SessionCookieOptions = {}): SessionCookieOptions {
  return {
    ...cookie,
    // Of tenants it is a function of the host.
    ...(typeof domain === 'function' ? { domain } : {}),
    partitioned: false,
    ...(name === undefined
      ? {}
      : { name: typeof name === 'string' ? name.replace(/^__(host|secure)-/i, '') : name }),
    ...(sameSite === undefined || sameSite === 'none' ? {} : { sameSite }),
  };
}
