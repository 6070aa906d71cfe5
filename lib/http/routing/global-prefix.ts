import { pathToRegexp } from 'path-to-regexp';

/**
 * The global prefix as a path that begins with a slash and ends without; empty for none. What Fastify takes besides, an
 * expression that a parameter has to fit (`:tenant(^\\d+$)`), is left out: a path that does not fit it leads to no route.
 *
 * @param globalPrefix what `app.setGlobalPrefix` was given
 */
export function prefixPathOf(globalPrefix: string): string {
  const prefix = globalPrefix.replaceAll(/^\/+|\/+$/g, '');
  if (prefix === '') return '';
  const path = withoutConstraints(`/${prefix}`);
  // Of a prefix that only its router can read, routes are named by their whole paths, or by expressions: no request may
  // fail for that.
  return compiles(path) ? path : '';
}

function withoutConstraints(path: string): string {
  let kept = '';
  let depth = 0;
  // Escaped ones are none that open or close.
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
