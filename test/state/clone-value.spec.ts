import { describe, expect, it } from 'vitest';
import { cloneRecorded, cloneValue } from '../../lib/state/clone-value.js';
import { MAX_DEPTH, type Values, mergedWith } from '../../lib/state/values.js';

describe('A copied value', () => {
  it('shares no list and no plain object with the original, however deep', () => {
    const original = {
      list: [{ deep: { deeper: [1] } }],
      bare: Object.assign(Object.create(null), { a: {} }),
    };
    const copy = cloneValue(original);
    expect(copy).toEqual(original);
    expect(copy.list).not.toBe(original.list);
    expect(copy.list[0]?.deep.deeper).not.toBe(original.list[0]?.deep.deeper);
    expect(copy.bare.a).not.toBe(original.bare.a);
  });

  it('shares everything that is not a list or plain object', () => {
    const original = { date: new Date(), map: new Map(), call: () => 1 };
    const copy = cloneValue(original);
    expect(copy.date).toBe(original.date);
    expect(copy.map).toBe(original.map);
    expect(copy.call).toBe(original.call);
  });

  it('has the cycles of the original, but no reference to it', () => {
    const original: Record<string, unknown> = {};
    original['list'] = [original];
    const copy = cloneValue(original);
    expect(copy['list']).toEqual([copy]);
    expect(copy).not.toBe(original);
  });

  it('keeps a key named __proto__ without changing the prototype', () => {
    const hostile: object = JSON.parse('{"a":{"__proto__":{"admin":true}}}');
    const copy = cloneValue(hostile);
    expect(JSON.stringify(copy)).toBe(JSON.stringify(hostile));
    expect(Reflect.get(Reflect.get(copy, 'a'), 'admin')).toBeUndefined();
    const merged: Values = mergedWith({ a: { b: 1 } }, JSON.parse('{"a":{"__proto__":{"admin":true}}}'));
    expect(JSON.stringify(merged)).toBe('{"a":{"b":1,"__proto__":{"admin":true}}}');
    expect(Reflect.get(Object(merged['a']), 'admin')).toBeUndefined();
  });

  it('is not copied beyond the depth that can be stored', () => {
    let deep: unknown = 'the end';
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    let copy: unknown = cloneValue(deep);
    let original: unknown = deep;
    let copied = 0;
    while (copy !== original && Array.isArray(copy) && Array.isArray(original)) {
      copied += 1;
      copy = copy[0];
      original = original[0];
    }
    expect(copied).toBe(MAX_DEPTH + 1);
  });
});

describe('A copy of a recorded value', () => {
  class Line {
    quantity = 1;
    readonly notes = ['gift'];
    get isLarge(): boolean {
      return this.quantity > 10;
    }
  }

  it('shares no list, plain object or instance of a class with the original', () => {
    const original = { lines: [new Line()], plain: { a: {} } };
    const copy = cloneRecorded(original);
    expect(copy).toEqual(original);
    expect(copy.lines[0]).toBeInstanceOf(Line);
    expect(copy.lines[0]).not.toBe(original.lines[0]);
    expect(copy.lines[0]?.notes).not.toBe(original.lines[0]?.notes);
    expect(copy.plain.a).not.toBe(original.plain.a);
  });

  it('shares no date, Map or Set with the original, nor anything in them', () => {
    const line = new Line();
    const original = { date: new Date(0), map: new Map([['tea', line]]), set: new Set([line]) };
    const copy = cloneRecorded(original);
    expect(copy).toEqual(original);
    expect(copy.date).not.toBe(original.date);
    expect(copy.map.get('tea')).not.toBe(line);
    expect([...copy.set][0]).toBe(copy.map.get('tea'));
  });

  it('shares what only the serializer can store: hidden content, a toJSON, own getters, a subclass of Map', () => {
    const money = { toJSON: () => '1.00' };
    class Index extends Map<string, number> {}
    const original = {
      url: new URL('http://shop.example'),
      index: new Index(),
      price: Object.create(money),
      computed: Object.defineProperty(new Line(), 'total', { get: () => 1, enumerable: true }),
    };
    const copy = cloneRecorded(original);
    expect(copy.url).toBe(original.url);
    expect(copy.index).toBe(original.index);
    expect(copy.price).toBe(original.price);
    expect(copy.computed).toBe(original.computed);
  });

  it('has the cycles of the original, also through instances', () => {
    class Node {
      self: unknown = this;
    }
    const copy = cloneRecorded([new Node()]);
    expect(copy[0]?.self).toBe(copy[0]);
  });
});
