import { describe, expect, it } from 'vitest';
import { OwnCopy } from '../../lib/state/own-copy.js';

describe('a changeable copy of values', () => {
  it('copies the objects on the path of a change once, however many changes follow', () => {
    const errors = { title: 'Required.' };
    const other = {};
    const copy = new OwnCopy({ errors, other });
    const copied = (change: (index: number) => unknown): unknown[] => {
      const seen = new Set<unknown>();
      for (let index = 0; index < 100; index += 1) {
        change(index);
        seen.add(copy.values['errors']);
      }
      expect(copy.values['other']).toBe(other);
      return [...seen].filter((each) => each !== errors);
    };
    const [first, ...more] = copied((index) => copy.write(`errors.field${index}`, 'Required.'));
    expect(more).toEqual([]);
    expect(copied((index) => copy.remove(`errors.field${index}`))).toEqual([first]);
    copy.share();
    const [second, ...others] = copied((index) => copy.write(`errors.field${index}`, 'Required.'));
    expect(others).toEqual([]);
    expect(second).not.toBe(first);
  });

  it('leaves the original and shared values unchanged', () => {
    const original = { list: [{ a: 1 }], deep: { b: { c: 2 } }, 'a.b': 1 };
    const text = JSON.stringify(original);
    const copy = new OwnCopy(original);
    copy.write('list.0.a', 2);
    copy.write('list.1', 3);
    copy.remove('deep.b.c');
    const out = copy.share();
    const outText = JSON.stringify(out);
    copy.remove('list.0');
    copy.write('deep.b.d', 4);
    copy.set('x.y', 5);
    copy.write('a.b', 6);
    expect([JSON.stringify(original), JSON.stringify(out)]).toEqual([text, outText]);
    expect(outText).toBe('{"list":[{"a":2},3],"deep":{"b":{}},"a.b":1}');
    expect(copy.values).toEqual({ list: [3], deep: { b: { d: 4 } }, 'x.y': 5, 'a.b': 6 });
  });

  it('leaves the original unchanged where its literal key is undefined, so that the path leads elsewhere', () => {
    const original = { 'a.b': undefined, a: { b: 1 } };
    const copy = new OwnCopy(original);
    copy.write('a.b', 2);
    expect([original.a, copy.values['a']]).toEqual([{ b: 1 }, { b: 2 }]);
  });

  it('does not copy an instance of a class', () => {
    const date = new Date(0);
    const copy = new OwnCopy({ at: { date } });
    copy.write('at.now', 1);
    expect(copy.values).toEqual({ at: { date, now: 1 } });
  });

  it('copies bytes before one of them is changed', () => {
    const bytes = new Uint8Array([1, 2]);
    const copy = new OwnCopy({ file: { bytes } });
    copy.write('file.bytes.0', 9);
    expect([bytes, copy.values]).toEqual([
      new Uint8Array([1, 2]),
      { file: { bytes: new Uint8Array([9, 2]) } },
    ]);
  });

  it.each(['__proto__.a', 'a.constructor.b', '__proto__'])('cannot reach a prototype by %s', (path) => {
    const copy = new OwnCopy(
      JSON.parse('{"__proto__":{"b":1},"a":{"constructor":{}}}') as Record<string, unknown>,
    );
    expect(() => copy.write(path, 1)).toThrow('is not allowed');
    expect(Object.getPrototypeOf(copy.values)).toBe(Object.prototype);
  });
});
