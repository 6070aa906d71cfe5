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
  ['a Map', new Map([['confidential', 1]]), /Map.*superjson/],
  ['a Set', new Set(['confidential']), /Set.*superjson/],
];

describe('what JSON cannot keep', () => {
  it.each(UNSTORABLE)('is refused under its key: %s', (_name, value, reason) => {
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
    expect(() => serialize(payload({}, { status: value }), JSON)).toThrow(/"status/);
  });
});

describe('what can be kept', () => {
  it('is kept as JSON writes it', () => {
    const values = {
      text: 'x',
      zero: 0,
      no: false,
      nothing: null,
      list: [1, [2]],
      object: { a: {} },
      date: new Date(0),
    };
    expect(serialize(payload(values), JSON)).toBe(JSON.stringify(payload(values)));
  });

  it('is up to an object that says itself how it is written', () => {
    const money = { cents: 100n, toJSON: () => '1.00' };
    expect(serialize(payload({ money }), JSON)).toContain('"money":"1.00"');
  });

  it('is up to a serializer of the application', () => {
    const serializer: SessionSerializer = {
      stringify: (value) =>
        JSON.stringify(value, (_key, each: unknown) => (each instanceof Map ? [...each] : each)),
      parse: (text) => JSON.parse(text),
    };
    expect(serialize(payload({ map: new Map([[1, 2]]) }), serializer)).toContain('"map":[[1,2]]');
  });

  it('names the key that a serializer of the application refuses, and keeps its error as the cause', () => {
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
