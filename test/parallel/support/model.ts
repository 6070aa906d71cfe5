import { isDeepStrictEqual } from 'node:util';
import type { Event, ModelChange, Trace, View } from './trace.js';

interface Batch {
  readonly id: string;
  readonly messages: Readonly<Record<string, unknown>>;
}

interface Reader {
  /** Whether the request has the session, or came with an id that the session has just left, and so can end it. */
  readonly reaches: boolean;
  /** The flash messages that it saw; its next commit uses them up. */
  readonly seen: readonly string[];
  /** What it has not removed of them. */
  readonly previous: Readonly<Record<string, unknown>>;
  /** What it flashed in earlier commits and has not removed since. */
  readonly own: readonly Batch[];
}

interface Shared {
  readonly state: 'lives' | 'moved' | 'ended';
  readonly values: Readonly<Record<string, unknown>>;
  readonly batches: readonly Batch[];
  readonly readers: readonly Reader[];
}

function joined(batches: readonly Batch[]): Record<string, unknown> {
  return Object.assign({}, ...batches.map(({ messages }) => messages));
}

/** The simplest session that could work: one request after the other. Keys may have one dot. */
function apply(values: Record<string, unknown>, change: ModelChange): void {
  if (change.op === 'flush') {
    for (const key of Object.keys(values)) delete values[key];
    return;
  }
  // The remaining changes are of one key each; flash and keep only affect messages.
  if (!('key' in change)) return;
  const [root = '', leaf] = change.key.split('.');
  const inner = values[root];
  const parent =
    leaf === undefined
      ? values
      : typeof inner === 'object' && inner !== null
        ? (inner as Record<string, unknown>)
        : {};
  const name = leaf ?? root;
  const current = parent[name];
  switch (change.op) {
    case 'put':
      parent[name] = structuredClone(change.value);
      break;
    case 'append':
      parent[name] = `${typeof current === 'string' ? current : ''}${change.text}`;
      break;
    case 'increment':
      parent[name] = (typeof current === 'number' ? current : 0) + change.by;
      break;
    case 'push':
      parent[name] = [...(Array.isArray(current) ? current : []), change.value];
      break;
    case 'forget':
      delete parent[name];
      return;
    case 'flash':
      return;
  }
  if (leaf !== undefined) values[root] = parent;
}

/** Applies a commit to a session's values. */
function applyAll(
  values: Readonly<Record<string, unknown>>,
  changes: readonly ModelChange[],
): Record<string, unknown> {
  const result = structuredClone(values) as Record<string, unknown>;
  for (const change of changes) apply(result, change);
  return result;
}

/** Applies a commit to the flash messages: those in the session, and those of the request that it continues with. */
function applyFlash(
  shared: Shared,
  reader: Reader,
  changes: readonly ModelChange[],
  id: string,
): Pick<Shared, 'batches'> & Pick<Reader, 'previous' | 'own'> {
  let pending: Record<string, unknown> = {};
  let { previous, own } = reader;
  const withdraw = (key: string | null): void => {
    own = own.map((batch) => ({
      id: batch.id,
      messages: Object.fromEntries(
        Object.entries(batch.messages).filter(([name]) => key !== null && name !== key),
      ),
    }));
  };
  for (const change of changes) {
    if (change.op === 'flash') {
      withdraw(change.key);
      pending[change.key] = change.value;
    } else if (change.op === 'forget') {
      withdraw(change.key);
      delete pending[change.key];
      const { [change.key]: _removed, ...left } = previous;
      previous = left;
    } else if (change.op === 'flush') {
      withdraw(null);
      pending = {};
      previous = {};
    } else if (change.op === 'keep') {
      const flashed = joined(own);
      for (const [key, value] of Object.entries(previous)) {
        if (!(key in pending) && !(key in flashed)) pending[key] = value;
      }
    }
  }
  const fresh = { id, messages: pending };
  const batches = shared.batches
    .filter((batch) => !reader.seen.includes(batch.id))
    .map((batch) => own.find((each) => each.id === batch.id) ?? batch);
  return { batches: [...batches, fresh], previous, own: [...own, fresh] };
}

/** The final contents of a session that only one request knew of. */
export function ownSession({ changes }: NonNullable<Trace['own']>): View {
  const nothing: Shared = { state: 'lives', values: {}, batches: [], readers: [] };
  const { batches } = applyFlash(nothing, { reaches: true, seen: [], previous: {}, own: [] }, changes, 'own');
  return { values: applyAll({}, changes), messages: joined(batches) };
}

/** The shared session after one event of one request; null if the event is impossible at this point. */
function after(shared: Shared, index: number, position: number, event: Event): Shared | null {
  const reader = shared.readers[index];
  if (reader === undefined) return null;
  const withReader = (changed: Reader): Reader[] =>
    shared.readers.map((each, other) => (other === index ? changed : each));
  switch (event.kind) {
    case 'load': {
      if (event.found === null) {
        if (shared.state === 'lives') return null;
        return { ...shared, readers: withReader({ ...reader, reaches: shared.state === 'moved' }) };
      }
      const previous = joined(shared.batches);
      const { values, messages } = event.found;
      if (shared.state !== 'lives' || !isDeepStrictEqual(messages, previous)) return null;
      if (values !== null && !isDeepStrictEqual(values, shared.values)) return null;
      const seen = shared.batches.map(({ id }) => id);
      return { ...shared, readers: withReader({ reaches: true, seen, previous, own: [] }) };
    }
    case 'destroy':
      return reader.reaches ? { ...shared, state: 'ended' } : shared;
    case 'commit': {
      if (event.stored === false) return shared.state === 'ended' ? shared : null;
      if (shared.state === 'ended') return event.stored === null ? shared : null;
      if (event.moves === 'invalidate') return { ...shared, state: 'ended' };
      const id = `${index}.${position}`;
      const { batches, ...flashed } = applyFlash(shared, reader, event.changes, id);
      return {
        state: event.moves === 'regenerate' ? 'moved' : shared.state,
        values: applyAll(shared.values, event.changes),
        batches,
        readers: withReader({ ...reader, ...flashed }),
      };
    }
  }
}

const MOST_TRIES = 300_000;

/**
 * Looks for a serial order of all events that explains the outcome: the events of a request stay in order, and no
 * event comes before one that was over when it began.
 *
 * @param end what is left of the shared session; null: nothing
 * @returns the order, as request numbers; null if there is none
 */
export function findSerialOrder(begin: View, traces: readonly Trace[], end: View | null): number[] | null {
  const positions = traces.map(() => 0);
  const order: number[] = [];
  const deadEnds = new Set<string>();
  let tries = 0;
  const total = traces.reduce((sum, { events }) => sum + events.length, 0);

  const search = (shared: Shared): boolean => {
    if (order.length === total) {
      if (shared.state === 'ended' || end === null) return shared.state === 'ended' && end === null;
      return isDeepStrictEqual(end, { values: shared.values, messages: joined(shared.batches) });
    }
    const key = JSON.stringify([positions, shared]);
    if (deadEnds.has(key)) return false;
    if (++tries > MOST_TRIES) throw new Error('The search for a serial order takes too long');
    const next = traces.map(({ events }, index) => events[positions[index] ?? 0]);
    const firstEnd = Math.min(...next.map((event) => event?.end ?? Infinity));
    // The event that was over first usually comes first: trying it first mostly ends the search immediately.
    const candidates = next
      .map((event, index) => ({ event, index }))
      .filter(({ event }) => event !== undefined && event.begin <= firstEnd)
      .toSorted((left, right) => (left.event?.end ?? 0) - (right.event?.end ?? 0));
    for (const { event, index } of candidates) {
      const position = positions[index] ?? 0;
      const changed = event === undefined ? null : after(shared, index, position, event);
      if (changed === null) continue;
      positions[index] = position + 1;
      order.push(index);
      if (search(changed)) return true;
      order.pop();
      positions[index] = position;
    }
    deadEnds.add(key);
    return false;
  };

  const found = search({
    state: 'lives',
    values: begin.values,
    batches: Object.keys(begin.messages).length === 0 ? [] : [{ id: 'begin', messages: begin.messages }],
    readers: traces.map(() => ({ reaches: true, seen: [], previous: {}, own: [] })),
  });
  return found ? order : null;
}
