import { ARGUMENTS } from './argument-counts.js';
import type { RequestSession } from './request-session.js';

export type SessionMethod = keyof typeof ARGUMENTS;
export type SessionProperty = (typeof SESSION_PROPERTIES)[number];

/** What a session can do: the methods that the facade and `request.session` have of it. */
export const SESSION_METHODS: readonly SessionMethod[] = Object.keys(ARGUMENTS).filter(isSessionMethod);

/** What a session says about itself, on `request.session` too: no value there can have one of these names. */
const SHAPED_PROPERTIES = [
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
 * What a session says about itself, and the facade of it. A value named `ended` is common enough, and code that finds none
 * takes it for false: on `request.session` that name is the application's.
 */
export const SESSION_PROPERTIES = [...SHAPED_PROPERTIES, 'ended'] as const;

const PROPERTY_NAMES: ReadonlySet<string> = new Set(SHAPED_PROPERTIES);

export function isSessionMethod(name: string): name is SessionMethod {
  return Object.hasOwn(ARGUMENTS, name);
}

export function isSessionProperty(name: string): name is (typeof SHAPED_PROPERTIES)[number] {
  return PROPERTY_NAMES.has(name);
}
