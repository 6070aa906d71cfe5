import { pathToRegexp } from 'path-to-regexp';

/**
 * The global prefix as a path with a leading and without a trailing slash; empty for none. Fastify's
 * constraints on parameters (`:tenant(^\\d+$)`) are dropped: a path that does not meet them matches no route.
 *
 * @param globalPrefix the argument of `app.setGlobalPrefix`
 */
export function prefixPathOf(globalPrefix: string): string {
  const prefix = globalPrefix.replaceAll(/^\/+|\/+$/g, '');
  if (prefix === '') return '';
  const path = withoutConstraints(`/${prefix}`);
  // With a prefix that only the router can parse, routes are named by their whole paths or by expressions; no
  // request may fail because of it.
  return compiles(path) ? path : '';
}

function withoutConstraints(path: string): string {
  let kept = '';
  let depth = 0;
  // Escaped parentheses do not open or close.
  for (const character of path.replaceAll(/\\[()]/g, '')) {
    if (character === '(') depth += 1;
    if (depth === 0) kept += character;
    if (character === ')') depth -= 1;
  }
  return kept;
}

function compiles(path: string): boolean {
  try {
    pathToRegexp(path);
    return true;
  } catch {
    return false;
  }
}
