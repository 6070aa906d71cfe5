import { SessionError } from '../../session.errors.js';
import { ENDS_WITH_BROWSER } from '../../state/payload.js';
import { shownKey } from '../../state/shown-key.js';
import { refusesOthers } from '../assignments.js';
import type { ShapedSession } from './express-values.js';
import type { RequestSession } from '../request-session.js';
import type { CookieAttributes } from '../session-host.js';

/** The same for all sessions, and so read-only. */
const ATTRIBUTES = [
  'httpOnly',
  'path',
  'domain',
  'secure',
  'sameSite',
  'partitioned',
  'priority',
] as const satisfies readonly (keyof CookieAttributes)[];

/** What is an own key where it has a value, as in express-session; `maxAge` is none there either. */
const FIELDS = ['originalMaxAge', 'expires', ...ATTRIBUTES] as const;

/**
 * `request.session.cookie` as express-session has it. Its lifetime is this session's own (`setDuration`); what is the
 * same for all sessions comes from the option `cookie` and is read-only. A lifetime that is over (`maxAge = 0`, `expires` in
 * the past) ends the session.
 */
export class ExpressSessionCookie {
  readonly #session: RequestSession;
  readonly #shaped: ShapedSession;

  /** Made by the package. */
  constructor(session: RequestSession, shaped: ShapedSession) {
    this.#session = session;
    this.#shaped = shaped;
    for (const name of FIELDS) {
      const accessors = Object.getOwnPropertyDescriptor(ExpressSessionCookie.prototype, name);
      if (Reflect.get(this, name) !== undefined)
        Object.defineProperty(this, name, { ...accessors, enumerable: true });
    }
    // `delete` takes effect on an own key only, as in express-session: what it says goes on to be said by the prototype.
    Object.preventExtensions(this);
  }

  static {
    for (const name of ATTRIBUTES) {
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        get(this: ExpressSessionCookie) {
          return this.#session.host.cookieAttributes[name];
        },
        set(this: ExpressSessionCookie, given: unknown) {
          assertSame(name, given, this.#session.host.cookieAttributes[name]);
        },
      });
    }
    Reflect.setPrototypeOf(this.prototype, refusesOthers(unknownOption));
  }

  /** How much of the lifetime is left, in ms; null where the cookie ends with the browser. */
  get maxAge(): number | null {
    return this.#shaped.endsWithBrowser() ? null : this.#session.expiresAt - this.#shaped.now();
  }

  /**
   * A lifetime of its own for this session, in ms. Null, undefined and false make the cookie one that ends with the browser;
   * the record lives as long as the options say. Zero and less destroys the session.
   */
  set maxAge(ms: number | null | undefined | false) {
    if (ms === null || ms === undefined || ms === false) this.#shaped.writable().duration = ENDS_WITH_BROWSER;
    else if (ms <= 0) void this.#session.destroy();
    else this.#session.setDuration(ms);
  }

  /** The whole lifetime, in ms; null where the cookie ends with the browser. */
  get originalMaxAge(): number | null {
    return this.#shaped.endsWithBrowser() ? null : this.#session.duration;
  }

  /** The same as setting `maxAge`. */
  set originalMaxAge(ms: number | null | undefined | false) {
    this.maxAge = ms;
  }

  /** When the session ends unless it is visited again; null where the cookie ends with the browser. */
  get expires(): Date | null {
    return this.#shaped.endsWithBrowser() ? null : new Date(this.#session.expiresAt);
  }

  /** The lifetime until then, as one of this session's own; null and false as for `maxAge`. */
  set expires(date: Date | null | undefined | false) {
    this.maxAge = date instanceof Date ? date.getTime() - this.#shaped.now() : date;
  }

  /** As express-session's cookie is written. */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this));
  }
}

/** Code that copies all there is sets these as well, to what they are. */
function assertSame(name: string, given: unknown, present: unknown): void {
  if (given === present) return;
  throw new SessionError(
    `request.session.cookie.${name} cannot be set for one session: set the option 'cookie.${name}'. ` +
      'A lifetime of its own a session has by cookie.maxAge.',
  );
}

function unknownOption(name: string | symbol): never {
  throw new SessionError(
    `request.session.cookie has no option ${shownKey(String(name))}. A session's own are maxAge, originalMaxAge and expires; ` +
      "all else is said by the option 'cookie', for all sessions.",
  );
}
