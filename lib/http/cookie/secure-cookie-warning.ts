import type { SessionLog } from '../../lifecycle/session-runtime.js';
import { type PlatformRequest, type RawRequest, firstValue } from '../raw-http.js';

/**
 * Warns once when a Secure cookie is sent on a request that does not appear to be https: browsers drop such a
 * cookie silently, and the cause of the failing sign-in would be hard to find.
 */
export class SecureCookieWarning {
  #given = false;

  constructor(private readonly log: SessionLog) {}

  check(req: RawRequest, platform: PlatformRequest | null): void {
    if (this.#given || isHttps(req, platform)) return;
    this.#given = true;
    this.log.warn(
      'A session cookie marked Secure was sent on a plain http request. Browsers keep it only over https (and on ' +
        'localhost). Behind a proxy that ends TLS: let it set X-Forwarded-Proto. Without https: set the option ' +
        "'cookie.secure' to false. Said once.",
    );
  }
}

function isHttps(req: RawRequest, platform: PlatformRequest | null): boolean {
  if ('encrypted' in req.socket && req.socket.encrypted === true) return true;
  if (req.secure === true || req.protocol === 'https' || platform?.protocol === 'https') return true;
  return firstValue(req.headers['x-forwarded-proto']).toLowerCase() === 'https';
}
