import type { CookieInstruction } from '../../lifecycle/cookie-instruction.js';
import type { SessionLifecycle } from '../../lifecycle/session-lifecycle.js';
import type {
  ForeignSession,
  SessionSource,
  SourceCookie,
} from '../../lifecycle/taking-over/session-source.js';
import type { RawResponse } from '../raw-http.js';
import { type CookiePlace, isSamePlace } from './cookie-place.js';
import { SessionCookie } from './session-cookie.js';

interface Source {
  readonly source: SessionSource;
  readonly cookies: readonly SessionCookie[];
}

/** A session of another library that was found in a Cookie header. */
interface FoundSession {
  readonly foreign: ForeignSession;
  /** The cookies that it was found by, and what belongs to them. */
  readonly cookies: readonly SessionCookie[];
}

/**
 * The cookies of the libraries that an application comes from (option `migrate`): found in requests, and expired once their sessions
 * go on here. Without that option there is none of it.
 */
export class ForeignCookies {
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

  /** A request with this Cookie header; null where none of the cookies is in it. */
  visit(header: string | undefined, res: RawResponse): ForeignSessionVisit | null {
    if (header === undefined || !this.#names.some((name) => header.includes(name))) return null;
    return new ForeignSessionVisit(this.#sources, header, res);
  }
}

/** A request that may bring a session of another library, which is to go on here. */
export class ForeignSessionVisit {
  readonly #sources: readonly Source[];
  readonly #header: string;
  readonly #res: RawResponse;
  /** Undefined until it is looked for; null where the request brings none after all. */
  #found: FoundSession | null | undefined;
  /** Whether the session of the request is one that goes on here from now on. */
  #tookOver = false;
  /** Whether its cookie leaves the browser with this response. */
  #isLeft = false;

  constructor(sources: readonly Source[], header: string, res: RawResponse) {
    this.#sources = sources;
    this.#header = header;
    this.#res = res;
  }

  /** Has it go on here, where there is one, and ends it there once the browser has its cookie of here. */
  readonly takeOver = async (life: SessionLifecycle): Promise<void> => {
    const found = this.#session;
    if (found === null) return;
    const taken = await life.loads.takeOver(found.foreign);
    if (taken === null) return;
    this.#tookOver = true;
    this.#res.once('finish', () => {
      // What was on its way together with this request has been read by then.
      if (this.#isLeft) setImmediate(() => void taken.finish());
    });
  };

  /**
   * The Set-Cookie headers that rid the browser of the old cookies: where the session goes on here, and where one of this application
   * begins or ends beside it, so that nobody who signs out is signed in again by what was left. They leave with the response.
   *
   * @param now where the session cookie of this application lies: what was there is replaced already
   */
  expire(instruction: CookieInstruction, now: CookiePlace): string[] {
    const isDue = instruction.kind === 'expire' || (instruction.kind === 'set' && instruction.fresh);
    const found = this.#tookOver || isDue ? this.#session : null;
    if (found === null) return [];
    // The guard before its store says what fails.
    if (!this.#isLeft && !this.#tookOver) found.foreign.remove?.().catch(() => undefined);
    this.#isLeft = true;
    return found.cookies
      .filter((cookie) => !isSamePlace(cookie.place, now))
      .flatMap((cookie) => cookie.expire(cookie.read(this.#header).names));
  }

  get #session(): FoundSession | null {
    if (this.#found === undefined) this.#found = this.#find();
    return this.#found;
  }

  /** The first session that the cookies stand for, in the order of the option. */
  #find(): FoundSession | null {
    for (const { source, cookies } of this.#sources) {
      const foreign = source.find((name) => {
        const cookie = cookies.find((each) => each.name === name);
        return cookie === undefined ? [] : cookie.read(this.#header).tokens;
      });
      if (foreign !== null) return { foreign, cookies };
    }
    return null;
  }
}

/** A prefix of its name says that it is Secure (RFC 6265bis, 4.1.3), whatever the environment. */
function placed(cookie: SourceCookie, option: string): SessionCookie {
  const isPrefixed = /^__(host|secure)-/i.test(cookie.name);
  const given = { ...(isPrefixed ? { secure: true } : {}), ...cookie };
  return new SessionCookie(given, 1, option);
}
