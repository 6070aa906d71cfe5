import { prepareGate, type OriginalMethods } from '../response/gated-methods.js';
import type { HttpSessions } from '../http-sessions.js';
import { hasFunctions } from '../../options/read-option.js';
import { type Done, callInContext, declareBound } from '../bind-to-request.js';
import type { RawRequest, RawResponse } from '../raw-http.js';
import type { Application, RouterBinding } from './router-binding.js';
import { addTemplateLocals } from '../template-locals.js';

type Render = (this: ResponseLike, ...args: unknown[]) => unknown;

interface ResponseLike {
  readonly req: RawRequest;
  readonly locals: object;
}

/**
 * The members of an Express application that are used here. Not a type of Express, so that Express can stay
 * an optional peer.
 */
interface ExpressLike extends Application {
  use: (...args: unknown[]) => unknown;
  readonly locals: object;
  /** The prototype of its responses. */
  readonly response: OriginalMethods & { render: Render };
}

/**
 * Opens a session for each request of an Express application, and adds the session members to its requests
 * and templates.
 */
export function openOnExpress(app: ExpressLike, sessions: HttpSessions, routers: RouterBinding): void {
  // Middleware of main.ts runs before a session is opened: in no session's context, rather than that of
  // another request.
  routers.bindContents(app.router);
  app.use(
    declareBound((req: RawRequest, res: RawResponse, next: Done) => {
      sessions.open(req, res, null, next);
    }),
  );
  Object.defineProperties(app.request, sessions.properties);
  prepareGate(sharedPrototype(app.response));
  const { render } = app.response;
  // Read when a template is rendered, not on each request.
  app.response.render = function renderWithSession(...args) {
    addTemplateLocals(this.locals, app.locals, () => sessions.of(this.req)?.session);
    // An engine may call back in any context.
    const bind = (each: unknown): unknown =>
      typeof each === 'function'
        ? (...results: unknown[]) => callInContext(sessions, this.req, each, undefined, results)
        : each;
    // So may the code that renders the page; template helpers use the facade.
    return callInContext(sessions, this.req, render, this, args.map(bind));
  };
}

/** The prototype just above Node's, shared by all applications of one copy of Express. */
function sharedPrototype<T extends object>(response: T): T {
  let shared = response;
  for (;;) {
    const next: T | null = Object.getPrototypeOf(shared);
    if (next === null || Object.hasOwn(next, 'writeHead')) return shared;
    shared = next;
  }
}

/**
 * Whether an HTTP adapter wraps an Express application. Recognized by its members, since there may be several
 * copies of Express.
 */
export function isExpress(instance: unknown): instance is ExpressLike {
  if (typeof instance !== 'function' || !hasFunctions(instance, 'route')) return false;
  return ['router', 'use', 'request', 'response'].every((name) => name in instance);
}
