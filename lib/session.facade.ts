import { NoSessionError } from './session.errors.js';
import { sessionContext } from './session.context.js';
import type { RequestSession } from './session/request-session.js';

const METHODS = [
  'get',
  'all',
  'has',
  'hasAny',
  'exists',
  'missing',
  'only',
  'except',
  'pull',
  'put',
  'set',
  'merge',
  'remember',
  'update',
  'push',
  'increment',
  'decrement',
  'forget',
  'delete',
  'flush',
  'clear',
  'reset',
  'setDuration',
  'permanent',
  'initiate',
  'start',
  'commit',
  'save',
  'touch',
  'reload',
  'regenerate',
  'roll',
  'invalidate',
  'destroy',
  'generateId',
  'setId',
  'setSignedId',
  'flash',
  'now',
  'reflash',
  'keep',
  'flashAll',
  'flashOnly',
  'flashExcept',
  'old',
] as const satisfies readonly (keyof RequestSession)[];

const PROPERTIES = [
  'id',
  'sessionId',
  'signedId',
  'initiated',
  'ready',
  'fresh',
  'stored',
  'readonly',
  'isEmpty',
  'isModified',
  'duration',
  'expiresAt',
  'createdAt',
  'flashMessages',
] as const satisfies readonly (keyof RequestSession)[];

type FacadeMember = (typeof METHODS)[number] | (typeof PROPERTIES)[number];

/** Every method and property of the current request's session, to be used from anywhere. */
export interface SessionFacade extends Pick<RequestSession, FacadeMember> {
  /**
   * The session of the current request.
   *
   * @throws NoSessionError outside a request, and on a route that the option `exclude` names
   */
  current(): RequestSession;
}

function current(): RequestSession {
  const session = sessionContext.getStore();
  if (session === undefined) {
    throw new NoSessionError(
      'There is no current session. Session.get(...) and the like work while a request is handled: not at start-up, ' +
        "not in a timer or queue of the application, not on routes that the option 'exclude' names. Is SessionModule imported?",
    );
  }
  return session;
}

/** Adds the facade to the decorator: one name for both. */
export function withFacade<D extends object>(decorator: D): D & SessionFacade {
  const members: PropertyDescriptorMap = { current: { value: current } };
  for (const name of METHODS) {
    members[name] = {
      value: (...args: unknown[]): unknown => {
        const session = current();
        return Reflect.apply(session[name], session, args);
      },
    };
  }
  for (const name of PROPERTIES) members[name] = { get: () => current()[name] };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- exactly what the interface lists was just defined
  const facade = Object.defineProperties(decorator, members) as D & SessionFacade;
  // What is set on it would not be a value of any session, and be seen by all visitors.
  return Object.freeze(facade);
}
