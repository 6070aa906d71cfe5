import { describe, expect, it } from 'vitest';
import { SessionValueError } from '../../lib/session.errors.js';
import { PAYLOAD_FORMAT, type Payload, type SessionSerializer } from '../../lib/state/payload.js';
import { serialize } from '../../lib/state/storable.js';
import type { Values } from '../../lib/state/values.js';

const payload = (values: Values, flashed?: Values): Payload => ({
  v: PAYLOAD_FORMAT,
  n: 1,
  c: 0,
  d: values,
  ...(flashed === undefined ? {} : { f: [[1, flashed]] }),
});

const cycle: Values = { name: 'confidential' };
cycle['self'] = cycle;

const UNSTORABLE: [string, unknown, RegExp][] = [
  ['a cycle', cycle, /cycle/],
  ['a BigInt', 2n, /BigInt/],
  ['a function', () => 'confidential', /function/],
  ['a symbol', Symbol('confidential'), /symbol/],
  ['NaN', Number.NaN, /NaN/],
  ['an infinite number', -Infinity, /-Infinity/],
  ['a promise', Promise.resolve('confidential'), /a promise is no value: await it first/],
  ['a Map', new Map([['confidential', 1]]), /Map.*superjson/],
  ['a Set', new Set(['confidential']), /Set.*superjson/],
  ['a Buffer', Buffer.from('confidential'), /a Buffer .*superjson/],
  ['a typed array', new Uint8Array([1]), /a Uint8Array .*superjson/],
  ['a DataView', new DataView(new ArrayBuffer(1)), /a DataView .*superjson/],
  ['an ArrayBuffer', new ArrayBuffer(1), /a ArrayBuffer .*superjson/],
  ['URLSearchParams', new URLSearchParams({ confidential: '1' }), /a URLSearchParams .*superjson/],
  ['Headers', new Headers({ confidential: '1' }), /a Headers .*superjson/],
  ['FormData', new FormData(), /a FormData .*superjson/],
  ['a Blob', new Blob(['confidential']), /a Blob .*superjson/],
  ['a File', new File(['confidential'], 'x'), /a File .*superjson/],
  ['a Request', new Request('http://localhost/confidential'), /a _?Request .*superjson/],
  ['a weak reference', new WeakRef({}), /a WeakRef .*superjson/],
  ['an error', new Error('confidential'), /a Error .*superjson/],
  ['an invalid Date', new Date(Number.NaN), /an invalid Date would become null/],
  ['a list with holes', holed(), /a list with holes/],
  ['a list with named properties', Object.assign(['a'], { confidential: 1 }), /a list with named properties/],
  [
    'URLSearchParams with a property',
    Object.assign(new URLSearchParams(), { confidential: 1 }),
    /a URLSearchParams/,
  ],
  ['Headers with a property', Object.assign(new Headers(), { confidential: 1 }), /a Headers/],
  ['a Map with a property', Object.assign(new Map(), { confidential: 1 }), /a Map/],
  [
    'what is made from a Map',
    new (class Basket extends Map<string, number> {})([['confidential', 1]]),
    /a Basket/,
  ],
  ['a WeakMap', new WeakMap(), /a WeakMap/],
  ['a regular expression', /confidential/, /a RegExp/],
  ['an iterator', new Map().keys(), /would become a plain object/],
  ['a boxed NaN', Object(Number.NaN), /NaN would become null/],
  ['a boxed symbol', Object(Symbol('confidential')), /a Symbol/],
  ['a symbol for a key', { [Symbol('confidential')]: 1 }, /a symbol for a key/],
  [
    'a list with a symbol for a key',
    Object.assign(['a'], { [Symbol('confidential')]: 1 }),
    /a list with a symbol for a key/,
  ],
  [
    'a toJSON that returns a Map',
    says(new Map([['confidential', 1]])),
    /its toJSON returned .*a Map .*superjson/,
  ],
  ['a toJSON that returns bytes', says(new Uint8Array([1])), /its toJSON returned .*a Uint8Array/],
  ['a toJSON that returns a Buffer', says(Buffer.from('confidential')), /its toJSON returned .*a Buffer/],
  // JSON.stringify calls toJSON only once and writes the result by its properties.
  ['a toJSON that returns a Date', says(new Date(0)), /its toJSON returned .*a Date/],
  ['a toJSON that returns a URL', says(new URL('http://localhost')), /its toJSON returned .*a URL/],
  ['a toJSON that returns NaN', says(Number.NaN), /NaN would become null/],
  ['a toJSON that returns undefined', says(undefined), /its toJSON returns nothing/],
  ['a toJSON that returns a function', says(() => 'confidential'), /a function cannot be stored/],
  [
    'a list with a toJSON that returns undefined',
    new (class extends Array {
      toJSON = () => undefined;
    })(),
    /its toJSON returns nothing/,
  ],
  ['a list with both', Object.assign(holed(), { confidential: 1 }), /a list with holes/],
];

function says(answer: unknown): object {
  return new (class {
    toJSON(): unknown {
      return answer;
    }
  })();
}

/** A list of two items with a hole in the first place. */
function holed(): unknown[] {
  const list: unknown[] = [];
  list[1] = 'confidential';
  return list;
}

describe('a value that JSON cannot represent', () => {
  it.each(UNSTORABLE)('is refused with its key: %s', (_name, value, reason) => {
    const store = () => serialize(payload({ fine: 1, culprit: value }), JSON);
    expect(store).toThrow(SessionValueError);
    expect(store).toThrow(/"culprit"/);
    expect(store).toThrow(reason);
    expect(store).not.toThrow(/confidential|fine/);
    expect(store).toThrow(expect.objectContaining({ statusCode: 503 }));
  });

  it.each(UNSTORABLE.slice(2))('is refused with the whole path: %s', (_name, value) => {
    const store = () => serialize(payload({ user: { list: [0, { culprit: value }] } }), JSON);
    expect(store).toThrow(/"user\.list\.1\.culprit"/);
  });

  it.each(UNSTORABLE)('is refused in a flash message: %s', (_name, value) => {
    expect(() => serialize(payload({}, { status: value }), JSON)).toThrow(/"status"/);
  });

  it.each(UNSTORABLE)('is refused in a field of a form: %s', (_name, value) => {
    const flashed: Payload = { ...payload({}), f: [[1, {}, { email: value }]] };
    expect(() => serialize(flashed, JSON)).toThrow(/"email"/);
  });
});

describe('undefined in a list', () => {
  it.each<[string, Payload]>([
    ['a value', payload({ fine: 1, culprit: { list: ['confidential', undefined] } })],
    ['a flash message', payload({}, { culprit: { list: ['confidential', undefined] } })],
    [
      'a field of a form',
      { ...payload({}), f: [[1, {}, { culprit: { list: ['confidential', undefined] } }]] },
    ],
  ])('is refused by its index, in %s', (_name, refused) => {
    const store = () => serialize(refused, JSON);
    expect(store).toThrow(SessionValueError);
    expect(store).toThrow(/"culprit\.list\.1" cannot be stored: undefined in a list would become null/);
    expect(store).not.toThrow(/confidential|"fine"/);
  });
});

/** An application's object with its own string tag. */
class Tagged {
  readonly name = 'x';
  readonly [Symbol.toStringTag] = 'Tagged';
}

describe('a value to be stored', () => {
  it('is stored as JSON writes it', () => {
    const values = {
      text: 'x',
      zero: 0,
      no: false,
      nothing: null,
      list: [1, [2]],
      object: { a: {} },
      date: new Date(0),
      address: new URL('http://localhost/'),
      boxed: [Object('x'), Object(1), Object(false)],
      left: { out: undefined },
      minusZero: -0,
      bare: Object.assign(Object.create(null), { a: 1 }),
      instance: new Tagged(),
    };
    expect(serialize(payload(values), JSON)).toBe(JSON.stringify(payload(values)));
  });

  it('may be any object with a toJSON', () => {
    const money = { cents: 100n, toJSON: () => '1.00' };
    expect(serialize(payload({ money }), JSON)).toContain('"money":"1.00"');
  });

  it.each<[string, unknown]>([
    ['a list', [1, { at: new Date(0) }]],
    ['an object with objects that say themselves', { total: says('1.00'), left: undefined }],
    ['nothing', null],
  ])('may have a toJSON that returns %s', (_name, answer) => {
    expect(serialize(payload({ value: says(answer) }), JSON)).toBe(
      JSON.stringify(payload({ value: answer })),
    );
  });

  it('may have a toJSON that returns the object itself', () => {
    class Line {
      readonly name = 'x';

      toJSON(): this {
        return this;
      }
    }
    expect(serialize(payload({ line: new Line() }), JSON)).toContain('"line":{"name":"x"}');
  });

  it('is checked inside the result of toJSON, and refused with its path', () => {
    expect(() => serialize(payload({ a: [says({ b: [says({ c: new Map() })] })] }), JSON)).toThrow(
      /"a\.0\.b\.0\.c"/,
    );
  });

  it('may be anything that a serializer of the application accepts', () => {
    const serializer: SessionSerializer = {
      stringify: (value) =>
        JSON.stringify(value, (_key, each: unknown) => (each instanceof Map ? [...each] : each)),
      parse: (text) => JSON.parse(text),
    };
    expect(serialize(payload({ map: new Map([[1, 2]]) }), serializer)).toContain('"map":[[1,2]]');
  });

  it('is named if a serializer of the application refuses it, with the error as the cause', () => {
    const refusal = new Error('no secrets: confidential');
    const serializer: SessionSerializer = {
      stringify: (value) =>
        JSON.stringify(value, (key, each: unknown) => {
          if (each === 'refused' || key === 'refused') throw refusal;
          return each;
        }),
      parse: (text) => JSON.parse(text),
    };
    const store = () => serialize(payload({ fine: 1, culprit: ['refused'] }), serializer);
    expect(store).toThrow(expect.objectContaining({ cause: refusal }));
    expect(store).toThrow(/"culprit"/);
    expect(store).not.toThrow(/confidential/);
  });
});
