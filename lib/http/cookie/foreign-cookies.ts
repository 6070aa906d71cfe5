import type { CookieInstruction } from '../../lifecycle/cookie-instruction.js';
import type { SessionLifecycle } from '../../lifecycle/session-lifecycle.js';
import type {
  ForeignSession,
  SessionSource,
  SourceCookie,
} from '../../lifecycle/taking-over/session-source.js';
import { hasNamePrefix } from '../../options/cookie.options.js';
import type { RawResponse } from '../raw-http.js';
import { type CookiePlace, isSamePlace } from './cookie-place.js';
import { CookieCodec } from './cookie-codec.js';

interface Source {
  readonly source: SessionSource;
  readonly cookies: readonly CookieCodec[];
}

/** A session of another library that was found in a Cookie header. */
interface FoundSession {
  readonly foreign: ForeignSession;
  /** The cookies that named it, and those that belong to them. */
  readonly cookies: readonly CookieCodec[];
}

/**
 * The cookies of the libraries that an application migrates from (option `migrate`): found in requests, and
 * expired once their sessions are taken over. Only created with that option.
 */
export class ForeignCookies {
  readonly #sources: readonly Source[];
  /** For each source, the name of the cookie without which there is no session. */
  readonly #names: readonly string[];

  /** @throws SessionConfigError if the attributes of a cookie contradict each other or its name */
  constructor(sources: readonly SessionSource[]) {
    this.#sources = sources.map((source, index) => ({
      source,
      cookies: source.cookies.map((cookie) => placed(cookie, `migrate[${index}].cookies`)),
    }));
    this.#names = sources.flatMap(({ cookies }) => cookies.slice(0, 1).map(({ name }) => name));
  }

  /** The visit of a request with this Cookie header; null if it contains none of the cookies. */
  visit(header: string | undefined, res: RawResponse): ForeignSessionVisit | null {
    if (header === undefined || !this.#names.some((name) => header.includes(name))) return null;
    return new ForeignSessionVisit(this.#sources, header, res);
  }
}

/** A request that may bring a session of another library to be taken over. */
export class ForeignSessionVisit {
  readonly #sources: readonly Source[];
  readonly #header: string;
  readonly #res: RawResponse;
  /** Undefined until looked for; null if the request brings none. */
  #found: FoundSession | null | undefined;
  /** Whether this request's session was taken over. */
  #tookOver = false;
  /** Whether this response expires its cookie. */
  #isLeft = false;

  constructor(sources: readonly Source[], header: string, res: RawResponse) {
    this.#sources = sources;
    this.#header = header;
    this.#res = res;
  }

  /**
   * Takes over the session, if there is one, and ends it in the other library once the browser has the cookie
   * of this one.
   */
  readonly takeOver = async (life: SessionLifecycle): Promise<void> => {
    const found = this.#session;
    if (found === null) return;
    const taken = await life.loads.takeOver(found.foreign);
    if (taken === null) return;
    this.#tookOver = true;
    this.#res.once('finish', () => {
      // By then, requests that arrived together with this one have been read.
      if (this.#isLeft) setImmediate(() => void taken.finish());
    });
  };

  /**
   * The Set-Cookie headers that expire the old cookies: after a take-over, and when a session of this
   * application begins or ends beside the old one, so that nobody who signs out is signed in again by a
   * leftover cookie. They are sent with the response.
   *
   * @param now the place of this application's session cookie: a cookie there is already replaced
   */
  expire(instruction: CookieInstruction, now: CookiePlace): string[] {
    const isDue = instruction.kind === 'expire' || (instruction.kind === 'set' && instruction.fresh);
    const found = this.#tookOver || isDue ? this.#session : null;
    if (found === null) return [];
    // The guard before its store reports failures.
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

  /** The first session that the cookies name, in the order of the option. */
  #find(): FoundSession | null {
    for (const { source, cookies } of this.#sources) {
      const foreign = source.find(
        (name) => cookies.find((each) => each.name === name)?.read(this.#header).tokens ?? [],
      );
      if (foreign !== null) return { foreign, cookies };
    }
    return null;
  }
}

/** A name prefix implies Secure (RFC 6265bis, 4.1.3), whatever the environment. */
function placed(cookie: SourceCookie, option: string): CookieCodec {
  const implied = hasNamePrefix(cookie.name) ? { secure: true } : {};
  return new CookieCodec({ ...implied, ...cookie }, 1, option);
}
