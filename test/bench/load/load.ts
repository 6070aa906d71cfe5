import { findProgram } from '../../servers/ensure.js';
import { loadWithAutocannon } from './autocannon.js';
import { loadWithWrk } from './wrk.js';

/** Requests to send as fast as they are answered. */
export interface LoadPlan {
  readonly url: string;
  readonly path: string;
  /** The `Cookie` headers to cycle through; empty for requests without a cookie. */
  readonly cookies: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

/** The load generator: wrk if the machine has it, otherwise autocannon. */
export const loadProgram = findProgram('wrk') === null ? 'autocannon' : 'wrk';

/**
 * Sends requests for the duration of the plan.
 *
 * @returns how many were answered
 * @throws Error if any was answered with an error status, or not at all
 */
export async function load(plan: LoadPlan): Promise<number> {
  return loadProgram === 'wrk' ? loadWithWrk(plan) : loadWithAutocannon(plan);
}
