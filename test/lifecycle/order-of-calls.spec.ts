import { describe, expect, it } from 'vitest';
import type { RequestSession } from '../../lib/session/request-session.js';
import { OneStore, stoppedTime } from '../support/one-session.js';

const pass = stoppedTime();

const CALLS = {
  touch: (session: RequestSession) => session.touch(),
  commit: (session: RequestSession) => session.commit(),
  destroy: (session: RequestSession) => session.destroy(),
};
type Call = keyof typeof CALLS;
const NAMES: readonly Call[] = ['touch', 'commit', 'destroy'];

const PAIRS = NAMES.flatMap((one) => NAMES.map((two) => [one, two]));
const ORDERS = [...PAIRS, ...PAIRS.flatMap((pair) => NAMES.map((last) => [...pair, last]))];

interface Outcome {
  readonly cookie: string;
  readonly old: unknown;
  readonly reads: unknown;
}

/** Writes, makes the calls in this order, and responds. */
async function outcome(driver: string, order: readonly Call[], waits: boolean): Promise<Outcome> {
  const store = await OneStore.start({ driver });
  const token = await store.seed();
  pass(1_000);
  const request = await store.open(token);
  request.session.increment('before');
  const started = waits ? [] : order.map((name) => CALLS[name](request.session));
  if (waits) for (const name of order) await CALLS[name](request.session);
  await Promise.all(started);
  const answer = await request.respond();
  expect(answer.error).toBeNull();
  return {
    cookie: answer.cookie,
    old: driver === 'stealth' ? null : await store.reads(token),
    reads: answer.token === '' ? null : await store.reads(answer.token),
  };
}

describe.each(['watched', 'stealth'])('calls of one request that are not awaited (%s)', (driver) => {
  it.each(ORDERS)('have the same outcome as if each had been awaited: %s, %s, %s', async (...order) => {
    const names = order.filter((name): name is Call => NAMES.some((known) => known === name));
    expect(await outcome(driver, names, false)).toEqual(await outcome(driver, names, true));
  });
});
