import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import { HttpSessions } from '../http/http-sessions.js';
import type { RawRequest, RawResponse } from '../http/raw-http.js';

/**
 * Opens the session of a request. The module installs it automatically, before guards and before the middleware
 * of other modules. Add it in main.ts yourself if something that main.ts adds, such as Passport, has to run
 * after it; the second time does nothing.
 *
 * @example
 * const sessions = app.get(SessionMiddleware);
 * app.use(sessions.use.bind(sessions));
 * app.use(passport.session());
 */
@Injectable()
export class SessionMiddleware implements NestMiddleware<RawRequest, RawResponse> {
  readonly #sessions: HttpSessions;

  /** Created by the module: get it with `app.get(SessionMiddleware)`. */
  constructor(@Inject(HttpSessions) sessions: HttpSessions) {
    this.#sessions = sessions;
    // `app.use(middleware.use)` loses `this`, so it is bound. Bound here and not declared as an arrow property,
    // because Nest looks for `use` on the prototype.
    this.use = this.use.bind(this);
  }

  /**
   * Attaches the session to `request.session`, loads it if the request has a cookie, and continues in its
   * context. If the store fails, `next` is called with a SessionUnavailableException (503).
   *
   * @param req the request of Express, or the raw one of Fastify
   * @param res its response
   * @param next called without arguments once the session is open, otherwise with the error
   * @example
   * app.use(app.get(SessionMiddleware).use);
   */
  use(req: RawRequest, res: RawResponse, next: (error?: unknown) => void): void {
    this.#sessions.open(req, res, null, next);
  }
}
