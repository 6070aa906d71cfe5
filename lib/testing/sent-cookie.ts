import { parseSetCookie } from 'cookie';

/**
 * A cookie as a response sets it (RFC 6265bis, 4.1).
 *
 * @example
 * const { cookie } = await sessions.of(response);
 * expect(cookie).toMatchObject({ name: 'session', httpOnly: true, expired: false });
 */
export interface SentCookie {
  /** As it was set. */
  readonly name: string;
  /** The raw value: the signed id, or the sealed session (its first piece, if it is split). */
  readonly value: string;
  /** Whether the header removes the cookie from the browser. */
  readonly expired: boolean;
  /** Seconds; undefined if the cookie ends with the browser. */
  readonly maxAge: number | undefined;
  /** Undefined if not set. */
  readonly path: string | undefined;
  /** Undefined: only the host that set it. */
  readonly domain: string | undefined;
  /** Whether the cookie is hidden from scripts in the page. */
  readonly httpOnly: boolean;
  /** Whether the cookie is sent over https only. */
  readonly secure: boolean;
  /** In lower case, like the option; undefined if not set. */
  readonly sameSite: 'lax' | 'strict' | 'none' | undefined;
  /** Whether each site that embeds the page has its own cookie (CHIPS). */
  readonly partitioned: boolean;
  /** In lower case, like the option; undefined if not set. */
  readonly priority: 'low' | 'medium' | 'high' | undefined;
}

/** A cookie from the value of a Set-Cookie header. Attributes that it lacks are undefined or false. */
export function sentCookie(header: string): SentCookie {
  const cookie = parseSetCookie(header, { decode: asItIs });
  const { name, value = '', maxAge, sameSite } = cookie;
  return {
    name,
    value,
    expired: maxAge !== undefined && maxAge <= 0,
    maxAge,
    path: cookie.path,
    domain: cookie.domain,
    httpOnly: cookie.httpOnly === true,
    secure: cookie.secure === true,
    sameSite: typeof sameSite === 'boolean' ? undefined : sameSite,
    partitioned: cookie.partitioned === true,
    priority: cookie.priority,
  };
}

/**
 * The Cookie header of a browser that sent the given one and then received these cookies. A browser may have several
 * of one name, and send all of them, until it has received one of that name.
 */
export function cookieHeader(sent: string | undefined, set: readonly SentCookie[]): string {
  const pairs = (sent ?? '').split(';').map((pair) => pair.trim());
  const kept = pairs.filter((pair) => !set.some(({ name }) => pair.startsWith(`${name}=`)));
  const added = set.filter(({ expired }) => !expired).map(({ name, value }) => `${name}=${value}`);
  return [...kept, ...added].join('; ');
}

/** Leaves the value encoded. */
const asItIs = (text: string): string => text;
