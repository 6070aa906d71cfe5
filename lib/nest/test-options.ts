import { randomBytes } from 'node:crypto';
import {
  type SessionCookieOptions,
  type TenantFunction,
  withoutNamePrefix,
} from '../options/cookie.options.js';
import { plainModuleOptions } from '../options/option-table.js';
import { plainOptions } from '../options/plain-options.js';
import type { SessionModuleOptions } from '../options/session.options.js';

/**
 * The options of a test: any options of the module, all optional.
 *
 * @example
 * const options: TestSessionOptions = { userKey: 'user.id', age: '1h' };
 * const tested = SessionModule.forTest(options);
 */
export type TestSessionOptions = Partial<SessionModuleOptions>;

/**
 * Options for tests: the driver `memory`, a new secret, a cookie that works over plain http, and no timer.
 *
 * @param options override these
 * @param given the application's own options, if any; they apply wherever neither of the above sets a value
 */
export function testOptions(
  options: TestSessionOptions = {},
  given: TestSessionOptions = {},
): SessionModuleOptions {
  const { cookie = {}, ...others } = plainModuleOptions(options);
  const application = plainModuleOptions(given);
  return {
    ...application,
    secret: randomBytes(32).toString('base64url'),
    driver: 'memory',
    gc: false,
    ...others,
    cookie: { ...overHttp(plainOptions(application.cookie ?? {})), secure: false, ...plainOptions(cookie) },
  };
}

/** Drops what only a secure cookie may have, its fixed domain (a test asks another host), and its former names. */
function overHttp({
  name,
  sameSite,
  domain,
  formerly: _formerly,
  ...cookie
}: SessionCookieOptions): SessionCookieOptions {
  return {
    ...cookie,
    // For tenants the domain is a function of the host.
    ...(typeof domain === 'function' ? { domain } : {}),
    partitioned: false,
    ...(name === undefined ? {} : { name: nameOverHttp(name) }),
    ...(sameSite === undefined || sameSite === 'none' ? {} : { sameSite }),
  };
}

/** Browsers refuse a name that says that the cookie is secure, whether it is fixed or a tenant's. */
function nameOverHttp(name: string | TenantFunction): string | TenantFunction {
  return typeof name === 'function' ? (request) => withoutNamePrefix(name(request)) : withoutNamePrefix(name);
}
