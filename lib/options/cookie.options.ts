import type { IncomingHttpHeaders } from 'node:http';
import { optionError } from './read-option.js';
import { boolean, is, listOf, oneOf, text } from './checks.js';
import { isProduction } from './production.js';
import { type Settings, type Table, group, readTable } from './read-table.js';

/**
 * Where the session cookie was before. A field that is left out matches the current value, and for path and
 * domain also the default.
 *
 * @example
 * cookie: { domain: 'example.com', formerly: [{ path: '/shop' }] }
 */
export interface EarlierCookie {
  /** Default: the current name of the cookie. */
  name?: string;
  /** Begins with a slash. Default: the current path of the cookie, and '/'. */
  path?: string;
  /** Default: the current domain of the cookie, and none. */
  domain?: string;
}

/**
 * The request as option functions see it: what the requests of Express and Fastify have in common.
 *
 * @example
 * cookie: { name: ({ hostname }: TenantRequest) => (hostname === 'admin.example.com' ? 'admin' : undefined) }
 */
export interface TenantRequest {
  /** Its headers, by lower-case name. */
  readonly headers: IncomingHttpHeaders;
  /**
   * As the platform reports it: behind a trusted proxy (`trust proxy`, `trustProxy`), the host that the visitor
   * requested.
   */
  readonly hostname: string;
  /** `http` or `https`, as the platform reports it. */
  readonly protocol: string;
  /** The address of the client, as the platform reports it; undefined if unknown. */
  readonly ip?: string | undefined;
}

/**
 * Determines the name or domain of the cookie from the request. Called for each request that opens a session,
 * so it has to be synchronous. Undefined stands for the default. Errors it throws go to the exception filters;
 * a return value of another type is a SessionConfigError, answered with 500.
 *
 * @example
 * const byHost: TenantFunction = ({ hostname }) => (hostname.endsWith('.shop.example') ? 'shop.example' : undefined);
 */
export type TenantFunction = {
  // A method type, so that the function may declare Express's or Fastify's request as its parameter.
  of(request: TenantRequest): string | undefined;
}['of'];

/**
 * Name and attributes of the session cookie (RFC 6265bis, 4.1).
 *
 * @example
 * cookie: { sameSite: 'strict', path: '/account' }
 */
export interface SessionCookieOptions {
  /**
   * Default '__Host-session' if `secure`, a path of '/' and no domain allow it, otherwise 'session'. A name
   * that begins with `__Host-`, `__Secure-`, `__Http-` or `__Host-Http-` has to match the attributes. A function
   * of the request gives each tenant its own name.
   */
  name?: string | TenantFunction;
  /**
   * Begins with a slash. Requests outside the path begin no session, because a browser would not send the
   * cookie there. Default '/'.
   */
  path?: string;
  /** Default: only the host that set it. A function of the request gives each tenant its own domain. */
  domain?: string | TenantFunction;
  /** Whether the cookie is hidden from scripts in the page. Default true. */
  httpOnly?: boolean;
  /** Whether the cookie is sent over https only. Default: when NODE_ENV is 'production'. */
  secure?: boolean;
  /**
   * Which requests from other sites carry the cookie; true stands for 'strict', false for no attribute.
   * Default 'lax'.
   */
  sameSite?: 'lax' | 'strict' | 'none' | boolean;
  /** Whether the cookie is kept separate for each top-level site (CHIPS); needs `secure`. Default false. */
  partitioned?: boolean;
  /** Which cookies a browser evicts first. Default: no attribute. */
  priority?: 'low' | 'medium' | 'high';
  /**
   * Where the cookie was before its name, path or domain changed. A session whose cookie is still there is
   * taken over, and the old cookie expired. Default none.
   */
  formerly?: readonly EarlierCookie[];
}

const path = text('a path that begins with a slash, or browsers ignore it (RFC 6265bis, 5.6.4)', /^\//);

const place = { name: { check: text() }, path: { check: path }, domain: { check: text() } };

const earlier = group(place satisfies Table & Record<keyof EarlierCookie, unknown>);

const attributes = {
  ...place,
  path: { default: '/', check: path },
  httpOnly: { default: true, check: boolean() },
  secure: { check: boolean() },
  partitioned: { default: false, check: boolean() },
  sameSite: { default: 'lax', check: oneOf('lax', 'strict', 'none', true, false) },
  priority: { check: oneOf('low', 'medium', 'high') },
} as const satisfies Table;

const ofTenant = is(
  'text, or a function of the request that returns text or undefined',
  (value): value is string | TenantFunction =>
    typeof value === 'function' || (typeof value === 'string' && value !== ''),
);

const table = {
  ...attributes,
  name: { check: ofTenant },
  domain: { check: ofTenant },
  formerly: { default: [], check: listOf(earlier, "a list such as [{ path: '/shop' }]") },
} satisfies Table & Record<keyof SessionCookieOptions, unknown>;

export const cookieOptions = group(table, { note: "; the lifetime is the option 'age'" });

/** The option `cookie` with all defaults that depend on nothing else. */
export type CookieSettings = Settings<typeof table>;

/** The cookie settings of one tenant, or of an application without tenants. */
export type PlacedCookie = Omit<CookieSettings, 'name' | 'domain'> &
  Pick<CookieAttributes, 'name' | 'domain'>;

/** Name and attributes, all optional. */
export type CookieAttributes = Partial<Settings<typeof attributes>>;

/** Name and attributes with all defaults. */
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

/** What browsers require of a cookie by the beginning of its name, in whatever case (RFC 6265bis, 4.1.3). */
const NEEDS_BY_PREFIX: Readonly<Record<string, string>> = {
  secure: 'secure: true',
  host: "secure: true, path '/' and no domain",
  http: 'secure: true and httpOnly: true',
  'host-http': "secure: true, httpOnly: true, path '/' and no domain",
};

const PREFIX = /^__(host-http|host|http|secure)-/i;

/** Whether browsers derive from the beginning of a name what the attributes have to be; all require `secure`. */
export function hasNamePrefix(name: string): boolean {
  return PREFIX.test(name);
}

/** A name without such a beginning. What is no text is left to the check of the name. */
export function withoutNamePrefix<N>(name: N): N | string {
  return typeof name === 'string' ? name.replace(PREFIX, '') : name;
}

/**
 * Fills in the defaults that depend on each other and on the environment, and rejects with an error what
 * browsers reject silently.
 *
 * @param option the option that these are values of, for messages
 * @throws SessionConfigError if an attribute is wrong, or contradicts another or the name
 */
export function checkedCookie(options: CookieAttributes, option: string): CheckedCookie {
  const { domain, priority, ...given } = readTable(attributes, options, `${option}.`);
  const secure = given.secure ?? isProduction();
  const isHostOnly = secure && given.path === '/' && domain === undefined;
  const cookie = {
    ...given,
    // With this prefix, browsers accept the cookie only from this host itself (RFC 6265bis, 4.1.3).
    name: given.name ?? (isHostOnly ? '__Host-session' : 'session'),
    secure,
    ...(domain === undefined ? {} : { domain }),
    ...(priority === undefined ? {} : { priority }),
  };
  const prefix = PREFIX.exec(cookie.name)?.[1]?.toLowerCase();
  const fitsName =
    secure &&
    (isHostOnly || prefix?.startsWith('host') !== true) &&
    (cookie.httpOnly || prefix?.endsWith('http') !== true);
  const broken = [
    cookie.sameSite === 'none' &&
      !secure &&
      "sameSite 'none' needs secure: true, or browsers refuse the cookie",
    cookie.partitioned && !secure && 'partitioned: true needs secure: true, or browsers refuse the cookie',
    prefix !== undefined &&
      !fitsName &&
      `the name "${cookie.name}" needs ${NEEDS_BY_PREFIX[prefix]} (RFC 6265bis, 4.1.3). Set it so, or choose another name`,
  ].find((rule) => rule !== false);
  if (broken !== undefined) throw optionError(option, `contradicts itself: ${broken}.`);
  return cookie;
}
