import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionValueError } from '../../lib/session.errors.js';
import { omit } from '../../lib/state/own-copy.js';
import { cloneValue } from '../../lib/state/clone-value.js';
import {
  type Values,
  assertKey,
  hasPath,
  pick,
  readPath,
  removePath,
  writePath,
} from '../../lib/state/values.js';

const FORBIDDEN = ['__proto__', 'prototype', 'constructor'];

describe('a path', () => {
  it('is followed through objects and lists', () => {
    const values = { user: { name: 'Ada', teams: ['testers', { lead: true }] } };
    expect(readPath(values, 'user.name')).toBe('Ada');
    expect(readPath(values, 'user.teams.0')).toBe('testers');
    expect(readPath(values, 'user.teams.1.lead')).toBe(true);
    for (const absent of ['user.age', 'user.name.first', 'user.teams.2', 'nobody.name', 'user.']) {
      expect(readPath(values, absent)).toBeUndefined();
      expect(hasPath(values, absent)).toBe(false);
    }
  });

  it('yields to an existing literal key when reading, writing and removing', () => {
    const values: Values = { 'a.b': 1, a: { b: 2 } };
    expect(readPath(values, 'a.b')).toBe(1);
    writePath(values, 'a.b', 3);
    expect(values).toEqual({ 'a.b': 3, a: { b: 2 } });
    expect(pick(values, ['a.b'])).toEqual({ 'a.b': 3 });
    expect(omit(values, ['a.b'])).toEqual({ a: { b: 2 } });
    expect(removePath(values, 'a.b')).toBe(true);
    expect(values).toEqual({ a: { b: 2 } });
    expect(readPath(values, 'a.b')).toBe(2);
    expect(removePath(values, 'a.b')).toBe(true);
    expect(values).toEqual({ a: {} });
  });

  it('does not yield to a literal key that is undefined, which no store has', () => {
    const values: Values = { 'a.b': undefined };
    writePath(values, 'a.b', 1);
    expect(values).toEqual({ 'a.b': undefined, a: { b: 1 } });
    expect(readPath(values, 'a.b')).toBe(1);
    expect(removePath(values, 'a.b')).toBe(true);
    expect(values).toEqual({ 'a.b': undefined, a: {} });
  });

  it('creates missing objects and replaces non-objects when written', () => {
    const values: Values = { flat: 1, nothing: null };
    writePath(values, 'new.deep.key', 1);
    writePath(values, 'flat.key', 2);
    writePath(values, 'nothing.key', 3);
    expect(values).toEqual({ new: { deep: { key: 1 } }, flat: { key: 2 }, nothing: { key: 3 } });
  });

  it('sees only own properties', () => {
    const values: Values = { user: {} };
    for (const inherited of ['toString', 'hasOwnProperty', 'user.toString', 'user.valueOf']) {
      expect(readPath(values, inherited)).toBeUndefined();
      expect(removePath(values, inherited)).toBe(false);
    }
  });

  it.each(FORBIDDEN)('is refused with %s anywhere in it by every operation', (segment) => {
    for (const path of [
      segment,
      `${segment}.x`,
      `user.${segment}`,
      `user.${segment}.polluted`,
      `new.${segment}.x`,
    ]) {
      const values: Values = { user: { name: 'Ada' } };
      expect(() => readPath(values, path)).toThrow(SessionValueError);
      expect(() => hasPath(values, path)).toThrow(SessionValueError);
      expect(() => writePath(values, path, 1)).toThrow(SessionValueError);
      expect(() => removePath(values, path)).toThrow(SessionValueError);
      expect(() => pick(values, [path])).toThrow(SessionValueError);
      expect(() => omit(values, [path])).toThrow(SessionValueError);
      expect(() => assertKey(path)).toThrow(SessionValueError);
      expect(values).toEqual({ user: { name: 'Ada' } });
    }
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('may contain those names as part of another', () => {
    const values: Values = {};
    writePath(values, 'constructors.__proto', 1);
    expect(values).toEqual({ constructors: { __proto: 1 } });
  });

  it.each([[1], [null], [undefined], [['a']], [{}], [Symbol('a')]])('must be text, not %s', (key) => {
    expect(() => assertKey(key)).toThrow(SessionValueError);
  });
});

describe('a list in a path', () => {
  it('takes existing indexes and the next one', () => {
    const values: Values = { list: ['a', 'b'] };
    writePath(values, 'list.1', 'B');
    writePath(values, 'list.2', 'c');
    writePath(values, 'list.3.name', 'd');
    expect(values).toEqual({ list: ['a', 'B', 'c', { name: 'd' }] });
  });

  it.each(['list.3', 'list.-1', 'list.01', 'list.1e0', 'list.length', 'list.name', 'list.9.name'])(
    'refuses %s, which would leave a hole or is not an index',
    (path) => {
      const values: Values = { list: ['a', 'b'] };
      expect(() => writePath(values, path, 'x')).toThrow(/list of 2/);
      expect(values).toEqual({ list: ['a', 'b'] });
    },
  );

  it('closes up when an item is removed', () => {
    const values: Values = { list: ['a', 'b', 'c'] };
    expect(removePath(values, 'list.1')).toBe(true);
    expect(values).toEqual({ list: ['a', 'c'] });
    expect(removePath(values, 'list.2')).toBe(false);
    expect(removePath(values, 'list.length')).toBe(false);
    expect(values).toEqual({ list: ['a', 'c'] });
  });
});

describe('an object with internal content, in a path', () => {
  it.each([new Map([['a', 1]]), new Set(), new Date(0), new URL('http://a.test'), new Error('a'), /a/])(
    'takes no value, which would be lost: %s',
    (held) => {
      const values: Values = { held };
      for (const path of ['held.a', 'held.a.b'])
        expect(() => writePath(values, path, 1)).toThrow(
          `Cannot store at "${path}": a ${held.constructor.name} is on the way`,
        );
      expect(Object.keys(held)).toEqual([]);
    },
  );

  it('excludes instances of ordinary classes and bytes', () => {
    class Money {
      amount = 1;
    }
    const values: Values = { money: new Money(), bytes: new Uint8Array(2) };
    writePath(values, 'money.amount', 2);
    writePath(values, 'bytes.1', 9);
    expect(values).toEqual({ money: Object.assign(new Money(), { amount: 2 }), bytes: Uint8Array.of(0, 9) });
  });
});

describe('some of the values', () => {
  it('are those at the given paths, in the same shape', () => {
    const values = { user: { name: 'Ada', age: 36 }, theme: 'dark', empty: null };
    expect(pick(values, ['user.name', 'empty', 'absent', 'absent.too'])).toEqual({
      user: { name: 'Ada' },
      empty: null,
    });
    expect(omit(values, ['user.age', 'theme', 'absent.too'])).toEqual({ user: { name: 'Ada' }, empty: null });
  });

  it('are the original objects, and may be frozen and overlap', () => {
    const values = { user: Object.freeze({ teams: Object.freeze(['a']) }) };
    const picked = pick(values, ['user', 'user.teams', 'user.teams.0']);
    expect(picked['user']).toBe(values.user);
    expect(pick(values, ['user.teams', 'user.teams.0'])).toEqual({ user: { teams: ['a'] } });
    expect(Object(pick(values, ['user.teams'])['user']).teams).toBe(values.user.teams);
  });

  it('leave the original unchanged', () => {
    const values = { user: { name: 'Ada', age: 36 }, list: [1, 2] };
    omit(values, ['user.age', 'list.0']);
    writePath(pick(values, ['user']), 'other', 1);
    expect(values).toEqual({ user: { name: 'Ada', age: 36 }, list: [1, 2] });
  });
});

describe('a copy', () => {
  it('shares no list and no plain object, and keeps cycles', () => {
    const inner = { list: [{ a: 1 }] };
    const source: Values = { inner, again: inner };
    source['self'] = source;
    const copy = cloneValue(source);
    expect(copy).toEqual(source);
    expect(copy['self']).toBe(copy);
    expect(copy['inner']).not.toBe(inner);
    expect(readPath(copy, 'inner.list.0')).not.toBe(inner.list[0]);
  });

  it('includes objects with a null prototype or an empty one', () => {
    const bare: Values = Object.assign(Object.create(null), { a: 1 });
    const parsed: Values = Object.assign(Object.create(Object.create(null)), { a: 1 });
    const copy = cloneValue({ bare, parsed });
    expect(copy).toEqual({ bare: { a: 1 }, parsed: { a: 1 } });
    expect(copy.bare).not.toBe(bare);
    expect(copy.parsed).not.toBe(parsed);
  });

  it('shares instances of classes', () => {
    const date = new Date(0);
    expect(cloneValue({ date })['date']).toBe(date);
  });
});

describe('any path', () => {
  const segment = fc.oneof(
    fc.constantFrom('a', 'b', '0', '1', '', 'length', 'toString', ...FORBIDDEN),
    fc.string({ maxLength: 3 }),
  );
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('.'));
  const tree = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, 1, 'x'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', '0', 'a.b'), tie('value'), {
        maxKeys: 3,
        noNullPrototype: true,
      }),
    ),
  })).value;
  const values = fc.dictionary(fc.constantFrom('a', 'b', 'a.b', '0'), tree, { noNullPrototype: true });

  it('returns what was written there, or is refused with a SessionValueError, and never touches Object.prototype', () => {
    fc.assert(
      fc.property(values, path, (given, key) => {
        const written: unknown = Symbol('written');
        try {
          writePath(given, key, written);
        } catch (error) {
          expect(error).toBeInstanceOf(SessionValueError);
          return;
        }
        expect(readPath(given, key)).toBe(written);
        expect(removePath(given, key)).toBe(true);
      }),
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
