import { systemClock } from '../drivers/clock.js';
import type { SourceCookie } from '../lifecycle/taking-over/session-source.js';
import { type Check, refused, withoutText } from '../options/read-option.js';
import { is, refine, valuePath } from '../options/checks.js';
import type { Table } from '../options/read-table.js';
import { type Values, readPath, isObject } from '../state/values.js';

/** The attributes of the old cookie, so that it can be expired where it lies: the object that the old library was given will do. */
export interface ForeignCookieAttributes {
  /** Default `/`. */
  readonly path?: string | undefined;
  /** Default: the host alone. */
  readonly domain?: string | undefined;
  /** Default, and for 'auto': in production. */
  readonly secure?: boolean | 'auto' | undefined;
  /** Default, and for 'auto': 'lax'. */
  readonly sameSite?: 'lax' | 'strict' | 'none' | 'auto' | boolean | undefined;
  /** Default true. */
  readonly httpOnly?: boolean | undefined;
  /** Default false. */
  readonly partitioned?: boolean | undefined;
  /** Not needed, and may stand there. */
  readonly maxAge?: number | null | undefined;
}

/**
 * What all sources take.
 *
 * @example
 * migrate: [fromCookieSession({ keys: oldKeys, userId: 'passport.user', until: '2027-01-01' })]
 */
export interface SourceOptions {
  /** Attributes of the old cookie, where they were not the default. */
  readonly cookie?: ForeignCookieAttributes | undefined;
  /**
   * The path of the value that names the user there, such as 'passport.user' or 'user.id': it is put under the option `userKey`, so that
   * his sessions can be listed and ended. It stays where it was as well. Default: what lies at `userKey`.
   */
  readonly userId?: string | undefined;
  /**
   * From when on nothing is taken over any more: a date, its text, or epoch ms. Set it for cookies that hold the session
   * themselves: they cannot be revoked, and a copy of one is worth something until then. Default: never.
   */
  readonly until?: Date | string | number | undefined;
}

const ATTRIBUTES = ['path', 'domain', 'secure', 'sameSite', 'httpOnly', 'partitioned'] as const;

type Attributes = Omit<SourceCookie, 'name'>;

/** What is wrong in a value is said when a cookie is made of it. */
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

const moment: Check<number> = {
  takes: takesDate,
  read(value) {
    const isDate = value instanceof Date || typeof value === 'string' || typeof value === 'number';
    const time = isDate ? new Date(value).getTime() : NaN;
    return Number.isNaN(time) ? refused(value, takesDate) : time;
  },
};

/** What all sources take. */
export const commonOptions = {
  cookie: { default: {}, check: attributes },
  userId: { check: valuePath("the path of the value that names the user there, such as 'passport.user'") },
  until: { check: moment },
} as const satisfies Table;

/** Whether nothing is taken over any more. @param until epoch ms; undefined for never */
export function isOver(until: number | undefined): boolean {
  return until !== undefined && systemClock.now() >= until;
}

/** One secret or several, of whatever length: they are those of another library. Nothing of them is shown. */
export function secretsOf(takes: string): Check<readonly string[]> {
  return {
    takes,
    read(value) {
      const given: unknown[] = Array.isArray(value) ? value : [value];
      const secrets = given.filter((each) => typeof each === 'string' && each !== '');
      return given.length > 0 && secrets.length === given.length
        ? secrets.map(String)
        : refused(value, takes, withoutText);
    },
  };
}

/** The user whom values name; undefined where they name none. */
export function userIn(values: Values, path: string | undefined): string | number | undefined {
  const user = path === undefined ? undefined : readPath(values, path);
  return typeof user === 'string' || typeof user === 'number' ? user : undefined;
}
