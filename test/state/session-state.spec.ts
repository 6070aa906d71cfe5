import { describe, expect, it } from 'vitest';
import { type Payload, parsePayload } from '../../lib/state/payload.js';
import { SessionState } from '../../lib/state/session-state.js';
import type { Values } from '../../lib/state/values.js';

function payloadOf(values: Values, n = 1): { payload: Payload; text: string } {
  const text = JSON.stringify({ v: 1, n, c: 0, d: values });
  const parsed = parsePayload(text, JSON);
  if (parsed.kind !== 'session') throw new Error('not a payload');
  return { payload: parsed.payload, text };
}

function loaded(values: Values): SessionState {
  const { payload, text } = payloadOf(values);
  return SessionState.loaded(JSON, payload, text, true);
}

/** What happens when another request has stored these values first. */
function rebase(state: SessionState, values: Values): void {
  const { payload, text } = payloadOf(values, 2);
  state.rebase(payload, text);
}

function store(state: SessionState): unknown {
  const draft = state.draft(undefined, undefined);
  state.onStored(draft);
  return draft.payload.d;
}

describe('the changes of a request on a newer record', () => {
  it('count a mutation in place as a put of its top-level key', () => {
    const state = loaded({ cart: { lines: [1] }, other: 1 });
    const cart = state.read('cart') as { lines: number[] };
    cart.lines.push(2);
    rebase(state, { cart: { lines: [9] }, other: 2 });
    expect(store(state)).toEqual({ cart: { lines: [1, 2] }, other: 2 });
  });

  it('fit also where they stand on a mutation in place', () => {
    const state = loaded({ cart: { count: 'none', lines: 'none' } });
    const cart = state.read('cart') as Values;
    cart['count'] = 5;
    cart['lines'] = [];
    state.increment('cart.count', 1);
    state.push('cart.lines', 'a');
    rebase(state, { cart: { count: 'none', lines: 'none' }, other: 2 });
    expect(store(state)).toEqual({ cart: { count: 6, lines: ['a'] }, other: 2 });
  });

  it('are as they were where they do not fit', () => {
    const state = loaded({ list: [1] });
    state.increment('count', 1);
    state.push('list', 2);
    let runs = 0;
    state.update('last', () => (runs += 1));
    expect(() => rebase(state, { list: 'no list', count: 10 })).toThrow('do not fit');
    expect(state.values).toEqual({ list: [1, 2], count: 1, last: 1 });
    rebase(state, { list: [7], count: 10 });
    expect(store(state)).toEqual({ list: [7, 2], count: 11, last: 2 });
  });

  it('leave an object with the application where nobody else changed it', () => {
    const state = loaded({ cart: { lines: [1] } });
    const cart = state.read('cart') as { lines: number[] };
    state.put('a', 1);
    rebase(state, { cart: { lines: [1] }, b: 1 });
    store(state);
    expect(state.hasChanges).toBe(false);
    cart.lines.push(2);
    expect(state.hasChanges).toBe(true);
    expect(store(state)).toEqual({ cart: { lines: [1, 2] }, a: 1, b: 1 });
  });

  it('count a mutation of an object that a merge has replaced as well', () => {
    const state = loaded({ cart: { lines: [1] } });
    const cart = state.read('cart') as { lines: number[] };
    state.put('a', 1);
    rebase(state, { cart: { lines: [9] } });
    expect(store(state)).toEqual({ cart: { lines: [9] }, a: 1 });
    expect(state.hasChanges).toBe(false);
    cart.lines.push(2);
    expect(state.hasChanges).toBe(true);
    expect(store(state)).toEqual({ cart: { lines: [1, 2] }, a: 1 });
    expect(state.hasChanges).toBe(false);
  });

  it('overwrite what was done to an object that a merge has replaced', () => {
    const state = loaded({ cart: { lines: [1] }, list: [1] });
    const cart = state.read('cart') as { lines: number[] };
    const list = state.read('list') as number[];
    rebase(state, { cart: { lines: [9] }, list: [9] });
    cart.lines.push(2);
    list.push(2);
    state.put('cart', 'none');
    state.forget('list');
    expect(store(state)).toEqual({ cart: 'none' });
  });
});

describe('what this request stored itself', () => {
  class Counter {
    constructor(public n: number) {}

    toJSON(): object {
      return { n: this.n, at: process.hrtime.bigint().toString() };
    }
  }

  it('is not due again, whatever its objects say of themselves the next time', () => {
    const state = loaded({});
    state.put('counter', new Counter(1));
    store(state);
    expect(state.hasChanges).toBe(false);
    expect(state.mutatedKey).toBeUndefined();
  });

  it('is due where an object in it is mutated afterwards', () => {
    const state = loaded({});
    const counter = new Counter(1);
    const date = new Date(0);
    state.put('counter', counter);
    state.put('date', date);
    store(state);
    counter.n = 2;
    expect(state.mutatedKey).toBe('counter');
    store(state);
    expect(state.hasChanges).toBe(false);
    date.setTime(1);
    expect(state.mutatedKey).toBe('date');
  });

  it('is due where an object in it is mutated while it is on its way', () => {
    const state = loaded({ cart: { lines: [1] } });
    state.put('a', {});
    const draft = state.draft(undefined, undefined);
    (state.read('cart') as { lines: number[] }).lines.push(2);
    state.onStored(draft);
    expect(state.mutatedKey).toBe('cart');
  });

  it('is due where an object is handed out and mutated first while it is on its way', () => {
    const state = loaded({ cart: { lines: [1] } });
    state.put('a', 1);
    const draft = state.draft(undefined, undefined);
    const cart = state.read('cart') as { lines: number[] };
    expect(state.lent).toBe(true);
    cart.lines.push(2);
    state.onStored(draft);
    expect(state.mutatedKey).toBe('cart');
  });

  it('stays the very objects through a merge, of which a text keeps less', () => {
    const state = loaded({ other: 1 });
    const counter = new Counter(1);
    const date = new Date(0);
    state.put('counter', counter);
    state.put('date', date);
    const draft = state.draft(undefined, undefined);
    state.onStored(draft);
    const stored = JSON.parse(draft.text) as { d: Values };
    rebase(state, { ...stored.d, other: 2 });
    expect(state.read('counter')).toBe(counter);
    expect(state.read('date')).toBe(date);
    expect(state.read('other')).toBe(2);
    expect(state.hasChanges).toBe(false);
    counter.n = 2;
    expect(state.mutatedKey).toBe('counter');
    rebase(state, { ...stored.d, other: 3 });
    expect(store(state)).toEqual({ counter: new Counter(2), date, other: 3 });
  });

  it('gives way in a merge where another request has changed it', () => {
    const state = loaded({});
    const date = new Date(0);
    state.put('date', date);
    store(state);
    rebase(state, { date: 'another' });
    expect(state.read('date')).toBe('another');
    expect(state.hasChanges).toBe(false);
    date.setTime(1);
    expect(state.hasChanges).toBe(true);
    expect(store(state)).toEqual({ date });
  });
});
