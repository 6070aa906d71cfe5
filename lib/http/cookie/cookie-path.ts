import type { SessionLog } from '../../lifecycle/session-runtime.js';
import { type RawRequest, firstValue, urlOf, urlPath } from '../raw-http.js';

/** Detects requests with which no browser would send the session cookie: they begin no session. */
export class CookiePath {
  readonly #path: string;
  readonly #log: SessionLog;
  #said = false;

  /** @param path the cookie's path */
  constructor(path: string, log: SessionLog) {
    this.#path = path;
    this.#log = log;
  }

  /** Whether a browser sends the cookie with this request (RFC 6265bis, 5.1.4). */
  covers(req: RawRequest): boolean {
    if (this.#path === '/') return true;
    const path = pathOf(req);
    if (!path.startsWith(this.#path)) return false;
    return path.length === this.#path.length || this.#path.endsWith('/') || path[this.#path.length] === '/';
  }

  /** Warns that a session was written to but does not begin. Logged once, as it is a matter of the options. */
  writtenOutside(): void {
    if (this.#said) return;
    this.#said = true;
    this.#log.warn(
      `A session was written to in a request outside of the path "${this.#path}" (option 'cookie.path'). A browser would never ` +
        'send the cookie there, so no session was begun and nothing is stored. Choose a path that covers all routes with a ' +
        'session, or do not write on the others. Behind a proxy that takes a prefix off the path, let it send that prefix as ' +
        'X-Forwarded-Prefix. Said once.',
    );
  }
}

/**
 * The full path, as the browser knows it, even if the application is mounted below another or behind a proxy
 * that strips a prefix.
 */
function pathOf(req: RawRequest): string {
  const prefix = firstValue(req.headers['x-forwarded-prefix']);
  return prefix.replace(/\/+$/, '') + urlPath(urlOf(req));
}
