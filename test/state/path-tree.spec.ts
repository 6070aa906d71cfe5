import { describe, expect, it } from 'vitest';
import { PathTree, within, without } from '../../lib/state/path-tree.js';

const values = {
  a: 1,
  'b.c': 2,
  b: { c: 3, d: { e: 4 } },
  list: [{ x: 1, y: 2 }, { x: 3 }],
  at: new Date(0),
};

describe('values by their paths', () => {
  it.each<[string[], object]>([
    [[], values],
    [['absent', 'a.b', 'at.x', 'list.7'], values],
    [['a', 'b', 'list'], { at: values.at }],
    [['b.c'], { a: 1, b: { d: { e: 4 } }, list: values.list, at: values.at }],
    [
      ['b.d.e', 'list.0.x'],
      { a: 1, 'b.c': 2, b: { c: 3, d: {} }, list: [{ y: 2 }, { x: 3 }], at: values.at },
    ],
    [['list.0', 'b.c.deeper'], { a: 1, 'b.c': 2, b: values.b, list: { 1: { x: 3 } }, at: values.at }],
  ])('can be omitted: %j', (paths, expected) => {
    const text = JSON.stringify(values);
    expect(without(values, PathTree.of(paths))).toEqual(expected);
    expect(JSON.stringify(values)).toBe(text);
  });

  it.each<[string[], object]>([
    [[], {}],
    [['absent', 'a.b', 'at.x', 'b.x.y'], {}],
    [['a', 'b.c'], { a: 1, 'b.c': 2, b: { c: 3 } }],
    [['b', 'b.c'], { 'b.c': 2, b: values.b }],
    [['list.1', 'b.d.e'], { b: { d: { e: 4 } }, list: { 1: { x: 3 } } }],
  ])('can be picked: %j', (paths, expected) => {
    expect(within(values, PathTree.of(paths))).toEqual(expected);
  });

  it('can be removed from the tree, with all paths below them', () => {
    const paths = PathTree.of(['a.b', 'a.b.c', 'd']);
    paths.delete('a');
    paths.delete('absent.path');
    expect([paths.find('a.b.c'), paths.find('d.e')?.whole]).toEqual([null, true]);
  });
});
