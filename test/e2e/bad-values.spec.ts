import {
  type ArgumentsHost,
  BadRequestException,
  Body,
  Catch,
  Controller,
  Injectable,
  Post,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter } from '@nestjs/core';
import superjson from 'superjson';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type RequestSession,
  Session,
  SessionUnavailableException,
  SessionValueError,
} from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PAIRS, setCookies } from '../support/test-app.js';

/** Stores what visitors post as it came: the worst that an application can do. */
@Controller('posted')
class PostedController {
  @Post('stored')
  stored(@Body() body: object, @Session() session: RequestSession) {
    session.put('before', 2).put('form', body);
    return {};
  }

  @Post('flashed')
  flashed(@Session() session: RequestSession) {
    session.flashAll();
    return {};
  }

  /** Only the response gate can see that the commit fails. */
  @Post('facade')
  facade() {
    Session.put({ before: 2, culprit: 1n });
    throw new BadRequestException();
  }
}

/** The causes of the exceptions that reached the exception filters. */
const caught: unknown[] = [];

@Catch(SessionUnavailableException)
@Injectable()
class NotingFilter extends BaseExceptionFilter {
  override catch(exception: SessionUnavailableException, host: ArgumentsHost): void {
    caught.push(exception.cause);
    // oxlint-disable-next-line promise/valid-params -- a filter's `catch`, and no promise's
    super.catch(exception, host);
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

const cycle: Record<string, unknown> = { name: 'a secret' };
cycle['self'] = cycle;

class Refusing {
  toJSON(): never {
    throw new Error('a secret');
  }
}

const UNSTORABLE: readonly [what: string, value: unknown, path: string, reason: RegExp][] = [
  ['a cycle', cycle, 'culprit', /contains itself \(a cycle\)/],
  ['a BigInt', 1n, 'culprit', /BigInt/],
  ['a BigInt within', { list: [1n] }, 'culprit', /BigInt/],
  ['a function', () => 'a secret', 'culprit', /a function cannot be stored/],
  ['a function within', { on: { click: () => 1 } }, 'culprit.on.click', /a function/],
  ['a class', Refusing, 'culprit', /a function/],
  ['a symbol', Symbol('a secret'), 'culprit', /a symbol cannot be stored/],
  ['a symbol in a list', [1, Symbol('a secret')], 'culprit.1', /a symbol/],
  ['NaN', Number.NaN, 'culprit', /NaN would become null/],
  ['a number without end', { total: -Infinity }, 'culprit.total', /-Infinity would become null/],
  [
    'a Map',
    { prices: new Map([['a secret', 1]]) },
    'culprit.prices',
    /a Map would become a plain object .*superjson/,
  ],
  ['a Set', new Set(['a secret']), 'culprit', /a Set would become a plain object/],
  ['a Buffer', { avatar: Buffer.from('a secret') }, 'culprit.avatar', /a Buffer would become a plain object/],
  ['Headers', new Headers({ cookie: 'a secret' }), 'culprit', /a Headers would become a plain object/],
  ['an invalid Date', { since: new Date('a secret') }, 'culprit.since', /an invalid Date would become null/],
  ['an object that refuses', new Refusing(), 'culprit', /the serializer refused it/],
  ['what is nested too deep', nested(600), 'culprit.0.0', /nested more than 500 levels deep/],
  ['what is nested far too deep', nested(50_000), 'culprit', /nested more than 500 levels deep/],
];

describe.each(PAIRS)('A value that cannot be stored, on %s', (platform, driver) => {
  describe(`with ${driver}`, () => {
    let app: HandlerApp;

    beforeAll(async () => {
      app = await HandlerApp.start(platform, {
        options: { driver },
        controllers: [PostedController],
        providers: [{ provide: APP_FILTER, useClass: NotingFilter }],
      });
    });
    beforeEach(() => {
      caught.length = 0;
    });
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
    });

    it.each(UNSTORABLE)(
      'is named by its key in the error of the commit, and not shown: %s',
      async (_what, value, path, reason) => {
        const visitor = app.visitor();
        await visitor.in((session) => session.put('before', 1));
        const { response, cookies } = await visitor.handle(
          (session) => void session.put('before', 2).flash('status', 'Saved.').put('culprit', value),
          { status: 503 },
        );
        expect(response.body).toEqual({ statusCode: 503, message: 'Service Unavailable' });
        expect(cookies).toEqual([]);
        const [cause] = caught;
        expect(cause).toBeInstanceOf(SessionValueError);
        const { message } = cause as SessionValueError;
        expect(message).toContain(`"${path}`);
        expect(message).toMatch(reason);
        expect(message).toContain('Nothing of this commit was stored.');
        expect(message).not.toContain('a secret');
        expect(message.length).toBeLessThan(300);
        expect(await visitor.in((session) => session.all())).toEqual({ before: 1 });
      },
    );

    it('is refused among flash messages too', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('before', 1));
      await visitor.handle((session) => void session.put('before', 2).flash('errors', { title: new Map() }), {
        status: 503,
      });
      expect(String(caught[0])).toContain('"errors.title"');
      expect(await visitor.in((session) => session.all())).toEqual({ before: 1 });
    });

    it('turns the response of an exception filter into a clean 503 if only the gate sees the commit fail', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('before', 1));
      const response = await visitor.agent.post('/posted/facade').expect(503);
      expect(response.body).toEqual({ statusCode: 503, message: 'Service Unavailable' });
      expect(response.headers['cache-control']).toBe('no-store');
      expect(setCookies(response)).toEqual([]);
      expect(await visitor.in((session) => session.all())).toEqual({ before: 1 });
    });

    it.each([
      '__proto__',
      'prototype',
      'constructor',
      'a.__proto__',
      '__proto__.polluted',
      'a.constructor.prototype.b',
    ])('is any value under the key %j, which every method refuses before anything changes', async (key) => {
      const visitor = app.visitor();
      const writes: Record<string, (session: RequestSession) => unknown> = {
        put: (session) => session.put(key, 1),
        'put of several': (session) => session.put(Object.fromEntries([[key, 1]])),
        update: (session) => session.update(key, () => 1),
        push: (session) => session.push(key, 1),
        increment: (session) => session.increment(key),
        pull: (session) => session.pull(key),
        forget: (session) => session.forget(key),
        flash: (session) => session.flash(key, 1),
        now: (session) => session.now(key, 1),
        get: (session) => session.get(key),
        has: (session) => session.has(key),
      };
      const refused = await visitor.in((session) => {
        session.put('before', 1);
        return Object.entries(writes).map(([name, write]) => {
          try {
            write(session);
            return `${name} took it`;
          } catch (error) {
            return error;
          }
        });
      });
      for (const error of refused) {
        expect(error).toBeInstanceOf(SessionValueError);
        expect(String(error)).toContain(key);
      }
      expect(await visitor.in((session) => session.all())).toEqual({ before: 1 });
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
    });

    it.each([[5], [null], [Symbol('key')], [[5, null]], [true], [() => 'a']])(
      'is any value under a key that is not a string: %s',
      async (key) => {
        const visitor = app.visitor();
        const refused = await visitor.in((session) => {
          const methods = ['put', 'flash', 'now', 'push', 'update', 'increment'];
          return methods.map((name) => {
            try {
              return Reflect.apply(Reflect.get(session, name), session, [key, 1]);
            } catch (error) {
              return error;
            }
          });
        });
        for (const error of refused) {
          expect(error).toBeInstanceOf(SessionValueError);
          expect(String(error)).toContain('A session key is a string');
        }
        expect(await visitor.in((session) => session.all())).toEqual({});
      },
    );

    describe('posted by a visitor', () => {
      const post = async (path: string, body: string, visitor = app.visitor()) =>
        visitor.agent.post(`/posted/${path}`).set('Content-Type', 'application/json').send(body);

      it.each([600, 5000, 45_000])(
        '%i levels deep is answered with a 503 and leaves the session as it was',
        async (depth) => {
          const visitor = app.visitor();
          await visitor.in((session) => session.put('before', 1));
          const response = await post('stored', `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`, visitor);
          expect(response.status).toBe(503);
          expect(String(caught[0])).toMatch(
            /"form[^"]*" cannot be stored: it is nested more than 500 levels deep/,
          );
          expect(await visitor.in((session) => session.all())).toEqual({ before: 1 });
        },
      );

      it.each([40, 5000, 45_000])(
        '%i levels deep does not keep other fields from refilling a form',
        async (depth) => {
          const visitor = app.visitor();
          const response = await post(
            'flashed',
            `{"a":${'['.repeat(depth)}${']'.repeat(depth)},"title":"kept"}`,
            visitor,
          );
          expect(response.status).toBe(201);
          expect(await visitor.in((session) => session.old('title'))).toBe('kept');
        },
      );

      it('with names of prototypes is stored under plain names, and left out of forms', async () => {
        const hostile =
          '{"__proto__":{"polluted":1},"ok":{"__proto__":{"polluted":1},"b":2},"constructor":{"prototype":{"polluted":1}}}';
        const visitor = app.visitor();
        const stored = await post('stored', hostile, visitor);
        // Fastify's own parser refuses such bodies.
        expect(stored.status).toBe(platform === 'fastify' ? 400 : 201);
        if (platform === 'fastify') return;
        const seen = await visitor.in((session) => {
          const form = session.get<Record<string, object>>('form', {});
          return [
            JSON.stringify(form),
            Reflect.get(form, 'polluted'),
            Reflect.get(form['ok'] ?? {}, 'polluted'),
          ];
        });
        expect(seen).toEqual([hostile, undefined, undefined]);
        await post('flashed', hostile, visitor);
        expect(await visitor.in((session) => session.flashMessages.all())).toEqual({ ok: { b: 2 } });
        expect(Reflect.get({}, 'polluted')).toBeUndefined();
      });
    });
  });

  it('is stored if the serializer supports it', async () => {
    const { stringify, parse } = superjson;
    await using app = await HandlerApp.start(platform, { options: { serializer: { stringify, parse } } });
    const visitor = app.visitor();
    const value = {
      map: new Map([['a', 1n]]),
      set: new Set([1]),
      date: new Date(0),
      nothing: undefined,
      nan: Number.NaN,
    };
    await visitor.in((session) => session.put('rich', value));
    expect(await visitor.in((session) => session.get('rich'))).toEqual(value);
  });
});
