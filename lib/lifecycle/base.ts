import type { SessionState } from '../state/session-state.js';

/** What is known of the stored record that a request's state is built on. */
export interface Base {
  readonly id: string;
  readonly version: number;
  /** Epoch ms. */
  expiresAt: number;
}

/** A session loaded once more. Under another id than before, another request moved it there. */
export interface Reloaded {
  readonly base: Base;
  readonly state: SessionState;
}
