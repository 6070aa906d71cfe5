import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SessionValueError } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';

/** Values that untyped code can pass, such as a visitor's query. */
const NO_KEYS = [null, 5, true, {}];

describe('an invalid argument', () => {
  let app: HandlerApp;
  beforeAll(async () => {
    app = await HandlerApp.start('express');
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  it.each([
    ...([
      'get',
      'has',
      'exists',
      'missing',
      'only',
      'except',
      'pull',
      'update',
      'push',
      'increment',
    ] as const),
    ...(['forget', 'old', 'flashOnly', 'flashExcept'] as const),
  ])('in place of a key is refused by %s', async (method) => {
    const errors = await app.visitor().in((session) =>
      NO_KEYS.map((key): unknown => {
        try {
          return Reflect.apply(session[method], session, [key, () => 1]);
        } catch (error) {
          return error;
        }
      }),
    );
    expect(errors).toEqual(NO_KEYS.map(() => expect.any(SessionValueError)));
  });

  it.each(['put', 'merge', 'reset', 'permanent', 'flash', 'now'] as const)(
    'among several values is refused by %s before anything is changed',
    async (method) => {
      const seen = await app.visitor().in((session) => {
        session.put('kept', 1);
        const { duration } = session;
        const values = { first: 1, 'constructor.name': 2 };
        expect(() => session[method](values)).toThrow(SessionValueError);
        return { all: session.all(), isSame: session.duration === duration };
      });
      expect(seen).toEqual({ all: { kept: 1 }, isSame: true });
    },
  );

  it.each([undefined, null, 'text', 5, [1]])('such as %s is refused by reset', async (values) => {
    const kept = await app.visitor().in((session) => {
      session.put('a', 1);
      expect(() => session.reset(values as never)).toThrow(SessionValueError);
      return session.all();
    });
    expect(kept).toEqual({ a: 1 });
  });

  it.each<[string, object]>([
    ['a Map', new Map([['a', 1]])],
    ['a class made of one', new (class Cart extends Map<string, number> {})([['a', 1]])],
    ['FormData', new FormData()],
    ['URLSearchParams', new URLSearchParams('a=1')],
    ['Headers', new Headers({ a: '1' })],
    ['a promise that was not awaited', Promise.resolve({ a: 1 })],
    ['a Buffer', Buffer.from('a')],
    ['an Error', new Error('a')],
    ['a Date', new Date()],
    ['an object with a symbol for a key', { [Symbol('a')]: 1 }],
  ])('in place of values by their keys is refused: %s', async (_what, values) => {
    const seen = await app.visitor().in((session, { req }) => {
      session.put('kept', 1).now('message', 1);
      for (const of of [session, Object(req.session)]) {
        for (const method of ['put', 'set', 'merge', 'reset', 'permanent', 'flash', 'now'] as const) {
          const call = (): unknown => Reflect.apply(of[method], of, [values]);
          expect(call, method).toThrow(SessionValueError);
          expect(call, method).toThrow('values by their keys');
        }
      }
      return session.all();
    });
    expect(seen).toEqual({ kept: 1, message: 1 });
  });

  it('does not include a class instance, whose properties are stored as values', async () => {
    class Address {
      readonly street = 'Hill Road';
    }
    const seen = await app.visitor().in((session) => {
      session
        .put(new Address() as never)
        .merge(new Address() as never)
        .flash(new Address() as never);
      return session.all();
    });
    expect(seen).toEqual({ street: 'Hill Road' });
  });

  it.each([undefined, null, 5, ['v1.a.b'], {}])(
    'in place of a signed id (%s) counts as a bad signature',
    async (signedId) => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      expect(await visitor.in((session) => [session.setSignedId(signedId as never), session.all()])).toEqual([
        false,
        { a: 1 },
      ]);
    },
  );

  it.each([null, 5, '', {}])(
    'in place of a secret (%j) is refused, since anybody could sign with it',
    async (secret) => {
      await app.visitor().in((session) => {
        const call = (): unknown => session.setSignedId(session.put('a', 1).signedId, secret as never);
        expect(call).toThrow(SessionValueError);
        expect(call).toThrow(/setSignedId got .* in place of a secret; it takes text/);
        expect(session.all()).toEqual({ a: 1 });
      });
    },
  );

  it.each(['forget', 'delete'] as const)(
    'such as undefined does not make %s remove everything',
    async (method) => {
      const kept = await app.visitor().in((session) => {
        session.put('a', 1);
        expect(() => session[method](undefined as never)).toThrow('got undefined in place of a key');
        return session.all();
      });
      expect(kept).toEqual({ a: 1 });
    },
  );

  it.each(['reset', 'merge', 'permanent'] as const)(
    'in place of an object with values is refused by an error that names %s, and changes nothing',
    async (method) => {
      const visitor = app.visitor();
      const { duration } = await visitor.in((session) => session.put('a', 1));
      await visitor.in((session) => {
        for (const given of [5, 'x', null, new Map()]) {
          const call = (): unknown => session[method](given as never);
          expect(call).toThrow(SessionValueError);
          expect(call).toThrow(`${method} takes an object with the new values by their keys`);
        }
      });
      expect(await visitor.in((session) => [session.all(), session.duration])).toEqual([{ a: 1 }, duration]);
    },
  );

  it('does not include a single key where several are expected', async () => {
    const seen = await app.visitor().in(
      (session) => {
        session.put({ ab: 1, c: 2 }).flashExcept('password2').flashOnly('email');
        return [session.only('ab'), session.except(['c', 'email']), session.except('email')];
      },
      { body: { email: 'ada@example.org', password2: 'x' } },
    );
    expect(seen).toEqual([{ ab: 1 }, { ab: 1 }, { ab: 1, c: 2 }]);
  });
});

describe('an invalid duration, number or id', () => {
  it.each([
    ['setDuration', 'soon', 'setDuration got "soon"; it takes milliseconds above zero'],
    ['setDuration', 'x'.repeat(5000), `setDuration got "${'x'.repeat(80)}..."; it takes`],
    ['setDuration', '\u202Esoon\n', String.raw`setDuration got "\u202esoon\n"; it takes`],
    ['setDuration', -1, 'setDuration got -1; it takes'],
    ['setDuration', {}, 'setDuration got a value of type object; it takes'],
    ['increment', Number.NaN, 'Cannot increment "n" by NaN: it takes a finite number.'],
    ['decrement', Number.NaN, 'Cannot decrement "n" by NaN: it takes a finite number.'],
    ['increment', '5', 'Cannot increment "n" by a value of type string: it takes a finite number.'],
    ['setId', '', 'setId got empty text; it takes an id'],
    ['setId', 5, 'setId got a value of type number; it takes an id'],
    ['setId', Promise.resolve('id'), 'setId got a promise, which has to be awaited first; it takes an id'],
    [
      'get',
      Promise.resolve('key'),
      "such as 'cart' or 'cart.total'; got a promise, which has to be awaited first.",
    ],
  ] as const)('is refused by %s with an error that says what it got: %j', async (method, given, message) => {
    await using app = await HandlerApp.start('express');
    await app.visitor().in((session) => {
      const args = method.endsWith('crement') ? ['n', given] : [given];
      const call = (): unknown => Reflect.apply(session[method], session, args);
      expect(call).toThrow(SessionValueError);
      expect(call).toThrow(message);
    });
  });
});

describe('expiresAt', () => {
  it('follows a new lifetime immediately, even for a session that is already stored', async () => {
    await using app = await HandlerApp.start('express');
    const visitor = app.visitor();
    await visitor.in((session) => session.put('a', 1));
    const left = await visitor.in((session) => [
      session.setDuration('2d').expiresAt - Date.now(),
      session.permanent().expiresAt - Date.now(),
    ]);
    const seconds = left.map((ms) => Math.round(ms / 1000));
    expect(seconds).toEqual([2 * 86_400, 3650 * 86_400]);
  });
});
