import type {
  FormerSession,
  SessionSource,
  SourceCookie,
} from '../../lifecycle/taking-over/session-source.js';
import { type CookiePlace, isSamePlace } from './cookie-place.js';
import { SessionCookie } from './session-cookie.js';

interface Source {
  readonly source: SessionSource;
  readonly cookies: readonly SessionCookie[];
}

/** A session of another library that was found in a Cookie header. */
export interface FoundFormerSession {
  readonly former: FormerSession;
  /** The cookies that it was found by, and what belongs to them. */
  readonly cookies: readonly SessionCookie[];
}

/**
 * The cookies of the libraries that an application comes from (option `migrate`): found in requests, and expired once their sessions
 * go on here. Without that option there is none of it.
 */
export class FormerCookies {
  readonly #sources: readonly Source[];
  /** One of each source's: that without which there is no session. */
  readonly #names: readonly string[];

  /** @throws SessionConfigError where the attributes of a cookie contradict each other or its name */
  constructor(sources: readonly SessionSource[]) {
    this.#sources = sources.map((source, index) => ({
      source,
      cookies: source.cookies.map((cookie) => placed(cookie, `migrate[${index}].cookies`)),
    }));
    this.#names = sources.flatMap(({ cookies: [first] }) => (first === undefined ? [] : [first.name]));
  }

  /** Whether a Cookie header may hold one. */
  mayBeIn(header: string | undefined): header is string {
    return header !== undefined && this.#names.some((name) => header.includes(name));
  }

  /** The first session that the cookies of a request stand for, in the order of the option; null for none. */
  find(header: string): FoundFormerSession | null {
    for (const { source, cookies } of this.#sources) {
      const former = source.find((name) => {
        const cookie = cookies.find((each) => each.name === name);
        return cookie === undefined ? [] : cookie.read(header).tokens;
      });
      if (former !== null) return { former, cookies };
    }
    return null;
  }
}

/**
 * The Set-Cookie headers that rid the browser of a session's cookies in another library.
 *
 * @param now where the session cookie of this application lies: what was there is replaced already
 */
export function expireFormer({ cookies }: FoundFormerSession, header: string, now: CookiePlace): string[] {
  return cookies
    .filter((cookie) => !isSamePlace(cookie.place, now))
    .flatMap((cookie) => cookie.expire(cookie.read(header).names));
}

/** A prefix of its name says that it is Secure (RFC 6265bis, 4.1.3), whatever the environment. */
function placed(cookie: SourceCookie, option: string): SessionCookie {
  const isPrefixed = /^__(host|secure)-/i.test(cookie.name);
  const given = { ...(isPrefixed ? { secure: true } : {}), ...cookie };
  return new SessionCookie(given, 1, option);
}
