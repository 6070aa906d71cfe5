import { RequestSession } from '../session/request-session.js';
import { sessionContext } from '../session.context.js';
import { SessionUnavailableException } from '../session.exception.js';
import type { ExclusionTest } from './excluded-routes.js';
import { HttpSessionHost, type HttpSessionSettings } from './http-session-host.js';
import type { PlatformRequest, RawRequest, RawResponse } from './raw-http.js';

/** Opens the session of each HTTP request: the one piece that middleware and hooks call. */
export class HttpSessions {
  readonly #settings: HttpSessionSettings;
  readonly #isExcluded: ExclusionTest | null;

  constructor(settings: HttpSessionSettings, isExcluded: ExclusionTest | null) {
    this.#settings = settings;
    this.#isExcluded = isExcluded;
  }

  /**
   * Attaches a session to the request, loads it where a token came in, and goes on inside its context. A second call
   * for the same request only goes on.
   *
   * @param platform Fastify's request, where this is called with it
   * @param next called with a SessionUnavailableException where the store failed
   */
  open(
    req: RawRequest,
    res: RawResponse,
    platform: PlatformRequest | null,
    next: (error?: unknown) => void,
  ): void {
    if (req.session instanceof RequestSession) {
      // Middleware was first and had only the raw request: what Fastify makes of it is known now.
      const { host } = req.session;
      if (platform !== null && host instanceof HttpSessionHost) host.platform = platform;
      if (sessionContext.getStore() === req.session) next();
      else sessionContext.run(req.session, next);
      return;
    }
    if (this.#isExcluded !== null && this.#isExcluded(req.method, req.originalUrl ?? req.url ?? '/')) {
      next();
      return;
    }
    const host = new HttpSessionHost(this.#settings, req, res, platform);
    const session = new RequestSession(host);
    req.session = session;
    const pending = session.open(false);
    if (pending === undefined) {
      sessionContext.run(session, next);
      return;
    }
    pending.then(
      () => {
        sessionContext.run(session, next);
      },
      (error: unknown) => {
        if (!res.headersSent) res.setHeader('Cache-Control', 'no-store');
        next(new SessionUnavailableException(error));
      },
    );
  }
}
