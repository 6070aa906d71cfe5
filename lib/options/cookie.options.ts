import type { IncomingHttpHeaders } from 'node:http';
import { type Check, optionError, refused } from './read-option.js';
import { boolean, listOf, oneOf, text } from './checks.js';
import { isProduction } from './production.js';
import { type Settings, type Table, group, readTable } from './read-table.js';

/**
 * Where the session cookie was before. What is left out may have been as it is now, and path and domain as they are by
 * default: both count.
 *
 * @example
 * cookie: { domain: 'example.com', formerly: [{ path: '/shop' }] }
 */
export interface EarlierCookie {
  /** Default: the name that the cookie has now. */
  name?: string;
  /** Begins with a slash. Default: the path that the cookie has now, and '/'. */
  path?: string;
  /** Default: the domain that the cookie has now, and none. */
  domain?: string;
}

/** What a function of the options knows of a request: what the requests of Express and of Fastify have in common. */
export interface TenantRequest {
  /** Its headers, by their names in small letters. */
  readonly headers: IncomingHttpHeaders;
  /** As the platform says: behind a proxy it trusts (`trust proxy`, `trustProxy`), the host that the visitor asked. */
  readonly hostname: string;
  /** `http` or `https`, as the platform says. */
  readonly protocol: string;
  /** The address of the client, as the platform says; undefined where it does not know. */
  readonly ip?: string | undefined;
}

/**
 * Tells the name or the domain of the cookie by the request. Called for each request that opens a session, so it answers at
 * once. Undefined stands for the default. What it throws goes to the exception filters; anything else that it returns is a
 * SessionConfigError, and the answer 500.
 *
 * @example
 * const byHost: TenantFunction = ({ hostname }) => (hostname.endsWith('.shop.example') ? 'shop.example' : undefined);
 */
export type TenantFunction = {
  // As a method: it may as well say that it takes Express's request, or Fastify's.
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
   * Default '__Host-session' where `secure`, a path of '/' and no domain allow it, otherwise 'session'. A `__Host-` or
   * `__Secure-` name has to fit the attributes. A function of the request gives each tenant one.
   */
  name?: string | TenantFunction;
  /** Begins with a slash. A request outside of it begins no session: a browser would not send the cookie there. Default '/'. */
  path?: string;
  /** Default: the host that set it, and no other. A function of the request gives each tenant one. */
  domain?: string | TenantFunction;
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

const takesTextOrFunction = 'text, or a function of the request that returns text or undefined';

const isTenantFunction = (value: unknown): value is TenantFunction => typeof value === 'function';

const ofTenant: Check<string | TenantFunction> = {
  takes: takesTextOrFunction,
  read(value) {
    const isOne = isTenantFunction(value) || (typeof value === 'string' && value !== '');
    return isOne ? value : refused(value, takesTextOrFunction);
  },
};

const table = {
  ...attributes,
  name: { check: ofTenant },
  domain: { check: ofTenant },
  formerly: { default: [], check: listOf(earlier, "a list such as [{ path: '/shop' }]") },
} satisfies Table & Record<keyof SessionCookieOptions, unknown>;

/** Checks what stands under `cookie`, and fills the defaults in. */
export const cookieOptions = group(table, { note: "; the lifetime is the option 'age'" });

/** The option `cookie` as it was given, with what does not depend on anything else filled in. */
export type CookieSettings = Settings<typeof table>;

/** The same for one tenant, or for an application that has none. */
export type PlacedCookie = Omit<CookieSettings, 'name' | 'domain'> &
  Pick<CookieAttributes, 'name' | 'domain'>;

/** Name and attributes, each of which may be left out. */
export type CookieAttributes = Partial<Settings<typeof attributes>>;

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
 * Fills in the defaults that depend on each other and on the environment, and refuses with a word what browsers refuse
 * without one.
 *
 * @param option whose values these are, for messages
 * @throws SessionConfigError where an attribute is wrong, or contradicts another or the name
 */
export function checkedCookie(options: CookieAttributes, option: string): CheckedCookie {
  const { domain, priority, ...given } = readTable(attributes, options, `${option}.`);
  const secure = given.secure ?? isProduction();
  const isHostOnly = secure && given.path === '/' && domain === undefined;
  const cookie = {
    ...given,
    // With this prefix browsers take the cookie from this very host only (RFC 6265bis, 4.1.3.2).
    name: given.name ?? (isHostOnly ? '__Host-session' : 'session'),
    secure,
    ...(domain === undefined ? {} : { domain }),
    ...(priority === undefined ? {} : { priority }),
  };
  const prefix = /^__(host|secure)-/i.exec(cookie.name)?.[1]?.toLowerCase();
  const broken = [
    cookie.sameSite === 'none' &&
      !secure &&
      "sameSite 'none' needs secure: true, or browsers refuse the cookie",
    cookie.partitioned && !secure && 'partitioned: true needs secure: true, or browsers refuse the cookie',
    prefix === 'secure' &&
      !secure &&
      `the name "${cookie.name}" needs secure: true (RFC 6265bis, 4.1.3.1). Set it, or choose another name`,
    prefix === 'host' &&
      !isHostOnly &&
      `the name "${cookie.name}" needs secure: true, path '/' and no domain (RFC 6265bis, 4.1.3.2). Set them so, or choose another name`,
  ].find((rule) => rule !== false);
  if (broken !== undefined) throw optionError(option, `contradicts itself: ${broken}.`);
  return cookie;
}
