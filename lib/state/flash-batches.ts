import type { FlashBatch } from './payload.js';
import { MAX_UNREAD, appended, listOf } from './unread-messages.js';
import { type Values, cloneValue, mergeInto, readPath, removePath } from './values.js';

/**
 * What was flashed: messages, whose names the application chose, and form fields, whose names a visitor
 * chose.
 */
export interface Flashed {
  readonly messages: Values;
  readonly fields: Values;
  /** The names of messages that stay until they are read. */
  readonly untilRead?: readonly string[];
}

/** No messages and no fields. Shared: must not be changed. */
export const NOTHING: Flashed = { messages: {}, fields: {} };

/** What a stored batch contains. */
export function flashedIn([, messages, fields = {}, untilRead = []]: FlashBatch): Flashed {
  return { messages, fields, untilRead };
}

/** The batch with these messages and fields, as a list of one, or of none if there are none. */
export function batchOf(stamp: number, { messages, fields, untilRead = [] }: Flashed): FlashBatch[] {
  const unread = untilRead.filter((name) => Object.hasOwn(messages, name));
  if (unread.length > 0) return [[stamp, messages, fields, unread]];
  if (Object.keys(fields).length > 0) return [[stamp, messages, fields]];
  return Object.keys(messages).length > 0 ? [[stamp, messages]] : [];
}

/**
 * Joins several batches: later ones win, and messages under one name (`errors.title`) are merged. But if some of
 * a name stay until they are read, all later ones are added to them, so that none is hidden and then lost.
 */
export function joined(batches: readonly FlashBatch[]): Flashed {
  if (batches.length === 0) return NOTHING;
  return {
    messages: merged(batches.map(([, messages, , untilRead]) => [messages, untilRead])),
    fields: merged(batches.map(([, , fields = {}]) => [fields])),
    untilRead: batches.flatMap(([, , , untilRead = []]) => untilRead),
  };
}

function merged(
  several: readonly (readonly [values: Values, untilRead?: readonly string[] | undefined])[],
): Values {
  const [first = [{}], ...others] = several.filter(([values]) => Object.keys(values).length > 0);
  if (others.length === 0) return first[0];
  const all = cloneValue(first[0]);
  const lists = new Set(first[1]);
  for (const [values, untilRead = []] of others) {
    const added = cloneValue(values);
    for (const name of untilRead) lists.add(name);
    for (const name of lists) {
      const more = readPath(added, name);
      if (more === undefined) continue;
      const list = appended(readPath(all, name), more);
      for (const each of [all, added]) removePath(each, name);
      added[name] = list;
    }
    mergeInto(all, added);
  }
  return all;
}

/** Messages from before, replaced by later ones: only those that stay until they are read are added. */
export function renewed(before: Flashed, later: Flashed): Flashed {
  const messages = { ...before.messages, ...later.messages };
  for (const name of later.untilRead ?? [])
    messages[name] = appended(readPath(before.messages, name), later.messages[name]);
  return { messages, fields: { ...before.fields, ...later.fields } };
}

/** Messages and fields as one object. A field is dropped if there is a message under its name or at its path. */
export function overlaid({ messages, fields }: Flashed): Values {
  const all: Values = {};
  for (const [name, field] of Object.entries(fields)) {
    if (!name.includes('.') || readPath(messages, name) === undefined) {
      all[name] = Object.hasOwn(messages, name) ? cloneValue(field) : field;
    }
  }
  mergeInto(all, messages);
  return all;
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
    return batchOf(stamp, { messages, fields, untilRead });
  });
  return latest.toReversed();
}
