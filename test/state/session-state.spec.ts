import { describe, expect, it } from 'vitest';
import { type Payload, type SessionSerializer, parsePayload } from '../../lib/state/payload.js';
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

/** Rebases a state on these values, which another request stored first. */
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

  it('still apply if they build on a mutation in place', () => {
    const state = loaded({ cart: { count: 'none', lines: 'none' } });
    const cart = state.read('cart') as Values;
    cart['count'] = 5;
    cart['lines'] = [];
    state.increment('cart.count', 1);
    state.push('cart.lines', 'a');
    rebase(state, { cart: { count: 'none', lines: 'none' }, other: 2 });
    expect(store(state)).toEqual({ cart: { count: 6, lines: ['a'] }, other: 2 });
  });

  it('count a mutation in place as a put even if it was given to an update', () => {
    const state = loaded({ cart: { count: 1, lines: [1] }, list: [1], total: 1 });
    const cart = state.read('cart') as { count: number };
    cart.count = 5;
    (state.read('list') as number[]).push(2);
    state.update('cart.count', (count) => Number(count) + 1);
    state.update('list', (list) => [...(list as number[]), 3]);
    state.update('total', (total) => Number(total) + 1);
    rebase(state, { cart: { count: 1, lines: [9] }, list: [1], total: 7 });
    const merged = { cart: { count: 6, lines: [1] }, list: [1, 2, 3], total: 8 };
    expect(state.values).toEqual(merged);
    rebase(state, { cart: { count: 1, lines: [9] }, list: [], total: 8, other: 1 });
    expect(store(state)).toEqual({ ...merged, total: 9, other: 1 });
  });

  it('keep a removal of all keys but some, even if an object that another request removed is mutated', () => {
    const state = loaded({ cart: [1], user: { n: 1 } });
    const user = state.read('user') as { n: number };
    rebase(state, { cart: [1] });
    state.keepOnly(['cart']);
    user.n = 2;
    expect(store(state)).toEqual({ cart: [1] });
  });

  it('merge an update of a value with an own getter', () => {
    const state = loaded({ box: { n: 0 } });
    const computed = {
      get now() {
        return 1;
      },
    };
    state.put('box.computed', computed);
    state.update('box.computed', (value) => value);
    state.update('box.n', (count) => Number(count) + 1);
    rebase(state, { box: { n: 0, other: 1 } });
    expect(state.values).toEqual({ box: { n: 1, other: 1, computed: { now: 1 } } });
  });

  it('run an update again on the newest value, also if it mutates what it is given', () => {
    const state = loaded({ list: ['old'] });
    const add = (item: unknown) => (list: unknown) => {
      (list as unknown[]).push(item);
      return list;
    };
    state.read('list');
    for (const item of ['a', new Date(0)]) state.update('list', add(item));
    for (const list of [
      ['old', 'x'],
      ['old', 'x', 'y'],
    ])
      rebase(state, { list });
    expect(store(state)).toEqual({ list: ['old', 'x', 'y', 'a', new Date(0)] });
  });

  it('stay as they were if they do not fit', () => {
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

  it('keep track of an object that the application holds if no other request changed it', () => {
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

  it('include a mutation of an object that a merge has replaced', () => {
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

  it.each<[string, (state: SessionState) => unknown, unknown]>([
    ['put', (state) => state.put('cart.count', 2), { lines: [1, 2], count: 2 }],
    ['put of another key', (state) => state.put('other', 2), { lines: [1, 2], count: 1 }],
    ['merge', (state) => state.merge({ cart: { count: 2 } }), { lines: [1, 2], count: 2 }],
    ['push', (state) => state.push('cart.lines', 3), { lines: [1, 2, 3], count: 1 }],
    ['increment', (state) => state.increment('cart.count', 1), { lines: [1, 2], count: 2 }],
    ['forget', (state) => state.forget('cart.count'), { lines: [1, 2] }],
    ['update', (state) => state.update('cart', (cart) => [cart]), [{ lines: [1, 2], count: 1 }]],
  ])('come after an earlier mutation of an object that a merge has replaced: %s', (_, change, cart) => {
    const state = loaded({ cart: { lines: [1], count: 1 } });
    const held = state.read('cart') as { lines: number[] };
    rebase(state, { cart: { lines: [9], count: 9 } });
    held.lines.push(2);
    change(state);
    expect(store(state)).toMatchObject({ cart });
    expect(state.read('cart')).toEqual(cart);
  });

  it('keep one object that a function returns twice in another, where it returns it again', () => {
    const empty = { lines: [] };
    const state = loaded({});
    state.update('carts', () => ({ first: empty, second: empty }));
    state.push('carts.first.lines', 1);
    const carts = { first: { lines: [1] }, second: { lines: [1] } };
    expect(state.values).toEqual({ carts });
    rebase(state, { carts: 'others' });
    expect(store(state)).toEqual({ carts });
  });

  it('override a mutation of an object that a merge has replaced', () => {
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

describe('what the request itself has stored', () => {
  class Counter {
    constructor(public n: number) {}

    toJSON(): object {
      return { n: this.n, at: process.hrtime.bigint().toString() };
    }
  }

  it('is not due again, even if its toJSON returns something else the next time', () => {
    const state = loaded({});
    state.put('counter', new Counter(1));
    store(state);
    expect(state.hasChanges).toBe(false);
    expect(state.mutatedKey).toBeUndefined();
  });

  it('is not due again, even if the serializer has kept less of a value, and others keep their changes of it', () => {
    const serializer: SessionSerializer = {
      stringify: (value) =>
        JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each)),
      parse: JSON.parse,
    };
    const { payload, text } = payloadOf({ cart: { lines: [1] } });
    const state = SessionState.loaded(serializer, payload, text, true);
    state.put('id', 5n);
    store(state);
    expect(state.read('cart')).toEqual({ lines: [1] });
    expect(state.mutatedKey).toBeUndefined();
    state.put('theme', 'dark');
    rebase(state, { id: 'another', cart: { lines: [1] } });
    expect(store(state)).toEqual({ id: 'another', cart: { lines: [1] }, theme: 'dark' });
  });

  it('is due if an object in it is mutated afterwards', () => {
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

  it('is due if an object in it is mutated during the write', () => {
    const state = loaded({ cart: { lines: [1] } });
    state.put('a', {});
    const draft = state.draft(undefined, undefined);
    (state.read('cart') as { lines: number[] }).lines.push(2);
    state.onStored(draft);
    expect(state.mutatedKey).toBe('cart');
  });

  it('is due if an object is first handed out and mutated during the write', () => {
    const state = loaded({ cart: { lines: [1] } });
    state.put('a', 1);
    const draft = state.draft(undefined, undefined);
    const cart = state.read('cart') as { lines: number[] };
    expect(state.isTracking).toBe(true);
    cart.lines.push(2);
    state.onStored(draft);
    expect(state.mutatedKey).toBe('cart');
  });

  it('keeps its original objects through a merge, even those that JSON simplifies', () => {
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

  it('is replaced in a merge if another request has changed it', () => {
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
