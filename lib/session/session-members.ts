import { ARGUMENTS } from './argument-counts.js';
import type { RequestSession } from './request-session.js';

/** The name of a method of a session. */
export type SessionMethod = keyof typeof ARGUMENTS;
/** The name of what a session says about itself. */
export type SessionProperty = (typeof SESSION_PROPERTIES | typeof SESSION_ONLY_PROPERTIES)[number];

/** What a session can do: the methods that the facade and `request.session` have of it. */
export const SESSION_METHODS: readonly SessionMethod[] = Object.keys(ARGUMENTS).filter(isSessionMethod);

/** What a session says about itself, `request.session` as well. */
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
 * What else it says about itself. `request.session` does not have these: code written for others keeps values of such
 * names there, `request.session.userId` above all; and code that finds no `ended` takes it for false.
 */
export const SESSION_ONLY_PROPERTIES = [
  'ended',
  'userId',
  'signedInAt',
  'handle',
] as const satisfies readonly (keyof RequestSession)[];

const PROPERTY_NAMES: ReadonlySet<string> = new Set(SESSION_PROPERTIES);

/** Whether a name is that of a method of a session. */
export function isSessionMethod(name: string): name is SessionMethod {
  return Object.hasOwn(ARGUMENTS, name);
}

/** Whether a name is that of a property which `request.session` has too. */
export function isSessionProperty(name: string): name is (typeof SESSION_PROPERTIES)[number] {
  return PROPERTY_NAMES.has(name);
}
