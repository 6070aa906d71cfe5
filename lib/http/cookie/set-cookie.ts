import type { CookieInstruction } from '../../lifecycle/cookie-instruction.js';
import type { PlatformRequest, RawRequest } from '../raw-http.js';
import type { CookieSetup } from './cookie-setup.js';
import type { SecureCookieWarning } from './secure-cookie-warning.js';

/**
 * The Set-Cookie headers of a response. Whether the cookie is set or expired, the lifecycle has decided; here that becomes
 * headers, with those that expire old pieces and the cookies at earlier places (`cookie.formerly`).
 *
 * @param names of the session cookies that the request carried
 * @param platform Fastify's view of the request, where it is known
 */
export function setCookieHeaders(
  { cookie, earlierCookies }: CookieSetup,
  secureWarning: SecureCookieWarning,
  instruction: Exclude<CookieInstruction, { kind: 'none' }>,
  names: readonly string[],
  req: RawRequest,
  platform: PlatformRequest | null,
): string[] {
  const header = req.headers.cookie;
  const earlier =
    earlierCookies !== null && earlierCookies.mayBeIn(header)
      ? earlierCookies.expire(header, instruction.kind === 'expire' || instruction.fresh)
      : [];
  if (instruction.kind === 'expire') return [...earlier, ...cookie.expire(names)];
  if (cookie.secure) secureWarning.check(req, platform);
  const set = cookie.set(instruction.token, instruction.maxAge, names);
  return earlier.length === 0 ? set : [...earlier, ...set];
}
