import { ARGUMENTS } from './argument-counts.js';
import type { RequestSession } from './request-session.js';

/** The name of a method of a session. */
export type SessionMethod = keyof typeof ARGUMENTS;
/** The name of a property of a session. */
export type SessionProperty = (typeof SESSION_PROPERTIES | typeof SESSION_ONLY_PROPERTIES)[number];

/** The session methods that the facade and `request.session` have too. */
export const SESSION_METHODS: readonly SessionMethod[] = Object.keys(ARGUMENTS).filter(isSessionMethod);

/** The session properties that `request.session` has too. */
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

/**
 * The session properties that `request.session` does not have: code written for other libraries keeps values
 * under these names there, `request.session.userId` above all, and takes a missing `ended` for false.
 */
export const SESSION_ONLY_PROPERTIES = [
  'ended',
  'userId',
  'signedInAt',
  'handle',
] as const satisfies readonly (keyof RequestSession)[];

const PROPERTY_NAMES: ReadonlySet<string> = new Set(SESSION_PROPERTIES);

/** Whether a name is a session method. */
export function isSessionMethod(name: string): name is SessionMethod {
  return Object.hasOwn(ARGUMENTS, name);
}

/** Whether a name is a session property that `request.session` has too. */
export function isSessionProperty(name: string): name is (typeof SESSION_PROPERTIES)[number] {
  return PROPERTY_NAMES.has(name);
}
