import fc from 'fast-check';
import { expect } from 'vitest';
import type { RecordDriver } from '../../../lib/drivers/driver.js';
import { type Payload, parsePayload } from '../../../lib/state/payload.js';
import type { StoppedClock } from '../../conformance/stopped-clock.js';
import type { History } from './history.js';
import { findSerialOrder, ownSession } from './model.js';
import { Player, type Stage } from './player.js';
import { nameOf, storyOf } from './story.js';
import type { View } from './trace.js';
import { WatchedDriver } from './watched-driver.js';
import { type Answer, TestRequest, World } from './world.js';

/** The session before the history begins. */
export const BEGIN: View = {
  values: { count: 5, list: ['a'], name: 'Ada', profile: { by: 'begin' }, log: 'begin ' },
  messages: { status: 'welcome' },
};

/** Returns what is left of a session, wherever it has moved to; null: nothing. */
export async function viewOfStored(
  driver: Pick<RecordDriver, 'read'>,
  id: string,
): Promise<(View & { readonly id: string }) | null> {
  const record = await driver.read(id);
  if (record === null) return null;
  const parsed = parsePayload(record.payload, JSON);
  if (parsed.kind === 'moved') return viewOfStored(driver, parsed.to);
  return parsed.kind === 'session' ? viewOf(id, parsed.payload) : null;
}

function viewOf(id: string, { d: values, f: batches = [] }: Payload): View & { readonly id: string } {
  return { id, values, messages: Object.assign({}, ...batches.map(([, messages]) => messages)) };
}

/**
 * Plays a history on a store, with all store calls and request steps in a drawn order, and checks that some serial
 * order of the requests explains the outcome.
 *
 * @param drivers a separate driver for each process, if they do not share one
 * @param Kind the class of the world to play in
 */
export async function playHistory(
  scheduler: fc.Scheduler,
  history: History,
  makeDriver: (clock: StoppedClock) => RecordDriver,
  drivers: readonly RecordDriver[] = [],
  Kind: new (makeDriver: (clock: StoppedClock) => RecordDriver) => World = World,
): Promise<void> {
  const world = new Kind(makeDriver);
  const id = await world.seed((session) => {
    for (const [key, value] of Object.entries(structuredClone(BEGIN.values))) session.put(key, value);
    for (const [key, value] of Object.entries(BEGIN.messages)) session.flash(key, value);
  });
  const pause = () => scheduler.schedule(Promise.resolve(), 'go on');
  let time = 0;
  const stage: Stage = { pause, tick: () => (time += 1) };
  const watched: WatchedDriver[] = [];
  const processes = Array.from(
    { length: 1 + Math.max(...history.map((plan) => plan.process)) },
    (_, index) => {
      const driver = new WatchedDriver(drivers[index] ?? world.driver);
      watched.push(driver);
      driver.before = ({ method }) => scheduler.schedule(Promise.resolve(), method);
      driver.after = ({ method }) => scheduler.schedule(Promise.resolve(), `${method} answered`);
      return world.process(driver, pause);
    },
  );

  const requests = history.map((plan, index) => {
    const [first] = processes;
    const process = processes[plan.process] ?? first;
    if (process === undefined) throw new Error('A history without processes');
    const request = new TestRequest(process, id);
    const player = new Player(stage, request.hosted, nameOf(index), plan.looks);
    return { plan, request, player };
  });
  const answers = await scheduler.waitFor(
    Promise.all(
      requests.map(async ({ plan, request, player }): Promise<Answer> => {
        await pause();
        await player.load();
        await player.play(plan);
        let answer: Answer | null = null;
        await player.commit(async () => {
          answer = await request.respond();
        });
        await player.settled();
        if (answer === null) throw new Error('A request without an answer');
        return answer;
      }),
    ),
  );

  for (const { status, error } of answers) expect(status, String(error)).toBe(200);
  const end = await viewOfStored(world.stored, id);
  const traces = requests.map(({ player }) => player.trace);
  const endView = end === null ? null : { values: end.values, messages: end.messages };
  const order = findSerialOrder(BEGIN, traces, endView);
  expect(order, `No serial order explains:\n${storyOf(BEGIN, traces, endView)}`).not.toBeNull();

  // Sessions that only one request used contain exactly what it stored.
  for (const [index, { request, player }] of requests.entries()) {
    const { own } = player.trace;
    if (own === null || own.changes.length === 0) continue;
    const { cookie } = answers[index] ?? {};
    const held = cookie?.kind === 'set' ? world.heldBy(cookie.token) : null;
    const { id: its } = request.session;
    const stored = held === null ? await viewOfStored(world.stored, its) : viewOf(its, held);
    expect(stored).toEqual({ id: request.session.id, ...ownSession(own) });
    expect(answers[index]?.cookieId).toBe(request.session.id);
  }
  // If the session moved, some response sends the new id.
  if (end !== null && end.id !== id) expect(answers.map(({ cookieId }) => cookieId)).toContain(end.id);
  // No changes were dropped unless a request ended the session.
  const events = traces.flatMap((trace) => trace.events);
  if (events.some((event) => event.kind === 'commit' && event.stored === false)) {
    expect(
      events.some(
        (event) => event.kind === 'destroy' || (event.kind === 'commit' && event.moves === 'invalidate'),
      ),
    ).toBe(true);
  }
  // No record is left that no cookie leads to.
  for (const { calls } of watched)
    for (const { method, id: at } of calls) if (method === 'write') world.ids.add(at);
  const known = new Set([...answers.map(({ cookieId }) => cookieId), end?.id]);
  expect((await world.living()).filter((living) => !known.has(living))).toEqual([]);
}
