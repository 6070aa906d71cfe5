import { deserialize, serialize } from 'node:v8';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Change } from '../../lib/state/changes.js';
import { deepCopy } from '../../lib/state/deep-copy.js';
import { MutationTracker } from '../../lib/state/mutation-tracker.js';
import type { SessionSerializer } from '../../lib/state/payload.js';
import { ReturnedObjects } from '../../lib/state/returned-objects.js';
import type { Values } from '../../lib/state/values.js';
import { encryptingSerializer, restless } from '../support/unsteady.js';

/** Keeps maps, sets, dates and cycles. */
const V8: SessionSerializer = {
  stringify: (value) => serialize(value).toString('base64'),
  parse: (text): unknown => deserialize(Buffer.from(text, 'base64')),
};

/** A value of a shop's session that says itself how it is written, each time differently. */
class Price {
  #times = 0;

  constructor(public cents: number) {}

  toJSON(): string {
    this.#times += 1;
    return `${this.cents} for the ${this.#times}th time`;
  }
}

// A type and not an interface, so that it is a session's values as well.
type Shop = {
  cart: { lines: string[]; total: number; coupon?: string | undefined };
  user: { name: string; teams: { name: string }[] };
  visits: number;
};

function shop(): Shop {
  return {
    cart: { lines: ['mug', 'pen'], total: 12, coupon: 'SPRING' },
    user: { name: 'Ada', teams: [{ name: 'testers' }] },
    visits: 1,
  };
}

/** All that the tracker says of values: whether they were mutated, where, and as which changes. */
function said(tracker: MutationTracker, values: Values, stored: Values, changes: readonly Change[] = []) {
  return {
    mutated: tracker.mutated(values, () => stored),
    key: tracker.mutatedKey(values, stored),
    mutations: tracker.mutations(values, stored, changes),
  };
}

const NOTHING = { mutated: false, key: undefined, mutations: [] };

/** What is said where one top-level key was mutated. */
const mutatedAt = (key: string, value: unknown) => ({
  mutated: true,
  key,
  mutations: [{ op: 'assign', key, value }],
});

let tracker: MutationTracker;
beforeEach(() => void (tracker = new MutationTracker()));

describe('what was done to objects that were handed out', () => {
  it.each<[what: string, key: keyof Shop, mutate: (values: Shop) => unknown]>([
    [
      'another value deep inside',
      'user',
      ({ user }) => user.teams.forEach((team) => (team.name = 'admirals')),
    ],
    ['a key more', 'user', ({ user }) => Object.assign(user, { age: 36 })],
    ['a key less', 'cart', ({ cart }) => delete cart.coupon],
    ['a key that became undefined', 'cart', ({ cart }) => (cart.coupon = undefined)],
    ['an item pushed', 'cart', ({ cart }) => cart.lines.push('cup')],
    ['an item spliced out', 'cart', ({ cart }) => cart.lines.splice(0, 1)],
    ['an item spliced in for another', 'cart', ({ cart }) => cart.lines.splice(0, 1, 'cup')],
    ['items in another order', 'cart', ({ cart }) => cart.lines.push(...cart.lines.splice(0, 1))],
    ['a number that became text', 'cart', ({ cart }) => Object.assign(cart, { total: '12' })],
    [
      'a list that became an object',
      'cart',
      ({ cart }) => Object.assign(cart, { lines: Object.fromEntries(Object.entries(cart.lines)) }),
    ],
    ['a top-level value', 'visits', (values) => (values.visits += 1)],
  ])('is noticed, and where: %s', (_what, key, mutate) => {
    const values = shop();
    expect(said(tracker, values, shop())).toEqual(NOTHING);
    mutate(values);
    expect(said(tracker, values, shop())).toEqual(mutatedAt(key, values[key]));
  });

  it('is noticed where a top-level key has come, or has gone', () => {
    const { visits: _gone, ...values } = { ...shop(), 'a.b': [1] };
    expect(said(tracker, values, shop())).toEqual({
      mutated: true,
      key: 'visits',
      mutations: [
        { op: 'assign', key: 'visits', value: undefined },
        { op: 'assign', key: 'a.b', value: [1] },
      ],
    });
  });

  it('is noticed under each key by which the object is reached', () => {
    const line = { count: 1 };
    const values = { first: { line }, latest: [line], other: { count: 1 } };
    const stored = deepCopy(values);
    expect(said(tracker, values, stored)).toEqual(NOTHING);
    line.count = 2;
    expect(said(tracker, values, stored)).toEqual({
      mutated: true,
      key: 'first',
      mutations: [
        { op: 'assign', key: 'first', value: { line: { count: 2 } } },
        { op: 'assign', key: 'latest', value: [{ count: 2 }] },
      ],
    });
  });

  it('is noticed where only one of two keys still leads to the object that both led to', () => {
    const line = { count: 1 };
    const values = { first: line, latest: line };
    tracker.onStored(deepCopy(values));
    values.latest = { count: 2 };
    expect(said(tracker, values, {})).toEqual(mutatedAt('latest', { count: 2 }));
  });

  it('is noticed in an object that contains itself', () => {
    const node: Values = { name: 'a' };
    node['self'] = node;
    tracker.onStored(deepCopy({ node }));
    expect(said(tracker, { node }, {})).toEqual(NOTHING);
    node['name'] = 'b';
    expect(said(tracker, { node }, {})).toEqual(mutatedAt('node', node));
  });

  it.each<[what: string, rewrite: (values: Shop) => unknown]>([
    ['the same text', ({ user }) => (user.name = ['A', 'da'].join(''))],
    ['an equal object in place of another', ({ user }) => user.teams.splice(0, 1, { name: 'testers' })],
    ['an equal object at the top', (values) => (values.cart = shop().cart)],
    ['an item that was taken off again', ({ cart }) => [cart.lines.push('cup'), cart.lines.pop()]],
    [
      'keys in another order',
      (values) => {
        const { cart, user, visits } = shop();
        const { lines, total, coupon } = cart;
        for (const key of Object.keys(values)) Reflect.deleteProperty(values, key);
        Object.assign(values, { visits, user, cart: { coupon, total, lines } });
      },
    ],
    ['undefined for a key that was not there', (values) => Object.assign(values.user, { age: undefined })],
    ['undefined for a top-level key', (values) => Object.assign(values, { nobody: undefined })],
  ])('is no mutation where the content is what it was: %s', (_what, rewrite) => {
    const values = shop();
    rewrite(values);
    expect(said(tracker, values, shop())).toEqual(NOTHING);
  });

  it('is no mutation where a key was undefined before and has gone', () => {
    const stored = { ...shop(), nobody: undefined };
    expect(said(tracker, shop(), stored)).toEqual(NOTHING);
  });

  it('is told with a copy, which what is done afterwards does not change', () => {
    const values = shop();
    values.cart.lines.push('cup');
    const mutations = tracker.mutations(values, shop(), []);
    values.cart.lines.push('late');
    expect(mutations).toMatchObject([{ key: 'cart', value: { lines: ['mug', 'pen', 'cup'] } }]);
  });

  it('counts as a mutation where it cannot be read: the commit says why', () => {
    const values = {
      get cart(): unknown {
        throw new Error('not now');
      },
    };
    expect(tracker.mutated(values, () => ({ cart: {} }))).toBe(true);
  });
});

describe('mutations beside the changes that the log has recorded', () => {
  const CHANGES: readonly [what: string, change: Change, perform: (values: Shop & Values) => unknown][] = [
    ['a put', { op: 'put', path: 'user.name', value: 'Grace' }, ({ user }) => (user.name = 'Grace')],
    ['a push', { op: 'push', path: 'cart.lines', value: 'cup' }, ({ cart }) => cart.lines.push('cup')],
    ['an increment', { op: 'increment', path: 'visits', by: 2 }, (values) => (values.visits += 2)],
    ['a forget', { op: 'forget', path: 'cart.coupon' }, ({ cart }) => delete cart.coupon],
    ['an assign', { op: 'assign', key: 'a.b', value: 1 }, (values) => (values['a.b'] = 1)],
    [
      'an assign of nothing',
      { op: 'assign', key: 'cart', value: undefined },
      (values) => Reflect.deleteProperty(values, 'cart'),
    ],
    [
      'a flush',
      { op: 'flush' },
      (values) => Object.keys(values).forEach((key) => Reflect.deleteProperty(values, key)),
    ],
  ];

  it.each(CHANGES)('are none where there is only %s', (_what, change, perform) => {
    const values = shop();
    perform(values);
    expect(tracker.mutations(values, shop(), [change])).toEqual([]);
    expect(tracker.mutations(values, shop(), [])).not.toEqual([]);
  });

  it('are none where the values were reset', () => {
    const change: Change = { op: 'reset', values: { user: { name: 'Grace' } } };
    expect(tracker.mutations({ user: { name: 'Grace' } }, shop(), [change])).toEqual([]);
  });

  it('are none where a function has updated a value, and it is not called again', () => {
    const updater = vi.fn<() => number>(() => Number.NaN);
    const values = { ...shop(), visits: 5 };
    const returned = new ReturnedObjects();
    const change: Change = { op: 'update', path: 'visits', updater, returned, result: 5 };
    expect(tracker.mutations(values, shop(), [change])).toEqual([]);
    expect(updater).not.toHaveBeenCalled();
  });

  it('are put as a whole key, with what the log changed under it', () => {
    const values = shop();
    values.cart.lines.push('cup');
    values.cart.total = 20;
    values.visits += 1;
    const changes: Change[] = [
      { op: 'push', path: 'cart.lines', value: 'cup' },
      { op: 'increment', path: 'visits', by: 1 },
    ];
    expect(tracker.mutations(values, shop(), changes)).toEqual([
      {
        op: 'assign',
        key: 'cart',
        value: { lines: ['mug', 'pen', 'cup'], total: 20, coupon: 'SPRING' },
      },
    ]);
  });

  it('are found in a plain object after it was put', () => {
    const given = { name: 'Grace' };
    const change: Change = { op: 'put', path: 'user', value: { name: 'Grace' } };
    const values = { ...shop(), user: given };
    given.name = 'Joan';
    expect(tracker.mutations(values, shop(), [change])).toEqual([
      { op: 'assign', key: 'user', value: { name: 'Joan' } },
    ]);
  });

  it('are none in a Date that was put, as the put holds the Date itself', () => {
    const date = new Date(0);
    const change: Change = { op: 'put', path: 'date', value: date };
    date.setTime(1);
    expect(tracker.mutations({ date }, {}, [change])).toEqual([]);
  });

  it('are found where a change fits only what was mutated', () => {
    const values = { list: ['a'] };
    const changes: Change[] = [
      { op: 'push', path: 'list', value: 'a' },
      { op: 'put', path: 'other', value: 1 },
    ];
    expect(tracker.mutations({ ...values, other: 1 }, { list: 'none' }, changes)).toEqual([
      { op: 'assign', key: 'list', value: ['a'] },
    ]);
  });

  it.each([[false], [true]])(
    'are found without touching what they are compared with, stored by this request: %s',
    (isCopy) => {
      const stored = shop();
      if (isCopy) tracker.onStored(stored);
      const changes: Change[] = [
        { op: 'put', path: 'basket', value: { lines: [] } },
        { op: 'push', path: 'basket.lines', value: 'cup' },
        { op: 'push', path: 'cart.lines', value: 'cup' },
      ];
      const recorded = structuredClone(changes);
      tracker.mutations({}, isCopy ? {} : stored, changes);
      expect([stored, changes]).toEqual([shop(), recorded]);
    },
  );

  it('are found without touching an instance of which a change has set a member', () => {
    const stored = { price: new Price(5) };
    const change: Change = { op: 'put', path: 'price.cents', value: 6 };
    expect(tracker.mutations({ price: new Price(6) }, stored, [change])).toEqual([]);
    expect(stored.price.cents).toBe(5);
  });
});

describe('values that this request has stored', () => {
  it('are compared with the copy of them, and the text is not parsed', () => {
    const values = shop();
    tracker.onStored(deepCopy(values));
    const known = vi.fn<() => Values>(() => ({}));
    expect(tracker.mutated(values, known)).toBe(false);
    expect(known).not.toHaveBeenCalled();
    expect(said(tracker, values, {})).toEqual(NOTHING);
    values.visits = 2;
    expect(said(tracker, values, {})).toEqual(mutatedAt('visits', 2));
  });

  it('are compared with the latest copy', () => {
    const values = shop();
    tracker.onStored(deepCopy(values));
    values.visits = 2;
    tracker.onStored(deepCopy(values));
    expect(said(tracker, values, {})).toEqual(NOTHING);
    values.visits = 1;
    expect(said(tracker, values, {})).toEqual(mutatedAt('visits', 1));
  });

  it('are compared with their text where nobody had any of their objects when they were stored', () => {
    const values = shop();
    tracker.onStored(deepCopy({ ...values, visits: 7 }));
    tracker.onStored(null);
    expect(said(tracker, values, shop())).toEqual(NOTHING);
    values.visits = 7;
    expect(said(tracker, values, shop())).toEqual(mutatedAt('visits', 7));
  });

  it.each<[what: string, make: () => Values, mutate: (values: Values) => void]>([
    ['a Date', () => ({ it: new Date(0) }), ({ it: date }) => void (date instanceof Date && date.setTime(1))],
    [
      'an instance with toJSON',
      () => ({ it: new Price(5) }),
      ({ it: price }) => void (price instanceof Price && (price.cents = 6)),
    ],
    [
      'what an object holds beside its own toJSON',
      () => ({ it: { lines: [1], toJSON: () => 'always the same' } }),
      ({ it: object }) => void Object.assign(Object(object), { lines: [1, 2] }),
    ],
  ])('are noticed where they are of a kind that their text does not keep: %s', (_what, make, mutate) => {
    const values = make();
    tracker.onStored(deepCopy(values));
    const stored: Values = JSON.parse(JSON.stringify(values));
    expect(said(tracker, values, stored)).toEqual(NOTHING);
    mutate(values);
    expect(said(tracker, values, stored)).toEqual(mutatedAt('it', values['it']));
  });

  it('are not asked how they are written', () => {
    const toJSON = vi.fn<() => string>(() => 'text');
    const values = { cart: { lines: [1], toJSON } };
    tracker.onStored(deepCopy(values));
    expect(said(tracker, values, {})).toEqual(NOTHING);
    expect(toJSON).not.toHaveBeenCalled();
  });

  it('are not mutated where one of them is another each time that it is read, but others are noticed', () => {
    const values = { restless: restless(), cart: { lines: [1] } };
    tracker.onStored(deepCopy(values));
    expect(tracker.mutated(values, () => ({}))).toBe(false);
    expect(tracker.mutatedKey(values, {})).toBeUndefined();
    values.cart.lines.push(2);
    expect(tracker.mutated(values, () => ({}))).toBe(true);
    expect(tracker.mutatedKey(values, {})).toBe('cart');
  });
});

describe('an object that was handed out before a merge', () => {
  /** A merge of loaded values, none of which this request has stored. */
  const merge = (old: Values, merged: Values): Values => {
    tracker.keep(old, () => ({}), merged, deepCopy(merged));
    return merged;
  };

  it('stays the object of the session where the merge has left its content, and is noticed as before', () => {
    const old = shop();
    const merged = merge(old, { ...shop(), visits: 9 });
    expect(merged['cart']).toBe(old.cart);
    expect(merged['user']).toBe(old.user);
    expect(merged['visits']).toBe(9);
    expect(said(tracker, merged, { ...shop(), visits: 9 })).toEqual(NOTHING);
    old.cart.total = 20;
    expect(said(tracker, merged, { ...shop(), visits: 9 })).toEqual(mutatedAt('cart', old.cart));
    expect(tracker.takeReplaced()).toEqual([]);
  });

  it('gives way where the merge has changed it, which is no mutation until somebody mutates it', () => {
    const old = { cart: { lines: ['mug'] } };
    const merged = merge(old, { cart: { lines: ['pen'] } });
    const stored = { cart: { lines: ['pen'] } };
    expect(merged).toEqual(stored);
    expect(said(tracker, merged, stored)).toEqual(NOTHING);
    expect(tracker.takeReplaced()).toEqual([]);
    old.cart.lines.push('cup');
    expect(tracker.mutated(merged, () => stored)).toBe(true);
  });

  it('gives way where the merge has no such key any more', () => {
    const old = { cart: { lines: ['mug'] } };
    const merged = merge(old, {});
    expect(merged).toEqual({});
    old.cart.lines.push('cup');
    expect(tracker.takeReplaced()).toEqual([{ key: 'cart', held: old.cart, copy: { lines: ['mug'] } }]);
  });

  it('is none where a value was no object: the merge decides alone', () => {
    const merged = merge({ visits: 1, nobody: undefined, nothing: null }, { visits: 2 });
    expect(Object.entries(merged)).toEqual([['visits', 2]]);
  });

  it('is returned once it was mutated, only once, with its key', () => {
    const old = { cart: { lines: ['mug'] }, user: { name: 'Ada' } };
    merge(old, { cart: { lines: [] }, user: { name: 'Grace' } });
    old.cart.lines.push('cup');
    const [taken, ...more] = tracker.takeReplaced();
    expect([taken?.key, more]).toEqual(['cart', []]);
    expect(taken?.held).toBe(old.cart);
    expect(tracker.mutated({}, () => ({}))).toBe(false);
    expect(tracker.takeReplaced()).toEqual([]);
    old.cart.lines.push('late');
    expect(tracker.takeReplaced()).toEqual([]);
    old.user.name = 'Joan';
    expect(tracker.takeReplaced()).toMatchObject([{ key: 'user', held: { name: 'Joan' } }]);
  });

  it('is still known after another merge, beside the one that replaces it there', () => {
    const first = { cart: { lines: ['mug'] } };
    const second = merge(first, { cart: { lines: ['pen'] } });
    const latest = { cart: { lines: ['cup'] } };
    merge({ ...second }, { ...latest });
    first.cart.lines.push('one');
    Object.assign(Object(second['cart']), { lines: ['two'] });
    expect(tracker.takeReplaced()).toMatchObject([
      { key: 'cart', held: { lines: ['mug', 'one'] } },
      { key: 'cart', held: { lines: ['two'] } },
    ]);
  });

  it('is forgotten where its key is set, and no other', () => {
    const old = { cart: { lines: ['mug'] }, user: { name: 'Ada' } };
    merge(old, {});
    old.cart.lines.push('cup');
    old.user.name = 'Grace';
    tracker.forgetReplaced('cart');
    expect(tracker.takeReplaced()).toMatchObject([{ key: 'user' }]);
  });

  it('is not forgotten where a path below its key is set', () => {
    const old = { cart: { lines: ['mug'] } };
    merge(old, {});
    old.cart.lines.push('cup');
    tracker.forgetReplaced('cart.total');
    expect(tracker.mutated({}, () => ({}))).toBe(true);
  });

  it('is forgotten with all others where all keys are set', () => {
    const old = { cart: { lines: ['mug'] }, user: { name: 'Ada' } };
    merge(old, {});
    old.cart.lines.push('cup');
    old.user.name = 'Grace';
    tracker.forgetReplaced();
    expect(tracker.mutated({}, () => ({}))).toBe(false);
    expect(tracker.takeReplaced()).toEqual([]);
  });

  it('is compared with no text where this request has stored nothing', () => {
    const written = vi.fn<() => Values>(() => ({}));
    tracker.keep(shop(), written, shop(), shop());
    expect(written).not.toHaveBeenCalled();
  });
});

describe('an object that this request has stored, and that a merge finds', () => {
  const stored = () => ({ date: new Date(0).toJSON(), cart: { lines: ['mug'] }, visits: 1 });

  /** Values with a Date, as this request has stored them; `stored` is what their text says. */
  function storedHere() {
    const values = { date: new Date(0), cart: { lines: ['mug'] }, visits: 1 };
    tracker.onStored(deepCopy(values));
    return values;
  }

  it('stays the very object where nobody changed it, though its text says less', () => {
    const old = storedHere();
    const newest = { ...stored(), visits: 2 };
    const merged: Values = structuredClone(newest);
    tracker.keep(old, stored, merged, newest);
    expect(merged['date']).toBe(old.date);
    expect(merged['cart']).toBe(old.cart);
    expect(merged['visits']).toBe(2);
    expect(said(tracker, merged, newest)).toEqual(NOTHING);
    old.date.setTime(1);
    expect(said(tracker, merged, newest)).toEqual(mutatedAt('date', old.date));
  });

  it('is compared beside values that others stored meanwhile, which are noticed as well', () => {
    const old = storedHere();
    const newest = { ...stored(), visits: 2, list: ['a'] };
    const merged = structuredClone(newest);
    tracker.keep(old, stored, merged, newest);
    merged.list.push('b');
    expect(said(tracker, merged, newest)).toEqual(mutatedAt('list', ['a', 'b']));
  });

  it('gives way where another request has changed it, and is compared with that from then on', () => {
    const old = storedHere();
    const newest = { ...stored(), date: 'another' };
    const merged: Values = structuredClone(newest);
    tracker.keep(old, stored, merged, newest);
    expect(merged['date']).toBe('another');
    expect(said(tracker, merged, newest)).toEqual(NOTHING);
    old.date.setTime(1);
    expect(tracker.takeReplaced()).toMatchObject([{ key: 'date', held: old.date }]);
  });

  it('gives way where another request has removed it', () => {
    const old = storedHere();
    const { date: _gone, ...newest } = stored();
    const merged: Values = structuredClone(newest);
    tracker.keep(old, stored, merged, newest);
    expect(Object.keys(merged)).not.toContain('date');
  });

  it('stays the object of the session where its mutation was merged, which no text has yet', () => {
    const old = storedHere();
    old.cart.lines.push('cup');
    const newest = stored();
    const merged: Values = { ...newest, cart: { lines: ['mug', 'cup'] } };
    tracker.keep(old, stored, merged, newest);
    expect(merged['cart']).toBe(old.cart);
    expect(said(tracker, merged, newest)).toEqual(mutatedAt('cart', old.cart));
  });

  it('gives way where it was mutated and the merge has not taken that over', () => {
    const old = storedHere();
    old.cart.lines.push('cup');
    const merged: Values = stored();
    tracker.keep(old, stored, merged, stored());
    expect(merged['cart']).toEqual({ lines: ['mug'] });
    expect(tracker.takeReplaced()).toEqual([]);
  });

  it('gives way where its text has not kept its key', () => {
    const old = { ...storedHere(), hidden: { count: 1 } };
    tracker.onStored(deepCopy(old));
    const merged: Values = stored();
    tracker.keep(old, stored, merged, stored());
    expect(merged).not.toHaveProperty('hidden');
  });

  it('is compared with its content alone where no text is known', () => {
    const old = storedHere();
    const newest = stored();
    const merged: Values = structuredClone(newest);
    tracker.keep(old, null, merged, newest);
    expect(merged['cart']).toBe(old.cart);
    expect(merged['date']).toBe(newest.date);
    expect(said(tracker, merged, newest)).toEqual(NOTHING);
  });
});

describe('with a serializer other than JSON', () => {
  const make = () => ({
    map: new Map([['mug', { count: 1 }]]),
    seen: new Set(['a']),
    date: new Date(0),
    cart: { lines: ['mug'] },
  });
  /** What a serializer makes of values when they are stored and loaded. */
  function through(serializer: SessionSerializer, values: Values): () => Values {
    const text = serializer.stringify(values);
    return () => ({ ...Object(serializer.parse(text)) });
  }

  it.each<[what: keyof ReturnType<typeof make>, mutate: (values: ReturnType<typeof make>) => unknown]>([
    ['map', ({ map }) => map.set('pen', { count: 1 })],
    ['map', ({ map }) => map.forEach((line) => (line.count = 2))],
    ['seen', ({ seen }) => seen.add('b')],
    ['date', ({ date }) => date.setTime(1)],
    ['cart', ({ cart }) => cart.lines.push('pen')],
  ])('is noticed what was done to a %s that the text keeps', (key, mutate) => {
    const load = through(V8, make());
    const values = make();
    expect(said(tracker, values, load())).toEqual(NOTHING);
    mutate(values);
    expect(said(tracker, values, load())).toEqual(mutatedAt(key, values[key]));
  });

  it('is no mutation what the serializer keeps of undefined', () => {
    const load = through(V8, { cart: { coupon: undefined }, nobody: undefined });
    expect(Object.keys(load())).toEqual(['cart', 'nobody']);
    expect(said(tracker, { cart: {} }, load())).toEqual(NOTHING);
  });

  it('is no mutation that the text is another each time', () => {
    const serializer = encryptingSerializer();
    const [load, loadOther] = [through(serializer, shop()), through(serializer, shop())];
    const values = load();
    expect(said(tracker, values, loadOther())).toEqual(NOTHING);
    values['visits'] = 2;
    expect(said(tracker, values, loadOther())).toEqual(mutatedAt('visits', 2));
  });

  it('stays the very object through a merge, whose text keeps no class', () => {
    const values = { price: new Price(5), cart: { lines: ['mug'] } };
    const load = through(V8, values);
    tracker.onStored(deepCopy(values));
    const merged = load();
    tracker.keep(values, load, merged, load());
    expect(merged['price']).toBe(values.price);
    expect(said(tracker, merged, load())).toEqual(NOTHING);
    values.price.cents = 6;
    expect(said(tracker, merged, load())).toEqual(mutatedAt('price', values.price));
  });
});
