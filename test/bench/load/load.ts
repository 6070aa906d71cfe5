import { findProgram } from '../../servers/ensure.js';
import { loadWithAutocannon } from './autocannon.js';
import { loadWithWrk } from './wrk.js';

/** Requests to send, as fast as they are answered. */
export interface LoadPlan {
  readonly url: string;
  readonly path: string;
  /** The `Cookie` headers to take turns with; none: requests without a cookie. */
  readonly cookies: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

/** What drives the servers: wrk where the machine has it, otherwise autocannon. */
export const loadProgram = findProgram('wrk') === null ? 'autocannon' : 'wrk';

/**
 * Sends requests for as long as the plan says.
 *
 * @returns how many were answered
 * @throws Error where any was answered with an error status, or not at all
 */
export async function load(plan: LoadPlan): Promise<number> {
  return loadProgram === 'wrk' ? loadWithWrk(plan) : loadWithAutocannon(plan);
}
