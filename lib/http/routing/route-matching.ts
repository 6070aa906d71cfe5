import type { HttpServer } from '@nestjs/common';
import { propertyOf } from '../property-of.js';

/** How the router of an application compares paths. */
export interface RouteMatching {
  /** Whether `/Health` is another path than `/health`. */
  readonly caseSensitive: boolean;
  /** Whether `/health/` is the same path as `/health`. */
  readonly ignoreTrailingSlash: boolean;
  /** Whether `/he%61lth` is the same path as `/health`. */
  readonly decodes: boolean;
  /** Whether a semicolon ends the path, as a question mark does. */
  readonly endsAtSemicolon: boolean;
  /** Whether `//files///a` is the same path as `/files/a`. */
  readonly mergesSlashes: boolean;
  /** Whether a wildcard at the end stands for nothing as well: `/files/*path` for `/files/`. */
  readonly wildcardMayBeEmpty: boolean;
}

/** Asks Nest, which knows how Express and Fastify were set up. To be called once routes are registered, not before. */
export function routeMatchingOf(adapter: HttpServer): RouteMatching {
  const isFastify = adapter.getType() === 'fastify';
  // Adapters of others may not say. Then: as each is by default.
  const told = adapter.getRouteMatchingOptions?.();
  return {
    caseSensitive: told?.caseSensitive ?? isFastify,
    ignoreTrailingSlash: told?.ignoreTrailingSlash ?? !isFastify,
    decodes: isFastify,
    endsAtSemicolon: told?.useSemicolonDelimiter ?? false,
    mergesSlashes: isFastify && ignoresDuplicateSlashes(adapter.getInstance()),
    wildcardMayBeEmpty: isFastify,
  };
}

/** Nest does not tell. Fastify takes it among the options of its router, which win, and beside them. */
function ignoresDuplicateSlashes(fastify: unknown): boolean {
  const config = propertyOf(fastify, 'initialConfig');
  const ofRouter = propertyOf(propertyOf(config, 'routerOptions'), 'ignoreDuplicateSlashes');
  return Boolean(ofRouter) || Boolean(propertyOf(config, 'ignoreDuplicateSlashes'));
}
