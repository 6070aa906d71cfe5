import { stringifySetCookie } from 'cookie';
import { isProduction } from '../production.js';
import { SessionConfigError } from '../session.errors.js';

/**
 * Where the session cookie was before. What is left out may have been as it is now, and path and domain as they are by
 * default: both count.
 *
 * @example
 * cookie: { domain: 'example.com', formerly: [{ path: '/shop' }] }
 */
export interface FormerCookie {
  /** Default: the name that the cookie has now. */
  name?: string;
  /** Begins with a slash. Default: the path that the cookie has now, and '/'. */
  path?: string;
  /** Default: the domain that the cookie has now, and none. */
  domain?: string;
}

/** Name and attributes of the session cookie (RFC 6265bis, 4.1). */
export interface SessionCookieOptions {
  /**
   * Default '__Host-session' where `secure`, a path of '/' and no domain allow it, otherwise 'session'. A `__Host-` or
   * `__Secure-` name has to fit the attributes.
   */
  name?: string;
  /** Begins with a slash. A request outside of it begins no session: a browser would not send the cookie there. Default '/'. */
  path?: string;
  /** Default: the host that set it, and no other. */
  domain?: string;
  /** Whether scripts in the page cannot read it. Default true. */
  httpOnly?: boolean;
  /** Whether it travels over https only. Default: when NODE_ENV is 'production'. */
  secure?: boolean;
  /** Which requests from other sites carry it; true stands for 'strict', false for no attribute at all. Default 'lax'. */
  sameSite?: 'lax' | 'strict' | 'none' | boolean;
  /** Whether it is kept apart for each top-level site (CHIPS); needs `secure`. Default false. */
  partitioned?: boolean;
  /** Which cookies a browser gives up first. Default: not said. */
  priority?: 'low' | 'medium' | 'high';
  /**
   * Where the cookie was before its name, path or domain was changed. A session whose cookie still lies there is taken
   * over, and the old cookie expired. Default none.
   */
  formerly?: readonly FormerCookie[];
}

/** Where a cookie lies in a browser: those that differ in one of these lie side by side (RFC 6265bis, 5.7). */
export interface CookiePlace {
  readonly name: string;
  readonly path: string;
  /** As browsers compare it; null for the host alone. */
  readonly domain: string | null;
}

/** Name and attributes with every default filled in. */
export interface CheckedCookie {
  readonly name: string;
  readonly path: string;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: 'lax' | 'strict' | 'none' | boolean;
  readonly partitioned: boolean;
  readonly domain?: string;
  readonly priority?: 'low' | 'medium' | 'high';
}

/**
 * Fills in the defaults, and refuses with a word what browsers refuse without one.
 *
 * @param option whose values these are, for messages
 * @throws SessionConfigError where the attributes contradict each other or the name
 */
export function checkedCookie(options: SessionCookieOptions, option: string): CheckedCookie {
  const path = options.path ?? '/';
  const secure = options.secure ?? isProduction();
  const cookie = {
    // Where a browser vouches for it that this very host set the cookie, no other host can slip it one.
    name:
      options.name ?? (secure && path === '/' && options.domain === undefined ? '__Host-session' : 'session'),
    path,
    httpOnly: options.httpOnly ?? true,
    secure,
    sameSite: options.sameSite ?? 'lax',
    partitioned: options.partitioned ?? false,
    ...(options.domain === undefined ? {} : { domain: options.domain }),
    ...(options.priority === undefined ? {} : { priority: options.priority }),
  } as const;
  assertConsistent(cookie, option);
  return cookie;
}

function assertConsistent(cookie: CheckedCookie, option: string): void {
  const { name, path, secure, domain } = cookie;
  const because = (rule: string) => new SessionConfigError(`Option '${option}': ${rule}`);
  if (!path.startsWith('/')) {
    throw new SessionConfigError(
      `Option '${option}.path' got "${path}"; it takes a path that begins with a slash, or browsers ignore it (RFC 6265bis, 5.6.4).`,
    );
  }
  if (cookie.sameSite === 'none' && !secure) {
    throw because("sameSite 'none' needs secure: true, or browsers refuse the cookie.");
  }
  if (cookie.partitioned && !secure) {
    throw because('partitioned: true needs secure: true, or browsers refuse the cookie.');
  }
  const lower = name.toLowerCase();
  if (lower.startsWith('__secure-') && !secure) {
    throw because(
      `the name "${name}" needs secure: true (RFC 6265bis, 4.1.3.1). Set it, or choose another name.`,
    );
  }
  if (lower.startsWith('__host-') && (!secure || path !== '/' || domain !== undefined)) {
    throw because(
      `the name "${name}" needs secure: true, path '/' and no domain (RFC 6265bis, 4.1.3.2). Set them so, or choose another name.`,
    );
  }
}

/** What follows the value in a Set-Cookie header, lifetime apart. @throws SessionConfigError where it cannot be written */
export function attributesOf({ name, ...attributes }: CheckedCookie, option: string): string {
  try {
    return stringifySetCookie({ name, value: '', ...attributes }).slice(name.length + 1);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SessionConfigError(`Option '${option}' cannot be written as a cookie: ${reason}.`, { cause });
  }
}

/** Where a cookie lies. */
export function placeOf({ name, path, domain }: CheckedCookie): CookiePlace {
  return { name, path, domain: domain === undefined ? null : domain.replace(/^\./, '').toLowerCase() };
}

/** Whether two cookies replace each other. */
export function isSamePlace(one: CookiePlace, other: CookiePlace): boolean {
  return one.name === other.name && one.path === other.path && one.domain === other.domain;
}
