import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { deepCopy } from '../../lib/state/deep-copy.js';
import { isSame } from '../../lib/state/same-value.js';
import type { Values } from '../../lib/state/values.js';

class Point {
  #secret = 0;
  readonly list = [1];

  constructor(public x: number) {}

  get double(): number {
    return this.x * 2;
  }

  set double(value: number) {
    this.#secret = value;
  }

  toJSON(): string {
    return `${this.x} ${Math.random()} ${this.#secret}`;
  }
}

class Catalogue extends Map<string, number> {}

function cycle(): Values {
  const node: Values = { name: 'a', rest: [] };
  node['self'] = node;
  node['rest'] = [node, { up: node }];
  return node;
}

function nested(depth: number, value: unknown): Values {
  return depth === 0 ? { value } : { below: nested(depth - 1, value) };
}

/** Values, and how an application may mutate them. */
// oxlint-disable-next-line typescript/no-explicit-any -- each row mutates a value of a type of its own
const MUTATIONS: readonly [what: string, make: () => object, mutate: (value: any) => void][] = [
  ['a plain object', () => ({ a: { b: 1 } }), (value) => (value.a.b = 2)],
  ['a member more', () => ({ a: 1 }), (value) => (value.b = null)],
  ['a member less', () => ({ a: 1, b: null }), (value) => delete value.b],
  [
    'an object without a prototype',
    () => Object.assign(Object.create(null), { a: 1 }),
    (value) => (value.a = 2),
  ],
  ['a list', () => [[1], [2]], (value) => value[1].push(3)],
  ['the order of a list', () => [1, 2], (value) => value.push(value.shift())],
  ['a list in place of an object', () => ({ a: {} }), (value) => (value.a = [])],
  ['a Date', () => ({ at: new Date(0) }), (value) => value.at.setTime(1)],
  ['a Map', () => new Map([['a', { b: 1 }]]), (value) => (value.get('a').b = 2)],
  ['the keys of a Map', () => new Map([['a', 1]]), (value) => value.set('b', 1)],
  ['a Map of its own class', () => new Catalogue([['a', 1]]), (value) => value.set('a', 2)],
  ['a Set', () => new Set([1]), (value) => value.add(2)],
  ['objects in a Set', () => new Set([{ a: 1 }]), (value) => ([...value][0].a = 2)],
  ['a Buffer', () => Buffer.from('abc'), (value) => (value[0] = 0)],
  ['a typed array', () => new Float64Array([1, 2]), (value) => (value[1] = 3)],
  ['a DataView', () => new DataView(new ArrayBuffer(2)), (value) => value.setInt8(1, 1)],
  ['an ArrayBuffer', () => new ArrayBuffer(2), (value) => (new Uint8Array(value)[0] = 1)],
  ['a URL', () => new URL('http://localhost/'), (value) => value.searchParams.set('a', '1')],
  ['URLSearchParams', () => new URLSearchParams('a=1'), (value) => value.append('a', '2')],
  ['an error', () => new Error('a'), (value) => (value.message = 'b')],
  ['an instance of a class', () => new Point(1), (value) => (value.x = 2)],
  ['what an instance holds', () => new Point(1), (value) => value.list.push(2)],
  ['the class of an object', () => ({ at: new Point(1) }), (value) => (value.at = { ...value.at })],
  [
    'a member named by a symbol',
    () => Object.assign(new Point(1), { [Symbol.for('a')]: 1 }),
    (value) => (value[Symbol.for('a')] = 2),
  ],
  [
    'a key named __proto__',
    () => JSON.parse('{"a":{"__proto__":{"b":1}}}'),
    (value) => (value.a['__proto__'].b = 2),
  ],
  ['a cycle', cycle, (value) => value.rest.push(1)],
  [
    'what is nested deep',
    () => nested(100, 1),
    (value) => {
      let inner = value;
      while (inner.below !== undefined) inner = inner.below;
      inner.value = 2;
    },
  ],
];

describe('a copy for comparison', () => {
  it.each(MUTATIONS)('equals its original until that is mutated: %s', (_what, make, mutate) => {
    const live = make();
    const copy = deepCopy(live);
    expect(copy).not.toBe(live);
    expect(isSame(live, copy)).toBe(true);
    expect(isSame(live, deepCopy(copy))).toBe(true);
    mutate(live);
    expect(isSame(live, copy)).toBe(false);
  });

  it('calls no getter and no toJSON', () => {
    const asked: string[] = [];
    const live = {
      get a() {
        return asked.push('a getter');
      },
      inner: { toJSON: () => asked.push('toJSON') },
      point: new Point(1),
    };
    expect(isSame(live, deepCopy(live))).toBe(true);
    expect(asked).toEqual([]);
  });

  it('copies a Date that fake timers of a test made, with a property that nobody can redefine', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const date = new Date(0);
    expect(Object.getOwnPropertyDescriptor(date, 'constructor')).toMatchObject({ configurable: false });
    const copy = deepCopy({ date });
    expect(isSame({ date }, copy)).toBe(true);
    date.setTime(1);
    expect(isSame({ date }, copy)).toBe(false);
  });

  it('terminates for objects that are reachable by very many paths', () => {
    const make = (): unknown => {
      let value: unknown = { a: 1 };
      for (let level = 0; level < 60; level += 1) value = [value, value];
      return value;
    };
    expect(isSame(make(), deepCopy(make()))).toBe(true);
  });

  it('terminates below an object with a toJSON, whatever that references', () => {
    let made = 0;
    const endless = (): object =>
      new Proxy(
        {},
        {
          ownKeys: () => ['next'],
          getOwnPropertyDescriptor: () => {
            made += 1;
            return { value: endless(), enumerable: true, configurable: true };
          },
        },
      );
    const live = { model: { toJSON: () => 'x', connection: endless() }, cart: { items: [1] } };
    const copy = deepCopy(live);
    expect(made).toBeLessThanOrEqual(2000);
    live.cart.items.push(2);
    expect(isSame(live.cart, copy.cart)).toBe(false);
  });
});

describe('values are the same', () => {
  it.each<[string, unknown, unknown]>([
    ['where a member is undefined and where it is not there', { a: 1, b: undefined }, { a: 1 }],
    ['whatever the order of their members', { a: 1, b: 2 }, { b: 2, a: 1 }],
    ['as NaN and NaN', Number.NaN, Number.NaN],
    ['as minus zero and zero', -0, 0],
    ['with and without a prototype', Object.create(null), {}],
    ['as invalid dates', new Date(Number.NaN), new Date(Number.NaN)],
  ])('%s', (_what, left, right) => {
    expect(isSame(left, right)).toBe(true);
    expect(isSame(right, left)).toBe(true);
  });

  it.each<[string, unknown, unknown]>([
    ['null and an object', null, {}],
    ['null and undefined', null, undefined],
    ['a number and its text', 1, '1'],
    ['a Date and its text', new Date(0), new Date(0).toJSON()],
    ['a list and an object', ['a'], { 0: 'a', length: 1 }],
    ['instances of two classes', new Date(0), new Map()],
    ['a member that is inherited and one that is not there', { toString: undefined }, { toString: 1 }],
  ])('but not %s', (_what, left, right) => {
    expect(isSame(left, right)).toBe(false);
    expect(isSame(right, left)).toBe(false);
  });
});
