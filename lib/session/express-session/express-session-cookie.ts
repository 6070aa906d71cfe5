import { inspect } from 'node:util';
import { parseDuration } from '../../options/duration.js';
import { SessionError, SessionValueError } from '../../session.errors.js';
import { ENDS_WITH_BROWSER } from '../../state/payload.js';
import { shownKey } from '../../state/shown-key.js';
import { refusesOthers } from '../assignments.js';
import type { HostedSession } from '../hosted-session.js';
import type { CookieAttributes } from '../session-host.js';
import { shownDuration } from '../wording.js';

/** Attributes that are the same for all sessions, and so read-only. */
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

/** A lifetime as assigned; null, undefined and false mean that the cookie ends with the browser. */
type Lifetime = number | null | undefined | false;

/**
 * Properties that are own keys if they have a value, as in express-session; `maxAge` is not an own key there
 * either.
 */
const FIELDS = ['originalMaxAge', 'expires', ...ATTRIBUTES] as const;

/**
 * `request.session.cookie` in the shape of express-session. Setting a lifetime applies to this session only
 * (`setDuration`); attributes that are the same for all sessions come from the option `cookie` and are
 * read-only. A lifetime that has passed (`maxAge = 0`, `expires` in the past) ends the session.
 */
export class ExpressSessionCookie {
  readonly #hosted: HostedSession;

  /** Created by the package. */
  constructor(hosted: HostedSession) {
    this.#hosted = hosted;
    for (const name of FIELDS) {
      const accessors = Object.getOwnPropertyDescriptor(ExpressSessionCookie.prototype, name);
      if (Reflect.get(this, name) !== undefined)
        Object.defineProperty(this, name, { ...accessors, enumerable: true });
    }
    // `delete` affects an own key only, as in express-session: the prototype's accessor still returns the
    // value.
    Object.preventExtensions(this);
  }

  static {
    for (const name of ATTRIBUTES) {
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        get(this: ExpressSessionCookie) {
          return this.#hosted.host.cookieAttributes[name];
        },
        set(this: ExpressSessionCookie, given: unknown) {
          assertSame(name, given, this.#hosted.host.cookieAttributes[name]);
        },
      });
    }
    Reflect.setPrototypeOf(this.prototype, refusesOthers(unknownOption));
  }

  /** The remaining lifetime in ms; null if the cookie ends with the browser. */
  get maxAge(): number | null {
    const { expires } = this;
    return expires === null ? null : this.#until(expires);
  }

  /**
   * Sets a lifetime for this session, in ms, or as the date of its end; this alone does not begin a session.
   * Null, undefined and false make the cookie end with the browser, while the record lives as long as the
   * options say. Zero or less destroys the session.
   */
  set maxAge(given: Lifetime | Date) {
    this.#last('maxAge', given instanceof Date ? this.#until(given) : given);
  }

  /** The whole lifetime, in ms; null if the cookie ends with the browser. */
  get originalMaxAge(): number | null {
    const { endsWithBrowser, duration } = this.#hosted.lifecycle.session;
    return endsWithBrowser ? null : duration;
  }

  /** The same as setting `maxAge`. */
  set originalMaxAge(given: Lifetime | Date) {
    this.maxAge = given;
  }

  /** When the session ends unless it is visited again; null if the cookie ends with the browser. */
  get expires(): Date | null {
    const { endsWithBrowser, expiresAt } = this.#hosted.lifecycle.session;
    return endsWithBrowser ? null : new Date(expiresAt);
  }

  /** Sets this session's lifetime to the time until that date; null and false work like for `maxAge`. */
  set expires(given: Exclude<Lifetime, number> | Date) {
    // A number is not a date: read as a duration, the current epoch ms would be more than fifty years.
    if (!isNone(given) && !(given instanceof Date)) throw noLifetime('expires', given);
    this.#last('expires', given instanceof Date ? this.#until(given) : given);
  }

  /** The same as `expires`: the field behind it in express-session, which some stores read. */
  get _expires(): Date | null {
    return this.expires;
  }

  set _expires(given: Exclude<Lifetime, number> | Date) {
    this.expires = given;
  }

  /** All attributes, those without a value included. */
  get data(): Record<string, unknown> {
    return Object.fromEntries(FIELDS.map((name) => [name, Reflect.get(this, name)]));
  }

  /**
   * A Set-Cookie header for any cookie, with the attributes and the end of the session's. The session's own cookie
   * is sent by the package.
   *
   * @param name of the cookie
   * @param value anything that prints as text; it is percent-encoded
   * @throws TypeError if a browser could not read the name, the path or the domain
   * @example
   * res.append('Set-Cookie', req.session.cookie.serialize('theme', 'dark'));
   */
  serialize(name: string, value: unknown): string {
    const { host } = this.#hosted;
    // Only a request has a `request.session`.
    return host.setCookieHeader?.(name, String(value), this.expires) ?? '';
  }

  #until(date: Date): number {
    return date.getTime() - this.#hosted.lifecycle.session.runtime.clock.now();
  }

  #last(name: keyof typeof TAKES, given: Lifetime): void {
    if (!isNone(given) && given <= 0) {
      void this.#hosted.session.destroy();
      return;
    }
    const duration = isNone(given) ? ENDS_WITH_BROWSER : parseDuration(given);
    if (duration === null) throw noLifetime(name, given);
    // Middleware sets it for each visitor: that must not begin a session for all of them.
    this.#hosted.writable.facts.last(duration);
  }

  /** For logs: shows the values instead of accessors. */
  [inspect.custom](): Record<string, unknown> {
    return this.toJSON();
  }

  /** Serializes like express-session's cookie. */
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

/** Code that copies all properties also sets these, to their current values. */
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
