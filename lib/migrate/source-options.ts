import { systemClock } from '../drivers/clock.js';
import { parseJson } from '../drivers/packed-record.js';
import { isUser } from '../lifecycle/users/recorded-user.js';
import type { SourceCookie } from '../lifecycle/taking-over/session-source.js';
import { type Check, refused, withoutText } from '../options/read-option.js';
import { is, refine, valuePath } from '../options/checks.js';
import type { Table } from '../options/read-table.js';
import { type Values, readPath, isObject } from '../state/values.js';

/**
 * The attributes of the old cookie, needed to expire it. You can pass the object that the old library was
 * given.
 *
 * @example
 * fromIronSession({ password: oldPassword, cookieName: 'app', cookie: { path: '/shop', secure: false } })
 */
export interface ForeignCookieAttributes {
  /** Default `/`. */
  readonly path?: string | undefined;
  /** Default: only the host. */
  readonly domain?: string | undefined;
  /** Default, and for 'auto': in production. */
  readonly secure?: boolean | 'auto' | undefined;
  /** Default, and for 'auto': 'lax'. */
  readonly sameSite?: 'lax' | 'strict' | 'none' | 'auto' | boolean | undefined;
  /** Default true. */
  readonly httpOnly?: boolean | undefined;
  /** Default false. */
  readonly partitioned?: boolean | undefined;
  /** Ignored; allowed so that you can pass the old library's object. */
  readonly maxAge?: number | null | undefined;
}

/**
 * The options that all sources have.
 *
 * @example
 * migrate: [fromCookieSession({ keys: oldKeys, userId: 'user.id', until: '2027-01-01' })]
 */
export interface SourceOptions {
  /** Attributes of the old cookie, if they were not the default. */
  readonly cookie?: ForeignCookieAttributes | undefined;
  /**
   * The path of the value that names the user in the old session, such as 'passport.user' or 'user.id'. It is
   * copied to the path of the option `userKey`, so that the user's sessions can be listed and ended. With Passport
   * set `userKey: 'passport.user'` as well: Passport does not remove the copy at sign-out. Default: the value at
   * `userKey`.
   */
  readonly userId?: string | undefined;
  /**
   * The moment from which nothing is taken over any more: a date, its text, or epoch ms. Set it for cookies
   * that hold the session themselves: they cannot be revoked, and a copy of one is usable until then. Default:
   * never.
   */
  readonly until?: Date | string | number | undefined;
}

const ATTRIBUTES = ['path', 'domain', 'secure', 'sameSite', 'httpOnly', 'partitioned'] as const;

type Attributes = Omit<SourceCookie, 'name'>;

/** A wrong value is reported when a cookie is made from it. */
const attributes: Check<Attributes> = refine(
  is("the attributes of the old cookie, such as { path: '/shop' }", isObject),
  (given): Attributes =>
    Object.fromEntries(
      ATTRIBUTES.map((name) => [name, given[name]] as const).filter(
        ([, value]) => value !== undefined && value !== null && value !== 'auto',
      ),
    ),
);

const takesDate = 'a date, such as new Date(...) or the text of one';

const moment: Check<number> = (value, option) => {
  const isDate = value instanceof Date || typeof value === 'string' || typeof value === 'number';
  const time = isDate ? new Date(value).getTime() : NaN;
  return Number.isNaN(time) ? refused(option, value, takesDate) : time;
};

/** The options that all sources have. */
export const commonOptions = {
  cookie: { default: {}, check: attributes },
  userId: { check: valuePath("the path of the value that names the user there, such as 'passport.user'") },
  until: { check: moment },
} as const satisfies Table;

/** Whether sessions are no longer taken over. @param until epoch ms; undefined for never */
export function isOver(until: number | undefined): boolean {
  return until !== undefined && systemClock.now() >= until;
}

/** One secret or several of another library, of any length. They are never shown. */
export function secretsOf(takes: string): Check<readonly string[]> {
  return (value, option) => {
    const given: unknown[] = Array.isArray(value) ? [...value] : [value];
    return given.length > 0 && given.every(isSecret) ? given : refused(option, value, takes, withoutText);
  };
}

/** Whether a value can be a secret of another library. */
export function isSecret(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The values in the JSON of a session; null if it is none. */
export function valuesIn(json: string): Values | null {
  const values = parseJson(json);
  return isObject(values) ? values : null;
}

/** The user named in the values, or undefined. */
export function userIn(values: Values, path: string | undefined): string | number | undefined {
  const user = path === undefined ? undefined : readPath(values, path);
  return isUser(user) ? user : undefined;
}
