import { METHODS } from 'node:http';
import { RequestMethod } from '@nestjs/common';
import { pathToRegexp } from 'path-to-regexp';
import { optionError, shown, withoutText } from '../../options/read-option.js';
import { plainOptions } from '../../options/plain-options.js';
import { assertKnown } from '../../options/read-table.js';
import type { NamedRoute } from '../../options/named-route.js';
import { type RawRequest, urlOf, urlPath } from '../raw-http.js';
import { prefixPathOf } from './global-prefix.js';
import type { RouteMatching } from './route-matching.js';

/** Whether a request matches one of the routes. `url` may have a query. */
export type RouteTest = (method: string | undefined, url: string) => boolean;

/** Settings known only once requests arrive: main.ts sets them after the modules are created. */
interface RoutingSetup {
  /** The argument of `app.setGlobalPrefix`, including parameters; empty for none. Called for each request. */
  globalPrefix(): string;
  /** How the router compares paths. Called with the first request. */
  matching(): RouteMatching;
}

/** Whether a request matches one of the routes, also below the path at which Express has mounted the application. */
export function namesRequest(names: RouteTest, req: RawRequest): boolean {
  const url = urlOf(req);
  if (names(req.method, url)) return true;
  const fromMount = urlBelowMount(req, url);
  return fromMount !== null && names(req.method, fromMount);
}

/**
 * The URL relative to the path at which Express has mounted the application. Null if it is not mounted, or if
 * that path is a pattern.
 */
function urlBelowMount(req: RawRequest, url: string): string | null {
  const mount = isMountable(req.app) ? req.app.path() : '';
  return typeof mount === 'string' && mount !== '' && url.startsWith(`${mount}/`)
    ? url.slice(mount.length)
    : null;
}

/** Whether this is an Express application, which knows its full mount path. */
function isMountable(app: unknown): app is { path(): unknown } {
  return typeof app === 'function' && 'path' in app && typeof app.path === 'function';
}

/**
 * Compiles the routes of an option. Null if there are none.
 *
 * @param option the option's name
 * @throws SessionConfigError for an invalid path
 */
export function compileRoutes(
  routes: readonly NamedRoute[],
  setup: RoutingSetup,
  option: 'exclude' | 'passive',
): RouteTest | null {
  if (routes.length === 0) return null;
  // Not `map`, which skips the holes of a list.
  const rules = Array.from(routes, (route) => checked(route, option));
  let matching: RouteMatching | null = null;
  let compiled: Compiled | null = null;
  return (method, url) => {
    matching ??= setup.matching();
    const prefix = setup.globalPrefix();
    if (compiled?.prefix !== prefix) compiled = compile(rules, prefix, matching);
    const path = pathOf(url, matching);
    // Routers answer HEAD with the route for GET.
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

/** Compiles the rules for one global prefix, which is part of the pattern, since it may have parameters. */
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
    assertKnown(plainOptions(route), ['path', 'method'], option);
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

/** Checks that a path compiles, and adds a missing leading slash. */
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
  // A method unknown to Node's parser never arrives, so the rule would be useless.
  if (METHODS.includes(name)) return name;
  throw optionError(
    option,
    `got the method ${shown(method)}. It takes a RequestMethod or a name such as 'GET'.`,
  );
}

/** The path of a URL, as the router sees it. */
function pathOf(url: string, matching: RouteMatching): string {
  const path = decoded(urlPath(url, matching.endsAtSemicolon ? /[?#;]/ : undefined), matching);
  return matching.mergesSlashes ? path.replaceAll(/\/{2,}/g, '/') : path;
}

function decoded(path: string, matching: RouteMatching): string {
  if (!matching.decodes || !path.includes('%')) return path;
  try {
    // An encoded percent sign stays encoded: the router does not decode what follows it.
    return decodeURI(path.replaceAll('%25', '%2525'));
  } catch {
    // The router answers such a path with 400.
    return path;
  }
}
