import type { SessionRecord } from '../drivers/driver.js';

/** Stands in for a version: the session was loaded from the cookie, not from a store. */
export const HELD_BY_COOKIE = 0;

/** The stored version of a session that a request's changes are based on. */
export interface BaseVersion {
  readonly id: string;
  /** The record's, or HELD_BY_COOKIE. */
  readonly version: number;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** What a visit leaves in the record besides the session. */
export type Visit = Pick<SessionRecord, 'lastActivity' | 'userId' | 'ipAddress' | 'userAgent'>;

/**
 * The phase of a session within one request:
 *
 * - `new`: nothing is stored yet
 * - `stored`: a version is stored under its id
 * - `rotating`: it got a new id; the next write moves it there and leaves a redirect
 * - `ending`: it got a new id by `invalidate`; the stored session ends before anything is written under the
 *   new id
 * - `stale`: another request replaced its id, before this one arrived or before it could commit. It reads as
 *   empty, stores nothing and sends no cookie; all it can do is end the session. A session that such a
 *   request switches to is `stale` too, unless it is found
 * - `dropped`: it was gone when the request tried to commit or reload; the request's changes are not stored
 */
export type Phase = 'new' | 'stored' | 'rotating' | 'ending' | 'stale' | 'dropped';
