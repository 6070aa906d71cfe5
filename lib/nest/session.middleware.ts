import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import { HttpSessions } from '../http/http-sessions.js';
import type { RawRequest, RawResponse } from '../http/raw-http.js';

/**
 * Opens the session of a request. The module installs it by itself, before guards and before the middleware of other
 * modules. Put it in main.ts yourself where something has to run after it that main.ts adds too, such as Passport; the
 * second time does nothing.
 *
 * @example
 * const sessions = app.get(SessionMiddleware);
 * app.use(sessions.use.bind(sessions));
 * app.use(passport.session());
 */
@Injectable()
export class SessionMiddleware implements NestMiddleware<RawRequest, RawResponse> {
  readonly #sessions: HttpSessions;

  /** Made by the module: ask for it with `app.get(SessionMiddleware)`. */
  constructor(@Inject(HttpSessions) sessions: HttpSessions) {
    this.#sessions = sessions;
    // Handed to `app.use` without its object, it still has to know where it belongs. Bound here and not an arrow
    // property, because Nest looks for `use` on the prototype.
    this.use = this.use.bind(this);
  }

  /**
   * Attaches the session to `request.session`, loads it where a cookie came in, and goes on in its context. Where the
   * store fails, `next` is called with a SessionUnavailableException (503).
   *
   * @example
   * app.use(app.get(SessionMiddleware).use);
   */
  use(req: RawRequest, res: RawResponse, next: (error?: unknown) => void): void {
    this.#sessions.open(req, res, null, next);
  }
}
