import { NoSessionError } from '../session.errors.js';
import { sessionContext } from '../session/session.context.js';
import type { RequestSession } from '../session/request-session.js';
import {
  SESSION_METHODS,
  SESSION_ONLY_PROPERTIES,
  SESSION_PROPERTIES,
  type SessionMethod,
  type SessionProperty,
} from '../session/session-members.js';

/**
 * Every method and property of the current request's session, usable from anywhere.
 *
 * @example
 * Session.put('lastSearch', query); // `Session` is one
 * const user = Session.userId;
 */
export interface SessionFacade extends Pick<RequestSession, SessionMethod | SessionProperty> {
  /**
   * The session of the current request.
   *
   * @throws NoSessionError outside a request and outside `SessionManager.run`, on a route that the option
   * `exclude` names, and after the response of the request that started the code has ended
   * @example
   * const session = Session.current();
   */
  current(): RequestSession;
}

/**
 * The members of every function. Declared private so that editors offer only session members after `Session.`;
 * at run time they all exist.
 *
 * @example
 * type Facade = typeof Session; // SessionParameter & SessionFacade & FunctionMembers
 */
export declare class FunctionMembers {
  private readonly apply: unknown;
  private readonly arguments: unknown;
  private readonly bind: unknown;
  private readonly call: unknown;
  private readonly caller: unknown;
  private readonly length: unknown;
  private readonly name: unknown;
  private readonly prototype: unknown;
  private readonly toString: unknown;
}

const RESPONSE_HAS_ENDED =
  'this code was started by a request whose response has ended. A callback of a shared connection (a pool, say) runs for ' +
  'whoever opened the connection. Hand the session along (@Session() session), or give such a callback to ' +
  'AsyncResource.bind(callback) of node:async_hooks, which keeps it with its own request. Work that goes on after the ' +
  'response is a job: SessionManager.run(id, ...) gives it the session.';

function current(): RequestSession {
  const hosted = sessionContext.getStore();
  if (hosted === undefined) {
    throw new NoSessionError(
      'There is no current session. Is SessionModule imported? Session.get(...) and the like work while a request is handled: not at start-up, not on ' +
        "routes that the option 'exclude' names, and not in what no visitor calls: timers, queues, events from outside of a " +
        'request, messages of microservices, commands, nor in `filter`, `resolve` and generators of a GraphQL subscription (take ' +
        '@Session() in its handler and in field resolvers). In a job, SessionManager.run(id, ...) gives the session of a visitor, and ' +
        'SessionManager.run({ ... }, ...) one with values of your own. In a unit test, withSession({ ... }, ...) of ' +
        'nestjs-session-kit/testing gives one.',
    );
  }
  const { host } = hosted;
  if (host.isOver)
    throw new NoSessionError(`There is no current session: ${host.endedReason ?? RESPONSE_HAS_ENDED}`);
  return hosted.handOut();
}

/** Adds the facade to the decorator, so both share one name. */
export function withFacade<D extends object>(decorator: D): D & SessionFacade & FunctionMembers {
  const members: PropertyDescriptorMap = { current: { value: current } };
  for (const name of SESSION_METHODS) {
    members[name] = {
      value: (...args: unknown[]): unknown => {
        const session = current();
        return Reflect.apply(session[name], session, args);
      },
    };
  }
  for (const name of [...SESSION_PROPERTIES, ...SESSION_ONLY_PROPERTIES])
    members[name] = { get: () => current()[name] };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- exactly what the interface lists was just defined
  const facade = Object.defineProperties(decorator, members) as D & SessionFacade & FunctionMembers;
  // A property set on the facade would belong to no session and be visible to all visitors.
  Object.freeze(facade);
  return facade;
}
