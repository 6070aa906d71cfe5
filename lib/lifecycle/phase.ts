import type { SessionRecord } from '../drivers/driver.js';

/** In place of a version: what is loaded is not in a store, the cookie holds it. */
export const HELD_BY_COOKIE = 0;

/** The stored version of a session that a request's changes stand on. */
export interface LoadedVersion {
  readonly id: string;
  /** The record's, or HELD_BY_COOKIE. */
  readonly version: number;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** What a visit leaves in the record besides the session. */
export type Visit = Pick<SessionRecord, 'lastActivity' | 'userId' | 'ipAddress' | 'userAgent'>;

/**
 * How far a session has come in one request:
 *
 * - `new`: nothing is stored of it
 * - `stored`: a version of it is stored under its id
 * - `rotating`: it got another id; the next write moves it there and leaves a redirect
 * - `ending`: it got another id by invalidate; what is stored ends before anything is written under that id
 * - `stale`: another request has replaced its id, before this one came or before it could commit. It reads as empty, stores
 *   nothing and sends no cookie: all that can be done to it is to end it. What such a request switches to is `stale` as well,
 *   unless it is found
 * - `dropped`: it was gone when the request came to commit, or to reload: what the request changed is not stored
 * - `closed`: the request has let go of it (destroy, setId). What is under way for it may arrive; nothing more is written
 */
export type Phase = 'new' | 'stored' | 'rotating' | 'ending' | 'stale' | 'dropped' | 'closed';
