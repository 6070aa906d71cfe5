import { RequestMethod } from '@nestjs/common';
import { pathToRegexp } from 'path-to-regexp';
import { SessionConfigError } from '../session.errors.js';

/**
 * A route that never opens a session: a path as Nest routes take it (`'/health'`, `'/assets/{*path}'`), a regular
 * expression over the path without query, or one of the two for one method.
 *
 * @example
 * SessionModule.forRoot({ secret, exclude: ['/health', { path: '/hooks/{*path}', method: 'POST' }] })
 */
export type ExcludedRoute =
  | string
  | RegExp
  | {
      /** The path, as above. */
      readonly path: string | RegExp;
      /** `RequestMethod.GET` or `'GET'`; letter case does not matter. Default: every method. */
      readonly method?: RequestMethod | string;
    };

/** Whether a request is excluded. `url` may have a query. */
export type ExclusionTest = (method: string | undefined, url: string) => boolean;

/**
 * Compiles the option `exclude`. Null where nothing is excluded.
 *
 * @param globalPrefixOf says what `app.setGlobalPrefix` was given: a path excludes with and without it. Asked for each
 * request, because main.ts sets it after the modules are made.
 * @throws SessionConfigError for what is no path
 */
export function compileExclusion(
  routes: readonly ExcludedRoute[],
  globalPrefixOf: () => string,
): ExclusionTest | null {
  if (routes.length === 0) return null;
  const rules = routes.map((route) => compile(route));
  return (method, url) => {
    const path = pathOf(url);
    const inner = withoutPrefix(path, globalPrefixOf());
    return rules.some(
      (rule) =>
        (rule.method === null || rule.method === method) &&
        (rule.pattern.test(path) || (inner !== null && rule.pattern.test(inner))),
    );
  };
}

interface Rule {
  readonly pattern: { test(path: string): boolean };
  readonly method: string | null;
}

function compile(route: unknown): Rule {
  if (typeof route === 'string' || route instanceof RegExp)
    return { pattern: patternOf(route), method: null };
  if (typeof route === 'object' && route !== null && 'path' in route) {
    const { path } = route;
    const method = methodOf('method' in route ? route.method : undefined);
    if (typeof path === 'string' || path instanceof RegExp) return { pattern: patternOf(path), method };
  }
  throw new SessionConfigError(
    `Option 'exclude' has an entry that is ${kindOf(route)}. It takes paths such as '/health' or '/assets/{*path}', ` +
      'regular expressions, and { path, method }.',
  );
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object without a path' : `of type ${typeof value}`;
}

function patternOf(path: string | RegExp): Rule['pattern'] {
  // `test` of a global expression remembers where it stopped; `search` does not.
  if (path instanceof RegExp) return { test: (candidate) => candidate.search(path) !== -1 };
  const absolute = path.startsWith('/') || path.startsWith('{') || path.startsWith('*') ? path : `/${path}`;
  try {
    return pathToRegexp(absolute).regexp;
  } catch (cause) {
    throw new SessionConfigError(
      `Option 'exclude': "${path}" is no path. Write '/health', '/assets/{*path}' or a regular expression.`,
      { cause },
    );
  }
}

function methodOf(method: unknown): string | null {
  if (method === undefined || method === RequestMethod.ALL) return null;
  const name = typeof method === 'number' ? RequestMethod[method] : method;
  if (typeof name === 'string' && /^[a-z-]+$/i.test(name)) {
    return name.toUpperCase() === 'ALL' ? null : name.toUpperCase();
  }
  throw new SessionConfigError(
    `Option 'exclude' got the method ${JSON.stringify(method)}. It takes a RequestMethod or a name such as 'GET'.`,
  );
}

/** The path below the global prefix; null where there is none, or the path is not below it. */
function withoutPrefix(path: string, globalPrefix: string): string | null {
  if (globalPrefix === '') return null;
  const prefix = `/${globalPrefix.replaceAll(/^\/+|\/+$/g, '')}`;
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : null;
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
