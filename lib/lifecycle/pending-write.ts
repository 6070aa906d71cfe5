import type { SessionRecord } from '../drivers/driver.js';
import type { Draft } from '../state/session-state.js';

/** The version that a write replaces where it moves the session to a new id. */
export interface Origin {
  readonly id: string;
  readonly version: number;
}

/**
 * A draft on its way to the store. Where the answer to a write gets lost, nobody knows whether it arrived: then the very
 * same write is sent again before anything else is, and its mark in the store tells that it had arrived already.
 */
export interface PendingWrite {
  readonly draft: Draft;
  /** The id that it is to be stored under. */
  readonly id: string;
  /** What is stored under that id. */
  readonly record: SessionRecord;
  /** Whether a cookie is due once it is stored. */
  readonly cookieDue: boolean;
  /** What it replaces, where the session moves to a new id; null where it stays. */
  readonly from: Origin | null;
  /** Whether the record under the new id is stored, and only the redirect under the old one is missing. */
  placed: boolean;
  /** Whether it was sent before, with an answer that got lost. */
  resent: boolean;
}
