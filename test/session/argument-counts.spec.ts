import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session, SessionValueError } from 'nestjs-session-kit';
import { ARGUMENTS } from '../../lib/session/argument-counts.js';
import { HandlerApp } from '../support/handler-app.js';

const double = (value: unknown): number => Number(value) * 2;

describe('A wrong number of arguments', () => {
  let app: HandlerApp;
  beforeAll(async () => {
    app = await HandlerApp.start('express');
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  it.each([
    ['get', ['a', 'b', 'c'], /^get got 3 arguments\. It takes a key and a default.*only\(keys\)/],
    ['all', ['a'], /^all got 1 argument\. It takes none.*only\(keys\)/],
    ['pull', ['a', 'b', 'c'], /once for each key/],
    ['put', ['a', 1, 2], /^put got 3 arguments\. It takes a key and a value, or one object/],
    ['set', ['a', 1, 2], /^set got 3 arguments/],
    ['put', [{ b: 1 }, { c: 2 }], /^put got 2 arguments/],
    ['put', ['b'], /^put got 1 argument\. It takes a key and a value/],
    ['set', ['b'], /^set got 1 argument/],
    ['merge', [{ b: 1 }, { c: 2 }], /one object/],
    ['reset', [{ b: 1 }, { c: 2 }], /one object/],
    ['remember', ['b', () => 1, 2], /a key and a function/],
    ['update', ['a', double, 2], /a key and a function/],
    ['push', ['list', 1, 2], /^push got 3 arguments\. .*Call it once for each value/],
    ['push', ['list'], /^push got 1 argument/],
    ['increment', ['a', 1, 2], /a key and a number/],
    ['decrement', ['a', 1, 2], /a key and a number/],
    ['flush', ['a'], /forget\(keys\)/],
    ['clear', ['a'], /forget\(keys\)/],
    ['setDuration', ['2h', '3h'], /text such as '2h'/],
    ['permanent', [{ b: 1 }, { c: 2 }], /one object/],
    ['invalidate', ['a'], /It takes none/],
    ['generateId', ['a'], /It takes none/],
    ['setId', ['a', 'b'], /It takes an id/],
    ['destroy', ['cart'], /^destroy got 1 argument\. It takes nothing, or a callback.*forget\(keys\)/],
    ['commit', ['cart'], /It takes nothing, or a callback/],
    ['regenerate', [true], /It takes nothing, or a callback/],
    ['setSignedId', ['a', 'b', 'c'], /a signed id and a secret/],
    ['initiate', [true, true], /read-only/],
    ['start', [true, true], /read-only/],
    ['initiate', ['yes'], /^initiate got a value of type string\. It takes true .*read-only, or nothing/],
    ['start', [null], /^start got null\. It takes true/],
    ['flash', ['a', 'b', 'c'], /a key and a value/],
    ['flash', ['b'], /^flash got 1 argument\./],
    ['flash', [{ b: 1 }, 'c'], /^flash got 2 arguments/],
    ['now', ['a', 'b', 'c'], /a key and a value/],
    ['now', ['b'], /^now got 1 argument\./],
    ['reflash', ['a'], /^reflash got 1 argument\. .*keep\(keys\)/],
    ['flashAll', ['a'], /^flashAll got 1 argument\. .*flashOnly\(keys\) and flashExcept\(keys\)/],
    ['old', ['a', 'b', 'c'], /a key and a default/],
  ] as const)(
    'to %s(%j) is an error that says what to do, and changes nothing',
    async (method, args, says) => {
      await app.visitor().in((session) => {
        session.put({ a: 1, list: [] });
        for (const on of [session, Session]) {
          const call = (): unknown => Reflect.apply(on[method], on, args);
          expect(call).toThrow(SessionValueError);
          expect(call).toThrow(says);
        }
        expect(session.all()).toEqual({ a: 1, list: [] });
      });
    },
  );

  it('is refused by request.session too', async () => {
    await app.visitor().in((_session, { req }) => {
      const push: unknown = Reflect.get(Object(req.session) as object, 'push');
      expect(() => Reflect.apply(Object(push), undefined, ['list', 1, 2])).toThrow(
        /Call it once for each value/,
      );
    });
  });

  it.each([
    ['get', ['a', 'b', 'c']],
    ['all', ['a']],
  ] as const)('to %s(%j) is refused by flash messages too', async (method, args) => {
    await app.visitor().in(({ flashMessages }) => {
      expect(() => Reflect.apply(flashMessages[method], flashMessages, args)).toThrow(SessionValueError);
    });
  });

  it('does not include explicit undefined', async () => {
    const stored = await app.visitor().in((session) => {
      session.put('a', undefined).push('list', undefined).now('b', undefined).flash('c', undefined);
      // A list that contains undefined cannot be stored.
      return [session.exists('a'), session.pull('list'), session.get('a', undefined)];
    });
    expect(stored).toEqual([false, [undefined], undefined]);
  });

  it('is ignored by the callback methods of express-session, since their callers pass more', async () => {
    await app.visitor().in(async (session) => {
      for (const method of ['touch', 'save', 'commit', 'reload', 'regenerate', 'roll', 'destroy'] as const) {
        expect(await Reflect.apply(session[method], session, [undefined, 'more']), method).toBe(session);
      }
    });
  });

  it('is checked without changing the name property of the methods', async () => {
    const names = Object.keys(ARGUMENTS) as (keyof typeof ARGUMENTS)[];
    await app.visitor().in((session) => {
      for (const name of names.filter((each) => each !== 'set')) expect(session[name].name).toBe(name);
    });
  });
});
