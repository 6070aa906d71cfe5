import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SessionValueError } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';

describe('several keys', () => {
  let app: HandlerApp;
  beforeAll(async () => {
    app = await HandlerApp.start('express');
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  it('are queried one by one or in a list, and all of them count', async () => {
    await app.visitor().in((session) => {
      session.put({ a: 1, b: { c: 2 }, nothing: null });
      expect([session.has('a', 'b.c'), session.has(['a', 'b.c']), session.has('a', ['b.c'])]).toEqual([
        true,
        true,
        true,
      ]);
      expect([session.has('a', 'x'), session.has('a', 'nothing'), session.has('x', 'a')]).toEqual([
        false,
        false,
        false,
      ]);
      expect([session.exists('a', 'nothing'), session.exists('a', 'x')]).toEqual([true, false]);
      expect([session.missing('x', 'nothing'), session.missing('x', 'a')]).toEqual([true, false]);
      expect([session.hasAny('x', 'a'), session.hasAny(['x', 'b.c'])]).toEqual([true, true]);
      expect([session.hasAny('x', 'nothing'), session.hasAny([])]).toEqual([false, false]);
    });
  });

  it('may be an empty list, which names none of them', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => {
      session.put('a', 1);
      expect([session.has([]), session.exists([]), session.missing([])]).toEqual([true, true, true]);
      expect([session.only([]), session.except([])]).toEqual([{}, { a: 1 }]);
      session.flash('status', 'Saved.').forget([]).delete([]);
    });
    await visitor.in((session) => session.keep([]));
    expect(await visitor.in((session) => session.all())).toEqual({ a: 1 });
  });

  it('are picked, omitted and removed one by one or in a list', async () => {
    await app.visitor().in((session) => {
      session.put({ a: 1, b: { c: 2, d: 3 }, e: 4 });
      expect(session.only('a', 'b.c')).toEqual({ a: 1, b: { c: 2 } });
      expect(session.except('a', ['b.c'])).toEqual({ b: { d: 3 }, e: 4 });
      expect(session.forget('a', 'b.c').all()).toEqual({ b: { d: 3 }, e: 4 });
      expect(session.delete('b', ['e']).all()).toEqual({});
    });
  });

  it.each([
    [
      ['list.0', 'list.1'],
      ['c', { d: 1, e: 2 }],
    ],
    [
      ['list.1', 'list.0', 'list.1'],
      ['c', { d: 1, e: 2 }],
    ],
    [
      ['list.2', 'list.3.d', 'list.0'],
      ['b', { e: 2 }],
    ],
    [
      ['list.0', 'list.3', 'list.3.d', 'other'],
      ['b', 'c'],
    ],
    [
      ['list.9', 'list.10', 'list.0'],
      ['b', 'c', { d: 1, e: 2 }],
    ],
  ])('of list items refer to the list before any item is removed: %j', async (keys, left) => {
    const visitor = app.visitor();
    await visitor.in((session) => {
      session.put({ list: ['a', 'b', 'c', { d: 1, e: 2 }], other: 1 });
    });
    await visitor.in((session) => {
      expect(session.except(...(keys as [string]))['list']).toEqual(left);
      expect(session.get('list')).toHaveLength(4);
      expect(session.forget(...(keys as [string])).get('list')).toEqual(left);
    });
    expect(await visitor.in((session) => session.get('list'))).toEqual(left);
  });

  it.each(['has', 'hasAny', 'exists', 'missing', 'only', 'except', 'forget', 'delete'] as const)(
    'are refused by %s, which changes nothing, if one of them is invalid',
    async (method) => {
      await app.visitor().in((session) => {
        session.put({ a: 1, b: 2 });
        for (const wrong of [undefined, null, 5, {}, 'x.__proto__', [['a']], ['a', undefined]]) {
          const call = (): unknown => Reflect.apply(session[method], session, ['a', wrong]);
          expect(call).toThrow(SessionValueError);
        }
        expect(session.all()).toEqual({ a: 1, b: 2 });
      });
    },
  );

  it.each(['put', 'permanent', 'merge', 'flash', 'now'] as const)(
    'of values given to %s are refused as a whole if one of them has no place',
    async (method) => {
      await app.visitor().in((session) => {
        session.put('kept', ['a']).flash('kept', ['a']);
        const before = session.all();
        for (const wrong of [
          { list: [1], 'list.9': 2 },
          { theme: 'dark', 'kept.9': 2 },
          { theme: 'dark', kept: { 9: {} } },
        ].slice(0, method === 'merge' ? 3 : 2)) {
          const call = (): unknown => Reflect.apply(session[method], session, [wrong]);
          expect(call).toThrow(/^Cannot store at "(list|kept)\.9": there is a list of 1/);
        }
        expect(session.all()).toEqual(before);
        expect(session.duration).toBe(7_200_000);
      });
    },
  );

  it('of refused values are not even set on an instance of a class', async () => {
    class User {
      name = 'ann';
    }
    await app.visitor().in((session) => {
      const user = new User();
      session.put({ user, list: [1] });
      expect(() => session.put({ 'user.name': 'bob', 'list.9': 2 })).toThrow('there is a list of 1');
      expect(user.name).toBe('ann');
      expect(session.put({ 'user.name': 'bob', 'list.1': 2 }).all()).toEqual({
        user: { name: 'bob' },
        list: [1, 2],
      });
    });
  });

  it.each(['has', 'hasAny', 'exists', 'missing', 'only', 'except', 'flashOnly', 'flashExcept'] as const)(
    'must include at least one in a call of %s',
    async (method) => {
      await app.visitor().in((session) => {
        const call = (): unknown => Reflect.apply(session[method], session, []);
        expect(call).toThrow(`${method} got no key. It takes one, several, or a list of them.`);
      });
    },
  );

  it('must include at least one for keep, whose error says how to keep all', async () => {
    await app.visitor().in((session) => {
      const call = (): unknown => Reflect.apply(Object(Reflect.get(session, 'keep')), session, []);
      expect(call).toThrow(/^keep got no key\. .* For all messages there is reflash\(\)\.$/);
      expect(session.keep([]).isModified).toBe(false);
    });
  });
});
