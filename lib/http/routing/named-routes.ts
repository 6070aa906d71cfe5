import { METHODS } from 'node:http';
import { RequestMethod } from '@nestjs/common';
import { pathToRegexp } from 'path-to-regexp';
import { optionError, shown, withoutText } from '../../options/read-option.js';
import type { NamedRoute } from '../../options/named-route.js';
import type { RawRequest } from '../raw-http.js';
import { prefixPathOf } from './global-prefix.js';
import type { RouteMatching } from './route-matching.js';

/** Whether a request is to one of the routes. `url` may have a query. */
export type RouteTest = (method: string | undefined, url: string) => boolean;

/** What is known of an application only when its requests come: main.ts sets it after the modules are made. */
interface RoutingSetup {
  /** What `app.setGlobalPrefix` was given, parameters and all; empty for none. Asked for each request. */
  globalPrefix(): string;
  /** How the router compares paths. Asked with the first request. */
  matching(): RouteMatching;
}

/** Whether a request is to one of the routes, below the path too at which Express has mounted the application. */
export function namesRequest(names: RouteTest, req: RawRequest): boolean {
  const url = req.originalUrl ?? req.url ?? '/';
  if (names(req.method, url)) return true;
  const fromMount = urlBelowMount(req, url);
  return fromMount !== null && names(req.method, fromMount);
}

/**
 * The URL as the routes of an application are written, where Express has mounted it below another one: without the path
 * of that place. Null where it is not mounted, and where the place is a pattern.
 */
function urlBelowMount(req: RawRequest, url: string): string | null {
  const mount = isMountable(req.app) ? req.app.path() : '';
  return typeof mount === 'string' && mount !== '' && url.startsWith(`${mount}/`)
    ? url.slice(mount.length)
    : null;
}

/** An application of Express: it knows its path, with those of the applications above it. */
function isMountable(app: unknown): app is { path(): unknown } {
  return typeof app === 'function' && 'path' in app && typeof app.path === 'function';
}

/**
 * Compiles the routes of an option. Null where there are none.
 *
 * @param option that they stand in
 * @throws SessionConfigError for what is no path
 */
export function compileRoutes(
  routes: readonly NamedRoute[],
  setup: RoutingSetup,
  option: 'exclude' | 'passive',
): RouteTest | null {
  if (routes.length === 0) return null;
  const rules = routes.map((route) => checked(route, option));
  let matching: RouteMatching | null = null;
  let compiled: Compiled | null = null;
  return (method, url) => {
    matching ??= setup.matching();
    const prefix = setup.globalPrefix();
    if (compiled?.prefix !== prefix) compiled = compile(rules, prefix, matching);
    const path = pathOf(url, matching);
    // Routers answer HEAD by the route for GET.
    const isHead = method === 'HEAD';
    return compiled.tests.some(
      (test) =>
        (test.method === null || test.method === method || (isHead && test.method === 'GET')) &&
        test.matches(path),
    );
  };
}

interface Rule {
  readonly path: string | RegExp;
  readonly method: string | null;
}

interface Compiled {
  readonly prefix: string;
  readonly tests: readonly { readonly method: string | null; matches(path: string): boolean }[];
}

/** For one global prefix: it may have parameters, so it is part of the pattern. */
function compile(rules: readonly Rule[], globalPrefix: string, matching: RouteMatching): Compiled {
  const options = { sensitive: matching.caseSensitive, trailing: matching.ignoreTrailingSlash };
  const prefix = prefixPathOf(globalPrefix);
  const start = prefix === '' ? null : pathToRegexp(prefix, { ...options, end: false }).regexp;
  const tests = rules.map(({ path, method }) => {
    if (typeof path === 'string') {
      // Nest registers its routes without a slash at the end.
      const spellings = new Set([path, path.replace(/(?<=.)\/+$/, '')]);
      if (matching.wildcardMayBeEmpty) spellings.add(path.replace(/\*(?:\w+|"[^"]*")$/, '{$&}'));
      const patterns = [...spellings].flatMap((each) =>
        [...new Set(['', prefix])].map((before) => pathToRegexp(below(before, each), options).regexp),
      );
      return { method, matches: (candidate: string) => patterns.some((pattern) => pattern.test(candidate)) };
    }
    const expression = matching.caseSensitive || path.ignoreCase ? path : new RegExp(path, `${path.flags}i`);
    // `test` of a global expression remembers where it stopped; `search` does not.
    const holds = (candidate: string): boolean => candidate.search(expression) !== -1;
    const matches = (candidate: string): boolean => {
      if (holds(candidate)) return true;
      const before = start?.exec(candidate)?.[0];
      // The prefix itself is the path '/' below it.
      return before !== undefined && holds(candidate.slice(before.length) || '/');
    };
    return { method, matches };
  });
  return { prefix: globalPrefix, tests };
}

/** A route below a prefix, where '/' is the prefix itself. */
function below(prefix: string, path: string): string {
  return prefix !== '' && path === '/' ? prefix : prefix + path;
}

function checked(route: unknown, option: string): Rule {
  if (typeof route === 'string' || route instanceof RegExp)
    return { path: pathIn(route, option), method: null };
  if (typeof route === 'object' && route !== null && 'path' in route) {
    const { path } = route;
    const method = methodOf('method' in route ? route.method : undefined, option);
    if (typeof path === 'string' || path instanceof RegExp) return { path: pathIn(path, option), method };
  }
  throw optionError(
    option,
    `has an entry that is ${withoutText(route)}. It takes paths such as '/health' or '/assets/{*path}', ` +
      'regular expressions, and { path, method }.',
  );
}

/** A path with the slash that it begins with, and one that compiles. */
function pathIn(path: string | RegExp, option: string): string | RegExp {
  if (path instanceof RegExp) return path;
  const absolute = path.startsWith('/') || path.startsWith('{') || path.startsWith('*') ? path : `/${path}`;
  try {
    pathToRegexp(absolute);
    return absolute;
  } catch (cause) {
    throw optionError(
      option,
      `does not compile: "${path}" is no path. Write '/health', '/assets/{*path}' or a regular expression.`,
      cause,
    );
  }
}

function methodOf(method: unknown, option: string): string | null {
  if (method === undefined || method === RequestMethod.ALL) return null;
  const given = typeof method === 'number' ? RequestMethod[method] : method;
  const name = typeof given === 'string' ? given.toUpperCase() : '';
  if (name === 'ALL') return null;
  // A method that Node's parser does not know never arrives: the route would be named in vain.
  if (METHODS.includes(name)) return name;
  throw optionError(
    option,
    `got the method ${shown(method)}. It takes a RequestMethod or a name such as 'GET'.`,
  );
}

/** The path of a URL, as the router sees it. */
function pathOf(url: string, matching: RouteMatching): string {
  const target = url.startsWith('/') ? url : withoutOrigin(url);
  const end = target.search(matching.endsAtSemicolon ? /[?#;]/ : /[?#]/);
  const path = decoded(end === -1 ? target : target.slice(0, end), matching);
  return matching.mergesSlashes ? path.replaceAll(/\/{2,}/g, '/') : path;
}

/** Clients may ask for a whole URL, as they do of a proxy (RFC 9112, section 3.2.2), and routers take its path. */
function withoutOrigin(url: string): string {
  return url.replace(/^https?:\/\/[^/?#]+\/?/i, '/');
}

function decoded(path: string, matching: RouteMatching): string {
  if (!matching.decodes || !path.includes('%')) return path;
  try {
    // An encoded percent sign stays encoded: what it stands before is no escape of the router's.
    return decodeURI(path.replaceAll('%25', '%2525'));
  } catch {
    // The router answers it with 400.
    return path;
  }
}
