import type { FlashBatch } from './payload.js';
import { pick } from './values.js';

/**
 * Whether a request uses messages up, or how to find out: asked only where there are messages, and no sooner than at a
 * commit, when more is known of the request. `hidden`: no visitor looks (a job, a socket), so they are not even shown.
 */
export type ConsumesFlash = boolean | 'hidden' | (() => boolean);

/** What a request says about the messages that it uses up. */
export interface FlashReader {
  /** The number of the write that it loaded: later batches it has not seen. */
  readonly seen: number;
  readonly consumes: ConsumesFlash;
  /** Whether messages were read by whoever shows them: then those that stay until they are read are used up, too. */
  readonly wasRead: boolean;
  /** The paths of messages that it replaced or took out. */
  readonly taken: ReadonlySet<string>;
}

/** Whether a commit has messages to drop that had their time. */
export function isAgingDue(batches: readonly FlashBatch[], reader: FlashReader): boolean {
  return batches.some((batch) => isSpent(batch, reader)) && usesUp(reader);
}

/** What a commit leaves of a batch, as batches: one, or none. */
export function leftOf(batch: FlashBatch, reader: FlashReader): FlashBatch[] {
  const left = isSpent(batch, reader) && usesUp(reader) ? unreadOf(batch, reader) : batch;
  return left === null ? [] : [left];
}

/** Whether a batch, or a part of it, has had its time where this request uses messages up. */
function isSpent(batch: FlashBatch, reader: FlashReader): boolean {
  return batch[0] <= reader.seen && unreadOf(batch, reader) !== batch;
}

function usesUp({ consumes }: FlashReader): boolean {
  return typeof consumes === 'function' ? consumes() : consumes === true;
}

/** What stays of a batch that this request uses up; the very batch where that is all of it, null where it is nothing. */
function unreadOf(batch: FlashBatch, { wasRead, taken }: FlashReader): FlashBatch | null {
  const [stamp, messages, fields = {}, untilRead = []] = batch;
  if (untilRead.length === 0 || wasRead) return null;
  const unread = untilRead.filter((name) => Object.hasOwn(messages, name) && !taken.has(name));
  if (unread.length === 0) return null;
  const isAll = unread.length === Object.keys(messages).length && Object.keys(fields).length === 0;
  return isAll ? batch : [stamp, pick(messages, unread), {}, unread];
}
