import type { RequestMethod } from '@nestjs/common';

/**
 * A route that the option `exclude` or `passive` names: a path as Nest routes take it (`'/health'`, `'/assets/{*path}'`), compared
 * as the router compares it, a regular expression over the path without query (whose letter case counts where the router's does),
 * or one of the two for one method. Each counts with and without the global prefix, and with and without the path below which
 * Express has mounted the application.
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
      /** `RequestMethod.GET` or `'GET'`, which is HEAD as well; letter case does not matter. Default: every method. */
      readonly method?: RequestMethod | string;
    };
