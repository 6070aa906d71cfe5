import type { HttpServer } from '@nestjs/common';
import { propertyOf } from '../../state/property-of.js';

/** How the router of an application compares paths. */
export interface RouteMatching {
  /** Whether `/Health` and `/health` are different paths. */
  readonly caseSensitive: boolean;
  /** Whether `/health/` is the same path as `/health`. */
  readonly ignoreTrailingSlash: boolean;
  /** Whether `/he%61lth` is the same path as `/health`. */
  readonly decodes: boolean;
  /** Whether a semicolon ends the path, as a question mark does. */
  readonly endsAtSemicolon: boolean;
  /** Whether `//files///a` is the same path as `/files/a`. */
  readonly mergesSlashes: boolean;
  /** Whether a trailing wildcard may match nothing: `/files/*path` for `/files/`. */
  readonly wildcardMayBeEmpty: boolean;
}

/**
 * Asks Nest, which knows the settings of Express and Fastify. Call it after routes are registered, not before.
 *
 * @param adapter none in an application without HTTP. Its sockets have paths too, which are compared as Express
 * does by default
 */
export function routeMatchingOf(adapter: HttpServer | null | undefined): RouteMatching {
  const isFastify = adapter?.getType() === 'fastify';
  // Third-party adapters may not tell; then the defaults apply.
  const told = adapter?.getRouteMatchingOptions?.();
  return {
    caseSensitive: told?.caseSensitive ?? isFastify,
    ignoreTrailingSlash: told?.ignoreTrailingSlash ?? !isFastify,
    decodes: isFastify,
    endsAtSemicolon: told?.useSemicolonDelimiter ?? false,
    mergesSlashes: isFastify && ignoresDuplicateSlashes(adapter.getInstance()),
    wildcardMayBeEmpty: isFastify,
  };
}

/**
 * Nest does not expose this setting. Fastify takes it among its router options, which take precedence, or
 * beside them.
 */
function ignoresDuplicateSlashes(fastify: unknown): boolean {
  const config = propertyOf(fastify, 'initialConfig');
  const ofRouter = propertyOf(propertyOf(config, 'routerOptions'), 'ignoreDuplicateSlashes');
  return Boolean(ofRouter) || Boolean(propertyOf(config, 'ignoreDuplicateSlashes'));
}
