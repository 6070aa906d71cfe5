import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, cloneValue, mergeInto } from '../../lib/state/values.js';

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
    const merged = {};
    mergeInto(merged, JSON.parse('{"a":{"b":1}}'));
    mergeInto(merged, JSON.parse('{"a":{"__proto__":{"admin":true}}}'));
    expect(JSON.stringify(merged)).toBe('{"a":{"b":1,"__proto__":{"admin":true}}}');
    expect(Reflect.get(Reflect.get(merged, 'a'), 'admin')).toBeUndefined();
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
