import type { RequestMethod } from '@nestjs/common';

/**
 * A route named by the option `exclude` or `passive`: a path in Nest's syntax (`'/health'`,
 * `'/assets/{*path}'`), matched as the router matches it; a regular expression for the path without query,
 * whose letter case matters if it does for the router; or either of them for one method. Each applies with and
 * without the global prefix, and with and without the path below which Express has mounted the application.
 *
 * @example
 * SessionModule.forRoot({ secret, exclude: ['/health', { path: '/hooks/{*path}', method: 'POST' }], passive: ['/unread'] })
 */
export type NamedRoute =
  | string
  | RegExp
  | {
      /** The path, as above. */
      readonly path: string | RegExp;
      /** `RequestMethod.GET` or `'GET'`, which includes HEAD; case-insensitive. Default: every method. */
      readonly method?: RequestMethod | string;
    };
