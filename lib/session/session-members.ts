import { ARGUMENTS } from './argument-counts.js';
import type { RequestSession } from './request-session.js';

export type SessionMethod = keyof typeof ARGUMENTS;
export type SessionProperty = (typeof SESSION_PROPERTIES)[number];

/** What a session can do: the methods that the facade and `request.session` have of it. */
export const SESSION_METHODS: readonly SessionMethod[] = Object.keys(ARGUMENTS).filter(isSessionMethod);

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

const PROPERTY_NAMES: ReadonlySet<string> = new Set(SESSION_PROPERTIES);

export function isSessionMethod(name: string): name is SessionMethod {
  return Object.hasOwn(ARGUMENTS, name);
}

export function isSessionProperty(name: string): name is SessionProperty {
  return PROPERTY_NAMES.has(name);
}
