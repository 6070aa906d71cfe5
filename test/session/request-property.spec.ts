import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { ClassSerializerInterceptor, Controller, Get, Post, Req, UseInterceptors } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Exclude, Expose } from 'class-transformer';
import { describe, expect, it } from 'vitest';
import {
  Flash,
  FlashMessages,
  RequestSession,
  Session,
  SessionError,
  SessionValueError,
} from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { HandlerApp, type HandlerContext } from '../support/handler-app.js';
import { sharedApps } from '../support/shared-apps.js';
import { PLATFORMS } from '../support/test-app.js';

/** A session as seen by JavaScript and by libraries without its types. */
type Loose = Record<string, unknown>;

const shape = ({ req }: HandlerContext): Loose => Object(req.session);

/** Calls a method of express-session's that has a callback. */
const calling = (session: Loose, method: string, ...args: unknown[]) =>
  new Promise<void>((resolve, reject) => {
    const callback = (error?: unknown) => (error === undefined ? resolve() : reject(error));
    Reflect.apply(Object(session[method]), session, [...args, callback]);
  });

/** A session of another library. */
const ofNobody = { user: 'nobody' };

const cookieOf = (session: Loose): Loose => Object(session['cookie']);

/** In strict mode, as modules are: throws if the object takes no property. */
function putField(into: Loose): void {
  into['field'] = 'x';
}

/** The names of an object's own and inherited properties. */
function namesOf(object: object): Set<string> {
  const names = new Set<string>();
  for (let on: object | null = object; on !== null; on = Reflect.getPrototypeOf(on)) {
    for (const name of Object.getOwnPropertyNames(on)) names.add(name);
  }
  return names;
}

describe.each(PLATFORMS)('request.session on %s', (platform) => {
  const apps = sharedApps(platform);
  const start = (driver = 'memory') => apps({ driver });

  it('stores assignments, increments, deletions and undefined', async () => {
    const app = await start();
    const visitor = app.visitor();
    const stored = await visitor.handle((_session, context) => {
      Object.assign(shape(context), { views: 1, user: { name: 'Ada' }, returnTo: '/secret' });
    });
    expect(stored.cookies).toHaveLength(1);
    await visitor.in((_session, context) => {
      const session = shape(context);
      session['views'] = Number(session['views']) + 1;
      session['user'] = undefined;
      expect(Reflect.deleteProperty(session, 'returnTo')).toBe(true);
      expect(session['returnTo']).toBeUndefined();
    });
    expect(await visitor.in((session) => session.all())).toEqual({ views: 2 });
  });

  it.each<[string, (session: Loose) => unknown]>([
    ['delete', (session) => Reflect.deleteProperty(session, 'user')],
    ['assigning undefined', (session) => (session['user'] = undefined)],
    ['regenerate with a list of keys', (session) => calling(session, 'regenerate', ['cart'])],
  ])('removes by %s also what a parallel request has stored meanwhile', async (_way, remove) => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.put('step', 1));
    await visitor.in(async (_session, context) => {
      const session = shape(context);
      session['cart'] = 1;
      await visitor.in((other) => other.forget('cart').put('user', 'ann'));
      await remove(session);
    });
    expect(await visitor.in((session) => session.only('cart', 'user'))).toEqual({ cart: 1 });
  });

  it('lets a missing value be deleted anywhere, which is no write', async () => {
    const app = await start();
    const visitor = app.visitor();
    const deleted = ({ req }: HandlerContext) =>
      ['user', 'cookie', 'save', '__proto__', 'constructor'].map((name) =>
        Reflect.deleteProperty(Object(req.session), name),
      );
    const { value, cookies } = await visitor.handle((session, context) => [
      deleted(context).every(Boolean),
      session.isModified,
    ]);
    expect([value, cookies]).toEqual([[true, false], []]);
    await visitor.in((session) => session.put('step', 1));
    await visitor.in(async (session, context) => {
      await session.initiate(true);
      expect(deleted(context)).not.toContain(false);
    });
  });

  it('has only its values as own keys', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session, context) => {
      session.put('cart', ['tea']).flash('status', 'Hello');
      shape(context)['literal.dots'] = 1;
    });
    const seen = await visitor.in((_session, context) => {
      const session = shape(context);
      const names: string[] = [];
      for (const name in session) names.push(name);
      return {
        keys: Object.keys(session),
        names,
        spread: { ...session },
        json: JSON.parse(JSON.stringify(session)) as unknown,
        in: ['cart', 'cookie', 'save', 'user', 'status', 'toString'].map((name) => name in session),
        own: ['cart', 'cookie', 'user'].map((name) => Object.hasOwn(session, name)),
        isSession: session instanceof RequestSession,
      };
    });
    const values = { cart: ['tea'], 'literal.dots': 1 };
    expect(seen).toEqual({
      keys: ['cart', 'literal.dots'],
      names: ['cart', 'literal.dots'],
      spread: values,
      json: values,
      in: [true, true, true, false, false, true],
      own: [true, false, false],
      isSession: true,
    });
  });

  it('never exposes a flash message, which may be form input, as a value', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.flashAll(), { body: { passport: { user: 'admin' } } });
    expect(await visitor.in((_session, context) => shape(context)['passport'])).toBeUndefined();
  });

  it('takes names literally and stores mutations in place, as libraries need for their state', async () => {
    const app = await start();
    const visitor = app.visitor();
    const key = 'oauth2:example.test';
    await visitor.in((_session, context) => {
      const session = shape(context);
      session[key] ??= {};
      Object.assign(Object(session[key]), { state: 'abc' });
    });
    expect(await visitor.in((_session, context) => Object.entries(shape(context)))).toEqual([
      [key, { state: 'abc' }],
    ]);
    await visitor.in((_session, context) => Reflect.deleteProperty(shape(context), key));
    expect(await visitor.in((session) => session.all())).toEqual({});
  });

  it('stores nothing and sends no cookie when it is only read', async () => {
    const app = await start();
    const { value, cookies } = await app
      .visitor()
      .handle((_session, context) => [shape(context)['returnTo'], Object.keys(shape(context))]);
    expect([value, cookies]).toEqual([[undefined, []], []]);
  });

  it.each(['memory', 'stealth'])('destroys the session when null is assigned, with %s', async (driver) => {
    const app = await start(driver);
    const visitor = app.visitor();
    await visitor.in((session) => session.put('user', 'ada'));
    const { cookies } = await visitor.handle((session, { req }) => {
      Reflect.set(req, 'session', null);
      expect(session.all()).toEqual({});
    });
    expect(cookies.join()).toMatch(/max-age=0/i);
    expect(await visitor.in((session) => session.all())).toEqual({});
  });

  it('refuses any other assignment, and says what to do', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session, { req }) => {
      session.put('user', 'ada');
      for (const value of [{}, undefined, false, { user: 'eve' }]) {
        expect(() => Reflect.set(req, 'session', value)).toThrow(/cannot be replaced.*session\.reset.*null/);
      }
      Reflect.set(req, 'session', req.session);
    });
    expect(await visitor.in((session) => session.all())).toEqual({ user: 'ada' });
  });

  it('stores or refuses every name, and no name breaks the session', async () => {
    const app = await start();
    const visitor = app.visitor();
    const names = ['then', 'toJSON', 'toString', 'valueOf', 'hasOwnProperty', 'constructor', '__proto__'];
    for (const name of [...names, ...namesOf(RequestSession.prototype)]) {
      const outcome = await visitor.in((_session, context) => {
        shape(context)['before'] = 1;
        try {
          shape(context)[name] = 'x';
          return 'kept';
        } catch (error) {
          return error;
        }
      });
      const seen = await visitor.in((_session, context) => [shape(context)['before'], shape(context)[name]]);
      if (outcome === 'kept') expect([name, ...seen]).toEqual([name, 1, 'x']);
      else expect([name, outcome]).toEqual([name, expect.any(SessionValueError)]);
      await visitor.in((_session, context) => Reflect.deleteProperty(shape(context), name));
    }
    expect(await visitor.in((session) => session.all())).toEqual({ before: 1 });
  });

  it('stores or refuses a field set on the object under an arbitrary name, and never loses it silently', async () => {
    const app = await start();
    for (const name of [...namesOf(RequestSession.prototype), 'cookie', 'over', 'toJSON', 'resetMaxAge']) {
      const visitor = app.visitor();
      const outcome = await visitor.in((_session, context) => {
        const session = shape(context);
        try {
          session[name] ??= {};
          Reflect.apply(putField, undefined, [session[name]]);
          return 'kept';
        } catch (error) {
          return error;
        }
      });
      const seen = await visitor.in((_session, context) => Object.entries(shape(context)));
      if (outcome === 'kept') expect([name, seen]).toEqual([name, [[name, { field: 'x' }]]]);
      else expect([name, outcome, seen]).toEqual([name, expect.any(Error), []]);
    }
    expect([{}, Object, RequestSession].map((shared) => 'field' in shared)).toEqual([false, false, false]);
  });

  it('has the methods of all objects, which work on other objects too', async () => {
    const app = await start();
    await app.visitor().in((_session, context) => {
      const session = shape(context);
      session['user'] = 'ada';
      const has = (on: object, name: string): unknown =>
        Reflect.apply(Object(session['hasOwnProperty']), on, [name]);
      expect([has(session, 'user'), has(session, 'own'), has({ own: 1 }, 'own')]).toEqual([
        true,
        false,
        true,
      ]);
      expect([
        Reflect.apply(Object(session['toString']), session, []),
        session['constructor'],
        session['__proto__'],
      ]).toEqual(['[object Object]', RequestSession, Object.getPrototypeOf(session)]);
    });
  });

  it('answers 400 when a field from a request is assigned to one of its methods', async () => {
    const app = await start();
    const assign = (_session: unknown, context: HandlerContext): void => {
      const session = shape(context);
      session['save'] ??= {};
      Object.assign(Object(session['save']), context.req['body']);
    };
    const { response } = await app.visitor().handle(assign, { body: { field: 'x' }, status: 400 });
    expect(response.status).toBe(400);
  });

  it('answers 400 to a form field with a reserved name', async () => {
    const app = await start();
    const visitor = app.visitor();
    const assign = (_session: unknown, context: HandlerContext): void => {
      Object.assign(shape(context), context.req['body']);
    };
    const { response } = await visitor.handle(assign, { body: { save: 'x' }, status: 400 });
    expect(response.status).toBe(400);
  });

  it('has the cookie of express-session, with the lifetime of this session', async () => {
    const app = await start();
    const visitor = app.visitor();
    const { cookies } = await visitor.handle((_session, context) => {
      shape(context)['user'] = 'ada';
      cookieOf(shape(context))['maxAge'] = 3_600_000;
    });
    expect(cookies.join()).toMatch(/max-age=3600\b/i);
    const seen = await visitor.in((session, context) => {
      const { originalMaxAge, expires, path, httpOnly, sameSite } = cookieOf(shape(context));
      return [originalMaxAge, Number(expires) === session.expiresAt, path, httpOnly, sameSite];
    });
    expect(seen).toEqual([3_600_000, true, '/', true, 'lax']);
    await visitor.in((session, context) => {
      cookieOf(shape(context))['expires'] = false;
      expect(session.duration).toBe(7_200_000);
      expect(() => Reflect.set(cookieOf(shape(context)), 'secure', true)).toThrow(/option 'cookie\.secure'/);
    });
  });

  it.each([
    ['maxAge', null],
    ['originalMaxAge', null],
    ['expires', false],
    ['expires', null],
  ] as const)('has a cookie that ends with the browser if cookie.%s is set to %s', async (name, value) => {
    for (const driver of ['memory', 'stealth']) {
      const app = await start(driver);
      const visitor = app.visitor();
      const { cookies } = await visitor.handle((session, context) => {
        shape(context)['user'] = 'ada';
        cookieOf(shape(context))[name] = value;
        expect(session.duration).toBe(7_200_000);
      });
      expect(cookies.join()).toMatch(/session=/);
      expect(cookies.join()).not.toMatch(/max-age|expires/i);
      // It stays so when another request sends the cookie again.
      const later = await visitor.handle((session, context) => {
        const { maxAge, originalMaxAge, expires } = cookieOf(shape(context));
        expect([maxAge, originalMaxAge, expires]).toEqual([null, null, null]);
        session.regenerate();
      });
      expect(later.cookies.join()).toMatch(/session=/);
      expect(later.cookies.join()).not.toMatch(/max-age|expires/i);
      const again = await visitor.handle((_session, context) => {
        cookieOf(shape(context))['maxAge'] = 3_600_000;
      });
      expect(again.cookies.join()).toMatch(/max-age=3600\b/i);
    }
  });

  it.each<[name: string, value: unknown]>([
    ['maxAge', 3_600_000],
    ['maxAge', null],
    ['originalMaxAge', 3_600_000],
    ['expires', false],
    ['expires', new Date(Date.now() + 3_600_000)],
  ])('begins no session for a stranger if middleware sets cookie.%s to %s', async (name, value) => {
    for (const driver of ['memory', 'stealth']) {
      const app = await start(driver);
      const visitor = app.visitor();
      const { cookies, value: seen } = await visitor.handle((session, context) => {
        cookieOf(shape(context))[name] = value;
        return [session.isModified, session.stored];
      });
      expect([cookies, seen]).toEqual([[], [false, false]]);
      // The setting applies to a session that is begun afterwards.
      const begun = await visitor.handle((session, context) => {
        cookieOf(shape(context))[name] = value;
        session.put('user', 'ada');
      });
      expect(begun.cookies.join()).toMatch(/session=/);
      expect(/max-age=/i.test(begun.cookies.join())).toBe(Boolean(value));
      expect(/max-age=7200\b/i.test(begun.cookies.join())).toBe(false);
      // And to an existing session.
      const later = await visitor.handle((session, context) => {
        cookieOf(shape(context))['maxAge'] = 60_000;
        return session.isModified;
      });
      expect([later.value, /max-age=60\b/i.test(later.cookies.join())]).toEqual([true, true]);
    }
  });

  it.each(['maxAge', 'originalMaxAge', 'expires'])('takes a Date for cookie.%s', async (name) => {
    const app = await start();
    const { cookies } = await app.visitor().handle((session, context) => {
      shape(context)['user'] = 'ada';
      cookieOf(shape(context))[name] = new Date(Date.now() + 3_600_000);
      expect(Math.round(session.duration / 1000)).toBe(3600);
    });
    expect(cookies.join()).toMatch(/max-age=3600\b/i);
  });

  it.each<[name: string, value: unknown, message: RegExp]>([
    ['maxAge', Number.NaN, /cookie\.maxAge got NaN; it takes milliseconds, text such as '2h', or a Date/],
    ['maxAge', true, /cookie\.maxAge got a value of type boolean; it takes milliseconds/],
    ['maxAge', new Date('soon'), /cookie\.maxAge got NaN; it takes milliseconds/],
    ['originalMaxAge', 'soon', /cookie\.maxAge got "soon"; it takes milliseconds/],
    ['expires', Date.now(), /cookie\.expires got \d+; it takes a Date/],
    [
      'expires',
      '2036-01-01T00:00:00.000Z',
      /cookie\.expires got "2036-01-01T00:00:00.000Z"; it takes a Date/,
    ],
    ['expires', new Date('soon'), /cookie\.expires got NaN; it takes a Date/],
  ])('says what cookie.%s takes when it is set to %s', async (name, value, message) => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session, context) => {
      shape(context)['user'] = 'ada';
      const set = (): unknown => Reflect.set(cookieOf(shape(context)), name, value);
      expect(set).toThrow(SessionValueError);
      expect(set).toThrow(message);
      expect(session.duration).toBe(7_200_000);
    });
  });

  it('refuses a whole new cookie, and says to set its fields', async () => {
    const app = await start();
    await app.visitor().in((_session, context) => {
      expect(() => (shape(context)['cookie'] = { maxAge: 1000 })).toThrow(
        /request\.session\.cookie\.maxAge = /,
      );
    });
  });

  it('shows its values and its cookie when printed, but neither its id nor its token', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.put('user', { name: 'Ada' }));
    const [text, ...secrets] = await visitor.in((session, context) => [
      inspect(shape(context)),
      session.id,
      session.signedId,
    ]);
    expect(text).toMatch(
      /^\{\s+user: \{ name: 'Ada' \},\s+cookie: \{\s+originalMaxAge: 7200000,\s+expires: \d{4}-/,
    );
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(await visitor.in((_session, context) => inspect(cookieOf(shape(context))))).toMatch(
      /originalMaxAge: 7200000,\s+expires: \d{4}-/,
    );
    await visitor.in((session, context) => {
      session.setId(session.id);
      expect(inspect(shape(context))).toMatch(/^\{\s+cookie: /);
    });
  });

  it('can be cloned through a copy of its values', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.put('user', { roles: ['a'] }));
    await visitor.in((_session, context) => {
      structuredClone({ ...shape(context) })['user'] = 'eve';
      Object(structuredClone({ ...shape(context) })['user']).roles.push('b');
    });
    expect(await visitor.in((session) => session.all())).toEqual({ user: { roles: ['a'] } });
  });

  it('keeps the fields of its cookie when one is deleted, as in express-session', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.handle((session) => session.put('user', 'ada'));
    await visitor.handle((_session, context) => {
      const cookie = cookieOf(shape(context));
      for (const name of ['expires', 'originalMaxAge', 'maxAge', 'path', 'httpOnly', 'unknown'])
        expect(Reflect.deleteProperty(cookie, name)).toBe(true);
      expect(cookie['expires']).toBeInstanceOf(Date);
      expect(cookie['path']).toBe('/');
      cookie['maxAge'] = 3_600_000;
      expect(cookie['originalMaxAge']).toBe(3_600_000);
      expect(() => Reflect.set(cookie, 'secure', true)).toThrow(/option 'cookie\.secure'/);
    });
  });

  it('has the fields of the cookie as own keys, even when all of them are copied', async () => {
    const app = await start();
    await app.visitor().in((_session, context) => {
      shape(context)['user'] = 'ada';
      const cookie = cookieOf(shape(context));
      const { expires, ...rest } = { ...cookie };
      expect(expires).toBeInstanceOf(Date);
      expect(rest).toEqual({
        originalMaxAge: 7_200_000,
        httpOnly: true,
        path: '/',
        secure: false,
        sameSite: 'lax',
        partitioned: false,
      });
      expect(Object.keys(JSON.parse(JSON.stringify(cookie)) as object)).toEqual(Object.keys(cookie));
      Object.assign(cookie, { ...cookie, maxAge: 3_600_000 });
      expect(cookie['originalMaxAge']).toBe(3_600_000);
    });
  });

  it.each(['partitioned', 'priority', 'path', 'foo', 'name'])(
    'says what to do when cookie.%s is set',
    async (name) => {
      const app = await start();
      await app.visitor().in((_session, context) => {
        const set = (): unknown => Reflect.set(cookieOf(shape(context)), name, 'x');
        expect(set).toThrow(SessionError);
        expect(set).toThrow(new RegExp(`${name}\\b.*option 'cookie`));
      });
    },
  );

  it.each([
    ['maxAge', 0],
    ['maxAge', -1],
    ['originalMaxAge', 0],
    ['expires', new Date(0)],
  ] as const)('ends when cookie.%s is set to %s', async (name, value) => {
    for (const driver of ['memory', 'stealth']) {
      const app = await start(driver);
      const visitor = app.visitor();
      await visitor.in((session) => session.put('user', 'ada'));
      const { cookies } = await visitor.handle((_session, context) => {
        cookieOf(shape(context))[name] = value;
      });
      expect(cookies.join()).toMatch(/max-age=0/i);
      expect(await visitor.in((session) => session.all())).toEqual({});
    }
  });

  it('refuses a symbol as a name, and says so', async () => {
    const app = await start();
    await app.visitor().in((_session, context) => {
      expect(() => Reflect.set(shape(context), Symbol('mine'), 1)).toThrow(
        'request.session[Symbol(mine)] cannot be set: values are stored under text, and never under a symbol.',
      );
    });
  });

  it('calls the callback of resetMaxAge, and renews the session', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((_session, context) => void (shape(context)['user'] = 'ada'));
    const { cookies } = await visitor.handle((_session, context) => calling(shape(context), 'resetMaxAge'));
    expect(cookies.join()).toMatch(/max-age=7200\b/i);
    await visitor.in(async (session, context) => {
      await session.setId(session.id).initiate(true);
      await expect(calling(shape(context), 'resetMaxAge')).rejects.toThrow(/read-only/);
    });
  });

  it('stays when it is deleted from the request, which does not end it', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.put('user', 'ada'));
    await visitor.in((_session, context) => {
      Reflect.deleteProperty(context.req, 'session');
      expect(shape(context)['user']).toBe('ada');
    });
    expect(await visitor.in((session) => session.all())).toEqual({ user: 'ada' });
  });

  it('has a request.sessionID beside it that can be assigned without switching to another session', async () => {
    const app = await start();
    const other = await app.visitor().in((session) => session.put('user', 'bob').id);
    const visitor = app.visitor();
    const before = await visitor.in((session) => session.put('user', 'ada').id);
    const { value, cookies } = await visitor.handle((session, { req }) => {
      const seen = [req['sessionID']];
      for (const id of [session.id, other]) {
        Reflect.set(req, 'sessionID', id);
        seen.push(req['sessionID']);
      }
      return [...seen, session.id, session.get('user')];
    });
    expect([value, cookies]).toEqual([[before, before, other, before, 'ada'], []]);
    // The next request does not see the assigned id.
    expect(await visitor.in((_session, { req }) => req['sessionID'])).toBe(before);
  });

  it('is what is assigned if the application has no session for a request', async () => {
    const ofAnother = { of: 'another library' };
    @Controller()
    class ExcludedController {
      @Get('excluded')
      excluded(@Req() req: HandlerContext['req']) {
        const before = [req.session ?? null, req['sessionID'] ?? null];
        for (const name of ['session', 'sessionID', 'flash']) Reflect.set(req, name, ofAnother);
        return [...before, req.session, req['sessionID'], req['flash']];
      }
    }
    await using app = await HandlerApp.start(platform, {
      options: { driver: 'memory', exclude: ['excluded'] },
      controllers: [ExcludedController],
    });
    const { body } = await app.visitor().agent.get('/excluded').expect(200);
    expect(body).toEqual([null, null, ofAnother, ofAnother, ofAnother]);
  });

  it('can be redefined on a request, while the session still works', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session, { req }) => {
      Object.defineProperty(req, 'session', { value: ofNobody, configurable: true });
      expect(req.session).toBe(ofNobody);
      session.put('user', 'ada');
    });
    const seen = await visitor.in((_session, { req }) => Object(req.session)['user'] as unknown);
    expect(seen).toBe('ada');
  });

  it('calls the callbacks of regenerate, save, reload, touch and destroy', async () => {
    const app = await start();
    const visitor = app.visitor();
    const seen = await visitor.in(async (session, context) => {
      const own = shape(context);
      Object.assign(own, { cart: 1, draft: 2 });
      const before = context.req['sessionID'];
      await calling(own, 'regenerate', ['cart']);
      const kept = { ...own };
      await calling(own, 'save');
      own['late'] = 1;
      await calling(own, 'reload');
      await calling(own, 'touch');
      const reloaded = { ...own };
      const after = context.req['sessionID'];
      await calling(own, 'destroy');
      return { kept, reloaded, changed: before !== after && after !== session.id, left: { ...own } };
    });
    expect(seen).toEqual({ kept: { cart: 1 }, reloaded: { cart: 1 }, changed: true, left: {} });
  });

  it('has the methods of the session, which return request.session itself', async () => {
    const app = await start();
    const seen = await app.visitor().in((session, context) => {
      const own = shape(context);
      const again: unknown = Reflect.apply(Object(own['put']), own, ['a', 1]);
      return [again === own, own['id'] === session.id, session.get('a')];
    });
    expect(seen).toEqual([true, true, 1]);
  });

  it.each(['save', 'commit', 'reload', 'destroy', 'regenerate', 'touch', 'resetMaxAge'])(
    'returns itself from %s with a callback, as in express-session',
    async (method) => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      const isItself = await visitor.in(async (_session, context) => {
        const own = shape(context);
        const called = new Deferred();
        const given: unknown = Reflect.apply(Object(own[method]), own, [() => called.resolve()]);
        await called.promise;
        return given === own;
      });
      expect(isItself).toBe(true);
    },
  );

  it.each(['touch', 'resetMaxAge'])(
    'goes on with save() after %s(), as in express-session',
    async (method) => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      const { cookies } = await visitor.handle(async (_session, context) => {
        const own = shape(context);
        own['a'] = 2;
        await calling(Object(Reflect.apply(Object(own[method]), own, [])), 'save');
      });
      expect(cookies.join()).toMatch(/max-age=7200\b/i);
      expect(await visitor.in((session) => session.get('a'))).toBe(2);
    },
  );

  it('returns a promise from save, reload and destroy without a callback', async () => {
    const app = await start();
    const seen = await app.visitor().in(async (session, context) => {
      const own = shape(context);
      const pending = ['save', 'reload', 'destroy'].map((name): unknown =>
        Reflect.apply(Object(own[name]), own, []),
      );
      await Promise.all(pending);
      return [pending.every((each) => each instanceof Promise), session.isEmpty];
    });
    expect(seen).toEqual([true, true]);
  });

  it('refuses assignments if the session is read-only or not loaded yet, or the key is invalid', async () => {
    const app = await start();
    const visitor = app.visitor();
    const id = await visitor.in((session) => session.put('a', 1).id);
    await visitor.in(async (session, context) => {
      const set = (name: string) => () => void (shape(context)[name] = 1);
      expect(set('user.__proto__')).toThrow(SessionValueError);
      session.setId(id);
      expect(shape(context)['a']).toBeUndefined();
      expect(set('early')).toThrow(/is not loaded yet/);
      await session.initiate(true);
      expect(set('late')).toThrow(/read-only/);
    });
  });

  it('has req.flash of connect-flash beside it', async () => {
    const app = await start();
    const visitor = app.visitor();
    const flash = ({ req }: HandlerContext, ...args: unknown[]): unknown =>
      Reflect.apply(Object(req['flash']), req, args);
    const counted = await visitor.in((_session, context) => [
      flash(context, 'error', 'Wrong password.'),
      flash(context, 'error', ['%s was locked.', 'Try again.']),
      flash(context, 'info', 'Hello %s', 'Ada'),
    ]);
    expect(counted).toEqual([1, 3, 1]);
    const read = await visitor.in((_session, context) => [
      flash(context, 'error'),
      flash(context, 'error'),
      flash(context),
    ]);
    expect(read).toEqual([['Wrong password.', '%s was locked.', 'Try again.'], [], { info: ['Hello Ada'] }]);
    expect(await visitor.in((_session, context) => flash(context))).toEqual({});
  });
});

describe.each(PLATFORMS)('the value of @Session(), on %s', (platform) => {
  const start = sharedApps(platform);

  it('refuses assignments, in strict mode or not', async () => {
    const app = await start();
    await app.visitor().in((session) => {
      // Sloppy code ignores a refusal by a frozen object; a separate script runs in sloppy mode.
      const sloppy = (on: object, name: string): unknown => runInNewContext('on[name] = 1', { on, name });
      for (const name of [
        'user',
        'get',
        'commitDue',
        'over',
        'id',
        'toString',
        'flash',
        'constructor',
        '__proto__',
      ]) {
        expect(() => sloppy(session, name), name).toThrow(SessionError);
        expect(() => Reflect.set(session, name, 1), name).toThrow(/session\.put\(/);
      }
      expect(session.put('a', 1).get('a')).toBe(1);
    });
  });

  it('refuses to define a non-configurable property on request.session', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((_session, { req }) => {
      const given = Object(req.session);
      expect(() => Object.defineProperty(given, 'fixed', { value: 1, configurable: false })).toThrow(
        TypeError,
      );
      expect(Object.keys(given)).toEqual([]);
    });
  });

  it('stores mutations of the values that toJSON of request.session returns', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.put('user', { roles: [] }));
    await visitor.in((_session, { req }) => {
      const { user } = Object(req.session).toJSON();
      user.roles.push('admin');
    });
    expect(await visitor.in((session) => session.get('user'))).toEqual({ roles: ['admin'] });
  });

  it('can be copied by code that keeps the prototype, and inherited from', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((_session, context) => void Object.assign(shape(context), { cart: ['tea'], visits: 1 }));
    await visitor.in((_session, context) => {
      const session = shape(context);
      // As cloneDeep of lodash does it.
      const copy: Loose = Object.create(Reflect.getPrototypeOf(session));
      for (const name of Object.keys(session)) copy[name] = structuredClone(session[name]);
      copy['visits'] = 2;
      copy['own'] = 2;
      expect(copy).toEqual({ cart: ['tea'], visits: 2, own: 2 });
      const heir: Loose = Object.create(session);
      heir['visits'] = 3;
      heir['own'] = 3;
      expect({ ...heir }).toEqual({ visits: 3, own: 3 });
      expect(heir['cart']).toEqual(['tea']);
    });
    expect(await visitor.in((session) => session.all())).toEqual({ cart: ['tea'], visits: 1 });
  });

  it('stores what is assigned through a Proxy around it', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((_session, context) => {
      const around = new Proxy(shape(context), {});
      around['visits'] = 1;
      around['visits'] = 2;
      expect(() => void (around['save'] = 1)).toThrow(SessionValueError);
    });
    expect(await visitor.in((session) => session.all())).toEqual({ visits: 2 });
  });

  it('refuses to define properties, and still works', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => {
      session.put('a', 1);
      for (const name of ['over', 'due', 'commitDue', 'cookieInstruction', 'host', 'get', 'anything']) {
        expect(() => Object.defineProperty(session, name, { value: 1 }), name).toThrow(TypeError);
        expect(Reflect.defineProperty(session, name, { get: () => 1 }), name).toBe(false);
      }
      expect(Reflect.setPrototypeOf(session, null)).toBe(false);
      expect(Reflect.ownKeys(session)).toEqual([]);
    });
    expect(await visitor.in((session) => session.all())).toEqual({ a: 1 });
  });

  it('looks like an ordinary object', async () => {
    const app = await start();
    const looked = await app.visitor().in(async (session) => {
      session.put('get', 'taken').put('then', 'taken');
      const same = await Promise.resolve(session);
      return [
        same === session,
        session instanceof RequestSession,
        typeof session.get,
        inspect(session).includes('taken'),
        session.constructor.name,
      ];
    });
    expect(looked).toEqual([true, true, 'function', true, 'RequestSession']);
  });
});

@Controller()
class SerializedController {
  @Post('session')
  @UseInterceptors(ClassSerializerInterceptor)
  session(@Session() session: Session) {
    return session.put({ cart: ['tea'], user: { name: 'Ada' } }).flash('status', 'Hello');
  }

  @Get('messages')
  messages(@Flash() messages: FlashMessages) {
    return messages;
  }

  @Get('nested')
  nested(@Session() session: Session, @Flash() messages: FlashMessages, @Req() req: { session?: object }) {
    return {
      session,
      messages,
      list: [{ session }, [messages]],
      set: new Set([session]),
      page: new Page(session, messages),
      shape: req.session,
    };
  }

  @Get('list')
  list(@Session() session: Session, @Flash() messages: FlashMessages) {
    return [session, messages];
  }

  @Get('facade')
  facade() {
    return { session: Session.current(), messages: Session.flashMessages };
  }

  @Post('account')
  account(@Session() session: Session) {
    session.put('account', new Account('Ada', 'secret'));
    return { session };
  }

  @Get('named')
  named(@Session() session: Session) {
    return { session: session.now({ toJSON: 'text', get: 1 }) };
  }
}

/** An object that class-transformer serializes by its decorators. */
class Page {
  @Exclude() readonly hidden = 'hidden';
  readonly #messages: FlashMessages;

  constructor(
    readonly session: Session,
    messages: FlashMessages,
  ) {
    this.#messages = messages;
  }

  @Expose({ name: 'notes' })
  get messages(): FlashMessages {
    return this.#messages;
  }
}

class Account {
  @Exclude() readonly password: string;

  constructor(
    readonly name: string,
    password: string,
  ) {
    this.password = password;
  }
}

describe.each(PLATFORMS)('under ClassSerializerInterceptor, on %s', (platform) => {
  it.each([true, false])(
    'a session and messages are serialized as usual (everywhere: %s)',
    async (everywhere) => {
      await using app = await HandlerApp.start(platform, {
        controllers: [SerializedController],
        providers: everywhere ? [{ provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor }] : [],
      });
      const { agent } = app.visitor();
      const session = await agent.post('/session').expect(201);
      expect(session.body).toEqual({ cart: ['tea'], user: { name: 'Ada' }, status: 'Hello' });
      const messages = await agent.get('/messages').expect(200);
      expect(messages.body).toEqual({ status: 'Hello' });
    },
  );

  const start = () =>
    HandlerApp.start(platform, {
      controllers: [SerializedController],
      providers: [{ provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor }],
    });
  const values = { cart: ['tea'], user: { name: 'Ada' } };

  it('a session and messages are serialized as usual anywhere in the result of a handler', async () => {
    await using app = await start();
    const { agent } = app.visitor();
    await agent.post('/session').expect(201);
    const messages = { status: 'Hello' };
    const session = { ...values, ...messages };
    const { body } = await agent.get('/nested').expect(200);
    expect(body).toEqual({
      session,
      messages,
      list: [{ session }, [messages]],
      set: [session],
      page: { session, notes: messages },
      shape: values,
    });
    await agent.post('/session').expect(201);
    expect((await agent.get('/list').expect(200)).body).toEqual([session, messages]);
    await agent.post('/session').expect(201);
    expect((await agent.get('/facade').expect(200)).body).toEqual({ session, messages });
  });

  it('the values of a session are transformed like all others, and may have any name', async () => {
    await using app = await start();
    const { agent } = app.visitor();
    expect((await agent.post('/account').expect(201)).body).toEqual({
      session: { account: { name: 'Ada' } },
    });
    expect((await agent.get('/named').expect(200)).body.session).toMatchObject({ toJSON: 'text', get: 1 });
  });
});
