import type { RequestSession } from './request-session.js';

/** What a session can do: the methods that the facade and `request.session` have of it. */
export const SESSION_METHODS = [
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

/** What a session says about itself. */
export const SESSION_PROPERTIES = [
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

export type SessionMethod = (typeof SESSION_METHODS)[number];
export type SessionProperty = (typeof SESSION_PROPERTIES)[number];

const METHOD_NAMES: ReadonlySet<string> = new Set(SESSION_METHODS);
const PROPERTY_NAMES: ReadonlySet<string> = new Set(SESSION_PROPERTIES);

export function isSessionMethod(name: string): name is SessionMethod {
  return METHOD_NAMES.has(name);
}

export function isSessionProperty(name: string): name is SessionProperty {
  return PROPERTY_NAMES.has(name);
}
