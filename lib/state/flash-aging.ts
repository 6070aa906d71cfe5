import { batchOf } from './flash-layers.js';
import type { FlashBatch } from './payload.js';
import { MAX_UNREAD, listOf } from './unread-messages.js';
import { type Values, readPath } from './values.js';

/**
 * Whether a request consumes messages, or a function that tells: called only if there are messages, and not
 * before a commit, when more is known about the request. `hidden`: no visitor sees them (a job, a socket), so
 * they are not even readable.
 */
export type ConsumesFlash = boolean | 'hidden' | (() => boolean);

/** What has to be known about a request to tell which messages it consumes. */
export interface FlashReader {
  /** The number of the write that it loaded: it has not seen later batches. */
  readonly seen: number;
  readonly consumes: ConsumesFlash;
  /** Whether messages were read to show them. If so, messages that stay until they are read are consumed too. */
  readonly wasRead: boolean;
  /** The paths of messages that it replaced or removed. */
  readonly taken: ReadonlySet<string>;
  /** The names of messages that stay from now on until a later request reads them. */
  readonly kept: ReadonlySet<string>;
}

/** Whether a commit has consumed messages to drop. */
export function isAgingDue(batches: readonly FlashBatch[], reader: FlashReader): boolean {
  return batches.some((batch) => isSpent(batch, reader)) && usesUp(reader);
}

/** The rest of a batch that the request saw, apart from what it removed: a list of one batch or none. */
export function leftOf(batch: FlashBatch, reader: FlashReader): FlashBatch[] {
  const rest = usesUp(reader) ? remainderOf(batch, reader) : batch;
  return rest === null ? [] : [rest];
}

/** Whether a batch, or a part of it, is due to be dropped if this request consumes messages. */
function isSpent(batch: FlashBatch, reader: FlashReader): boolean {
  return batch[0] <= reader.seen && remainderOf(batch, reader) !== batch;
}

/** Whether a request consumes messages. */
export function usesUp({ consumes }: FlashReader): boolean {
  return typeof consumes === 'function' ? consumes() : consumes === true;
}

/** What stays of a batch that this request consumes: the batch itself if all of it does, null for nothing. */
function remainderOf(batch: FlashBatch, { wasRead, taken, kept }: FlashReader): FlashBatch | null {
  const [stamp, messages, fields = {}, untilRead = []] = batch;
  const stays = (name: string): boolean =>
    kept.has(name) || (!wasRead && !taken.has(name) && untilRead.includes(name));
  const unread: Values = {};
  for (const name of [...untilRead, ...kept]) {
    const list = stays(name) ? listOf(readPath(messages, name)) : [];
    if (list.length > 0) unread[name] = list;
  }
  const names = Object.keys(unread);
  if (names.length === 0) return null;
  const isAll = names.length === Object.keys(messages).length && Object.keys(fields).length === 0;
  return isAll && names.length === untilRead.length ? batch : [stamp, unread, {}, names];
}

/** Whether there are messages that stay until they are read. */
export function holdsUnread(batches: readonly FlashBatch[]): boolean {
  return batches.some(([, , , untilRead]) => untilRead !== undefined);
}

/** Of the messages that stay until they are read, only the latest of each name, in whichever batch they are. */
export function latestUnread(batches: readonly FlashBatch[]): FlashBatch[] {
  const room = new Map<string, number>();
  const latest = batches.toReversed().flatMap((batch) => {
    const [stamp, { ...messages }, fields = {}, untilRead] = batch;
    if (untilRead === undefined) return [batch];
    for (const name of untilRead) {
      const left = room.get(name) ?? MAX_UNREAD;
      const list = listOf(messages[name]);
      const kept = list.slice(Math.max(0, list.length - left));
      room.set(name, left - kept.length);
      if (kept.length > 0) messages[name] = kept;
      else delete messages[name];
    }
    return batchOf(stamp, { messages, fields }, untilRead);
  });
  return latest.toReversed();
}
