import type { HttpSessions } from './http-sessions.js';
import { type Done, type Middleware, inOwnContext } from './own-context.js';
import type { RawRequest, RawResponse } from './raw-http.js';
import { addTemplateLocals } from './template-locals.js';

interface RouteLike {
  dispatch: Middleware;
}

type Render = (this: ResponseLike, ...args: unknown[]) => unknown;

interface ResponseLike {
  readonly req: RawRequest;
  readonly locals: object;
}

/** The few members of an Express application that are needed: no type of Express's is, so it can stay an optional peer. */
export interface ExpressLike {
  use: (...args: unknown[]) => unknown;
  route: (path: unknown) => RouteLike;
  readonly locals: object;
  /** The prototype of its requests, and that of its responses. */
  readonly request: object;
  readonly response: { render: Render };
}

export function openOnExpress(app: ExpressLike, sessions: HttpSessions): void {
  app.use((req: RawRequest, res: RawResponse, next: Done) => {
    sessions.open(req, res, null, next);
  });
  Object.defineProperties(app.request, sessions.properties);
  keepContextOfMiddleware(app, sessions);
  keepContextOfRoutes(app, sessions);
  const { render } = app.response;
  // Looked at when a template is rendered, and not on each request.
  app.response.render = function renderWithSession(...args) {
    addTemplateLocals(this.locals, app.locals, () => sessions.of(this.req));
    return render.apply(this, args);
  };
}

function keepContextOfMiddleware(app: ExpressLike, sessions: HttpSessions): void {
  const { use } = app;
  const wrap = (each: unknown): unknown => {
    if (Array.isArray(each)) return each.map(wrap);
    return isMiddleware(each) ? inOwnContext(sessions, each) : each;
  };
  app.use = function useInOwnContext(...args) {
    return use.apply(this, args.map(wrap));
  };
}

/** Of all that is registered with a method, on one layer: what leads to its handlers is called for requests that match. */
function keepContextOfRoutes(app: ExpressLike, sessions: HttpSessions): void {
  const { route: makeRoute } = app;
  app.route = function routeInOwnContext(path) {
    const route = makeRoute.call(this, path);
    route.dispatch = inOwnContext(sessions, route.dispatch);
    return route;
  };
}

/** An application that is mounted is a function too, and told by what it has; it sees to its own requests. */
function isMiddleware(value: unknown): value is Middleware {
  return typeof value === 'function' && !('handle' in value && 'set' in value);
}

export function isExpress(instance: unknown): instance is ExpressLike {
  return (
    typeof instance === 'function' &&
    'route' in instance &&
    typeof instance.route === 'function' &&
    'use' in instance &&
    'request' in instance &&
    'response' in instance
  );
}
