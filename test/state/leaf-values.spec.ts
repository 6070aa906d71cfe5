import { describe, expect, it } from 'vitest';
import { leafValuesOf } from '../../lib/state/leaf-values.js';
import type { Values } from '../../lib/state/values.js';

describe('the leaves of an object', () => {
  it('are its values that are not plain objects, by their paths', () => {
    const date = new Date(0);
    expect(
      leafValuesOf({ a: 1, b: { c: null, d: { e: [1, { f: 2 }] }, g: date }, 'h.i': { j: undefined } }),
    ).toEqual([
      ['a', 1],
      ['b.c', null],
      ['b.d.e', [1, { f: 2 }]],
      ['b.g', date],
      ['h.i.j', undefined],
    ]);
  });

  it('include empty plain objects', () => {
    expect(leafValuesOf({ a: {}, b: { c: Object.create(null) } }).map(([path]) => path)).toEqual([
      'a',
      'b.c',
    ]);
  });

  it('include an object where it contains itself, however often', () => {
    const cycle: Values = {};
    cycle['left'] = cycle;
    cycle['right'] = { again: cycle };
    expect(leafValuesOf({ cycle }).map(([path]) => path)).toEqual(['cycle.left', 'cycle.right.again']);
  });

  it('end at the depth limit of a session', () => {
    let deep: Values = { end: 1 };
    for (let depth = 0; depth < 100_000; depth += 1) deep = { d: deep };
    expect(leafValuesOf(deep)).toHaveLength(1);
  });
});
