import { RequestMethod } from '@nestjs/common';
import { pathToRegexp } from 'path-to-regexp';
import { SessionConfigError } from '../session.errors.js';

/**
 * A route that never opens a session: a path as Nest routes take it (`'/health'`, `'/assets/{*path}'`), a regular
 * expression over the path without query, or one of the two for one method.
 */
export type ExcludedRoute =
  string | RegExp | { readonly path: string | RegExp; readonly method?: RequestMethod | string };

/** Whether a request is excluded. `url` may have a query. */
export type ExclusionTest = (method: string | undefined, url: string) => boolean;

/**
 * Compiles the option `exclude`. Null where nothing is excluded.
 *
 * @param globalPrefix what `app.setGlobalPrefix` was given: a path excludes with and without it
 * @throws SessionConfigError for what is no path
 */
export function compileExclusion(
  routes: readonly ExcludedRoute[],
  globalPrefix: string,
): ExclusionTest | null {
  if (routes.length === 0) return null;
  const rules = routes.map((route) => compile(route));
  const prefix = globalPrefix === '' ? '' : `/${globalPrefix.replaceAll(/^\/+|\/+$/g, '')}`;
  return (method, url) => {
    const path = pathOf(url);
    const inner = prefix !== '' && path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : null;
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

function compile(route: ExcludedRoute): Rule {
  if (typeof route === 'string' || route instanceof RegExp)
    return { pattern: patternOf(route), method: null };
  return { pattern: patternOf(route.path), method: methodOf(route.method) };
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

function methodOf(method: RequestMethod | string | undefined): string | null {
  if (method === undefined || method === RequestMethod.ALL) return null;
  return typeof method === 'number' ? (RequestMethod[method] ?? null) : method.toUpperCase();
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
