import type { FlashBatch } from './payload.js';
import { listOf } from './unread-messages.js';
import type { Values } from './values.js';

/**
 * Whether a request consumes messages, or a function that tells: called only if there are messages, and not
 * before a commit, when more is known about the request. `hidden`: no visitor sees them (a job, a socket), so
 * they are not even readable.
 */
export type ConsumesFlash = boolean | 'hidden' | (() => boolean);

export function consumesNow(consumes: ConsumesFlash): boolean {
  return typeof consumes === 'function' ? consumes() : consumes === true;
}

/**
 * What stays of a batch once a request has consumed it: a list of that, or of the batch itself if all of it
 * stays, or an empty list.
 *
 * @param stays whether messages of a name that stay until they are read stay now
 */
export function remainderOf(batch: FlashBatch, stays: (name: string) => boolean): readonly FlashBatch[] {
  const [stamp, messages, fields = {}, untilRead = []] = batch;
  const unread: Values = {};
  for (const name of untilRead) {
    const list = stays(name) ? listOf(messages[name]) : [];
    if (list.length > 0) unread[name] = list;
  }
  const names = Object.keys(unread);
  if (names.length === 0) return [];
  const isAll = names.length === Object.keys(messages).length && Object.keys(fields).length === 0;
  return isAll ? [batch] : [[stamp, unread, {}, names]];
}
