import { expect } from 'vitest';
import type { RecordDriver } from '../../../lib/drivers/driver.js';
import type { History } from './history.js';
import { findSerialOrder, ownSession } from './model.js';
import { BEGIN, viewOfStored } from './play-history.js';
import { send } from './servers.js';
import { nameOf, storyOf } from './story.js';
import type { Trace } from './trace.js';

/**
 * Plays a history as real requests to an application's processes. Checks that some serial order explains the outcome.
 *
 * @param urls the addresses of the processes
 * @param driver a separate driver on the store that they share
 */
export async function playOverHttp(
  history: History,
  urls: readonly string[],
  driver: RecordDriver,
): Promise<void> {
  const urlOf = (index: number): string => urls[index % urls.length] ?? '';
  const { cookieId: id } = await send(`${urlOf(0)}/begin`, null, BEGIN.values);
  if (id === null) throw new Error('The session to begin with was not stored');
  const replies = await Promise.all(
    history.map(async (plan, index) => {
      const name = nameOf(index);
      const reply = await send(`${urlOf(plan.process)}/play`, id, { name, plan });
      const end = Number(process.hrtime.bigint());
      expect(reply.status, JSON.stringify(reply.body)).toBe(201);
      const trace = reply.body as Trace;
      // JSON has no Infinity: the commit after the handler was over when the response arrived.
      for (const event of trace.events) event.end ??= end;
      return { ...reply, trace };
    }),
  );
  const traces = replies.map(({ trace }) => trace);
  const end = await viewOfStored(driver, id);
  const endView = end === null ? null : { values: end.values, messages: end.messages };
  const order = findSerialOrder(BEGIN, traces, endView);
  expect(order, `No serial order explains:\n${storyOf(BEGIN, traces, endView)}`).not.toBeNull();
  for (const { cookieId, trace } of replies) {
    if (cookieId === null || cookieId === end?.id || trace.own === null) continue;
    const own = await viewOfStored(driver, cookieId);
    expect(own).toEqual({ id: cookieId, ...ownSession(trace.own) });
  }
  if (end !== null && end.id !== id) expect(replies.map(({ cookieId }) => cookieId)).toContain(end.id);
}
