import { inspect } from 'node:util';
import { parseDuration } from '../../options/duration.js';
import { SessionError, SessionValueError } from '../../session.errors.js';
import { ENDS_WITH_BROWSER } from '../../state/payload.js';
import { shownKey } from '../../state/shown-key.js';
import { refusesOthers } from '../assignments.js';
import type { ShapedSession } from './express-values.js';
import type { RequestSession } from '../request-session.js';
import type { CookieAttributes } from '../session-host.js';
import { shownDuration } from '../wording.js';

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

const TAKES = {
  maxAge: "milliseconds, text such as '2h', or a Date",
  expires: 'a Date',
} as const;

/** What a lifetime is set to; none where the cookie ends with the browser. */
type Lifetime = number | null | undefined | false;

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
   * A lifetime of its own for this session, in ms, or the date of its end; alone it begins no session. Null, undefined and false
   * make the cookie one that ends with the browser; the record lives as long as the options say. Zero and less destroys the session.
   */
  set maxAge(given: Lifetime | Date) {
    this.#last('maxAge', given instanceof Date ? this.#until(given) : given);
  }

  /** The whole lifetime, in ms; null where the cookie ends with the browser. */
  get originalMaxAge(): number | null {
    return this.#shaped.endsWithBrowser() ? null : this.#session.duration;
  }

  /** The same as setting `maxAge`. */
  set originalMaxAge(given: Lifetime | Date) {
    this.maxAge = given;
  }

  /** When the session ends unless it is visited again; null where the cookie ends with the browser. */
  get expires(): Date | null {
    return this.#shaped.endsWithBrowser() ? null : new Date(this.#session.expiresAt);
  }

  /** The lifetime until then, as one of this session's own; null and false as for `maxAge`. */
  set expires(given: Exclude<Lifetime, number> | Date) {
    // A number is no date: taken for a span of time, the epoch ms of today are fifty years.
    if (!isNone(given) && !(given instanceof Date)) throw noLifetime('expires', given);
    this.#last('expires', given instanceof Date ? this.#until(given) : given);
  }

  #until(date: Date): number {
    return date.getTime() - this.#shaped.now();
  }

  #last(name: keyof typeof TAKES, given: Lifetime): void {
    if (!isNone(given) && given <= 0) {
      void this.#session.destroy();
      return;
    }
    const duration = isNone(given) ? ENDS_WITH_BROWSER : parseDuration(given);
    if (duration === null) throw noLifetime(name, given);
    // Middleware sets it for each visitor: that begins a session for none of them.
    this.#shaped.writable().facts.last(duration);
  }

  /** For logs: what it says, and not that it has accessors. */
  [inspect.custom](): Record<string, unknown> {
    return this.toJSON();
  }

  /** As express-session's cookie is written. */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this));
  }
}

function isNone(given: unknown): given is null | undefined | false {
  return given === null || given === undefined || given === false;
}

function noLifetime(name: keyof typeof TAKES, given: unknown): SessionValueError {
  return new SessionValueError(
    `request.session.cookie.${name} got ${shownDuration(given)}; it takes ${TAKES[name]}, up to a hundred years from now, or null or ` +
      'false for a cookie that ends with the browser.',
  );
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
