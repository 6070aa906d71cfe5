import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Controller, Get, Req } from '@nestjs/common';
import session, { MemoryStore } from 'express-session';
import { sealData, unsealData } from 'iron-session';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type ConnectStore,
  type ForeignContent,
  type RequestSession,
  Session,
  SessionConfigError,
  type SessionModuleOptions,
  type SessionSource,
} from 'nestjs-session-kit';
import {
  fromCookieSession,
  fromExpressSession,
  fromFastifySession,
  fromIronSession,
} from 'nestjs-session-kit/migrate';
import { stopClock } from 'nestjs-session-kit/testing';
import { storedSession } from '../../lib/migrate/signed-id-source.js';
import { barrier } from '../support/barrier.js';
import { eventually } from '../support/eventually.js';
import { HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { HeardEvents } from '../support/heard-events.js';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS, setCookies } from '../support/test-app.js';

const OLD = 'the secret before';
const hour = 3_600_000;

const user = (current: RequestSession): unknown => current.get('user');

/** A store in memory, holding sessions the way express-session leaves them. */
class OldStore extends MemoryStore {
  fails = false;
  asked = 0;

  override get(sid: string, callback: Parameters<session.Store['get']>[1]): void {
    this.asked += 1;
    if (this.fails) callback(new Error('the password is hunter2'));
    else super.get(sid, callback);
  }

  /** Stores a session and returns the Cookie header of its visitor. */
  keep(id: string, values: object = { user: 'ann' }, maxAge: number | null = hour): string {
    const cookie = new session.Cookie();
    if (maxAge !== null) cookie.maxAge = maxAge;
    this.set(id, { ...values, cookie });
    return signed(id);
  }

  holds(id: string): Promise<boolean> {
    return new Promise((resolve) => super.get(id, (_error, found) => resolve(found != null)));
  }
}

function signed(id: string, secret = OLD): string {
  const mac = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
  return `connect.sid=${encodeURIComponent(`s:${id}.${mac}`)}`;
}

const asText = (cookies: readonly string[]): string => cookies.map((each) => each.split(';')[0]).join('; ');

let hanging = { arrived: barrier(2), answered: barrier(2) };

@Controller()
class HangingController {
  @Get('hang')
  async hang(@Req() req: IncomingMessage & { raw?: IncomingMessage }, @Session('user') who: unknown) {
    const gone = once((req.raw ?? req).socket, 'close');
    await hanging.arrived.arrive();
    await gone;
    setImmediate(() => setImmediate(() => void hanging.answered.arrive()));
    return { who };
  }
}

describe.each(PLATFORMS)('On %s, a session that is taken over', (platform) => {
  async function start(
    options: Partial<SessionModuleOptions> = {},
    setup: Omit<HandlerAppSetup, 'options'> = {},
  ) {
    const store = new OldStore();
    const app = await HandlerApp.start(platform, {
      ...setup,
      options: {
        cookie: { name: 'new' },
        migrate: [fromExpressSession({ secret: OLD, store })],
        ...options,
      },
    });
    const go = <T>(cookie: string, handler: (current: RequestSession) => T | Promise<T>, status?: number) =>
      app.visitor().handle(handler, { headers: { cookie }, ...(status === undefined ? {} : { status }) });
    return { app, store, go, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  }

  it('has its old cookie expired, with its attributes, before the new one is set', async () => {
    const store = new OldStore();
    const cookie = { path: '/', domain: 'shop.test', sameSite: 'strict', maxAge: 5, secure: 'auto' } as const;
    await using scene = await start({ migrate: [fromExpressSession({ secret: [OLD], store, cookie })] });
    const { cookies } = await scene.go(store.keep('a'), user);
    expect(cookies).toEqual([
      'connect.sid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Domain=shop.test; Path=/; HttpOnly; SameSite=Strict',
      expect.stringMatching(/^new=v1\./),
    ]);
  });

  it.each(['memory', 'stealth'])(
    'publishes the same events as any loaded session, with %s',
    async (driver) => {
      await using scene = await start({ driver });
      using heard = new HeardEvents();
      const { value: handle } = await scene.go(
        scene.store.keep('a'),
        (current) => current.put('b', 1).handle,
      );
      expect(heard.take()).toMatchObject([
        { name: 'loaded', handle },
        { name: 'committed', handle },
      ]);
      await scene.go(signed('gone'), user);
      expect(heard.names()).toEqual([]);
    },
  );

  it('is put together from the cookies that iron-session has split it into, and all of them are expired', async () => {
    const password = 'p'.repeat(32);
    await using scene = await start({ migrate: [fromIronSession({ password, cookieName: 'app' })] });
    const seal = await sealData({ user: 'ann' }, { password });
    const split = `app.0=${seal.slice(0, 80)}; app.1=${seal.slice(80, 160)}; app.2=${seal.slice(160)}`;
    const { value, cookies } = await scene.go(split, user);
    expect(value).toBe('ann');
    expect(asText(cookies)).toMatch(/^app\.0=; app\.1=; app\.2=; new=v1\./);
  });

  it('has its old cookie expired at the old path, and continues with a cookie at the new path', async () => {
    const store = new OldStore();
    await using scene = await start({
      migrate: [fromExpressSession({ secret: OLD, store, cookie: { path: '/shop' } })],
    });
    const { value, cookies } = await scene.go(store.keep('a'), user);
    expect([value, cookies]).toEqual([
      'ann',
      [
        expect.stringMatching(/^connect\.sid=; Max-Age=0; .*Path=\/shop;/),
        expect.stringMatching(/^new=v1\..* Path=\/;/),
      ],
    ]);
    await eventually(async () => expect(await store.holds('a')).toBe(false));
    // After a sign-out here, a remaining copy of the old cookie opens nothing.
    const out = await scene.go(asText(cookies), (current) => current.destroy().then(() => null));
    expect(out.cookies).toEqual([expect.stringMatching(/^new=; Max-Age=0;/)]);
    expect((await scene.go(signed('a'), user)).value).toBeUndefined();
  });

  it('replaces the old cookie if both have the same name', async () => {
    await using scene = await start({ cookie: { name: 'connect.sid' } });
    const { value, cookies } = await scene.go(scene.store.keep('a'), user);
    expect([value, cookies]).toEqual(['ann', [expect.stringMatching(/^connect\.sid=v1\./)]]);
    await eventually(async () => expect(await scene.store.holds('a')).toBe(false));
    expect((await scene.go(asText(cookies), user)).value).toBe('ann');
  });

  it('is not looked up without an old cookie, or if there is a new session', async () => {
    await using scene = await start();
    const { asHeaders } = await scene.go('other=1', (current) => current.put('user', 'bob'));
    await scene.go(`${asHeaders.cookie}; ${scene.store.keep('a')}`, user);
    expect(scene.store.asked).toBe(0);
  });

  it('ends with the new session beside it, so that the old cookie does not sign in again after a sign-out', async () => {
    await using scene = await start();
    const old = scene.store.keep('a');
    const { asHeaders } = await scene.go('', (current) => current.put('user', 'bob'));
    const both = `${asHeaders.cookie}; ${old}`;
    expect((await scene.go(both, user)).value).toBe('bob');
    const { cookies } = await scene.go(both, (current) => current.destroy().then(() => null));
    expect(cookies.map((each) => each.split(';', 2).join())).toEqual([
      'connect.sid=, Max-Age=0',
      'new=, Max-Age=0',
    ]);
    await eventually(async () => expect(await scene.store.holds('a')).toBe(false));
    expect((await scene.go(old, user)).value).toBeUndefined();
  });

  it('is answered with 503 while the old store fails, and is there once it recovers', async () => {
    const lines: string[] = [];
    const note = (line: unknown): void => void lines.push(String(line));
    await using scene = await start(
      {},
      { configure: (nest) => nest.useLogger({ log: note, warn: note, error: note }) },
    );
    const old = scene.store.keep('a');
    scene.store.fails = true;
    const { cookies } = await scene.go(old, () => 'not reached', 503);
    expect(cookies).toEqual([]);
    expect(lines.join('\n')).toContain('The session store "express-session" failed');
    expect(lines.join('\n')).not.toMatch(/hunter2|connect\.sid|s:a/);
    scene.store.fails = false;
    expect((await scene.go(old, user)).value).toBe('ann');
  });

  it('is empty and read-only while the old store fails, with whenStoreFails: degrade', async () => {
    await using scene = await start({ whenStoreFails: 'degrade' });
    const old = scene.store.keep('a');
    scene.store.fails = true;
    const { value, cookies } = await scene.go(old, (current) => [user(current), current.readonly]);
    expect([value, cookies]).toEqual([[undefined, true], []]);
    scene.store.fails = false;
    expect((await scene.go(old, user)).value).toBe('ann');
  });

  it('stays in the old store while the new one fails', async () => {
    const driver = new ScriptedDriver();
    await using scene = await start({
      driver: 'scripted',
      drivers: { scripted: { useFactory: () => driver } },
    });
    const old = scene.store.keep('a');
    driver.moods = { write: 'failing' };
    expect((await scene.go(old, () => 'not reached', 503)).cookies).toEqual([]);
    driver.moods = {};
    expect((await scene.go(old, user)).value).toBe('ann');
  });

  it('is found again by the old cookie if the first response did not deliver the new one', async () => {
    const driver = new ScriptedDriver();
    await using scene = await start({
      driver: 'scripted',
      drivers: { scripted: { useFactory: () => driver } },
    });
    const old = scene.store.keep('a');
    // The commit of the handler's change fails, and the 503 sends no cookie.
    const failed = await scene.go(
      old,
      (current) => {
        driver.moods = { write: 'failing' };
        current.put('seen', true);
      },
      503,
    );
    expect(failed.cookies).toEqual([]);
    driver.moods = {};
    const { value, cookies } = await scene.go(old, user);
    expect([value, cookies.length]).toEqual(['ann', 2]);
  });

  it('is found again by the old cookie if the client left before the response', async () => {
    hanging = { arrived: barrier(2), answered: barrier(2) };
    await using scene = await start({}, { controllers: [HangingController] });
    const old = scene.store.keep('a');
    const leaving = request(`${scene.app.url}/hang`, { headers: { cookie: old } });
    leaving.on('error', () => undefined).end();
    await hanging.arrived.arrive();
    leaving.destroy();
    await hanging.answered.arrive();
    expect(await scene.store.holds('a')).toBe(true);
    const { value, cookies } = await scene.go(old, user);
    expect([value, cookies.length]).toEqual(['ann', 2]);
    await eventually(async () => expect(await scene.store.holds('a')).toBe(false));
  });

  it('keeps its old expiry if that is later', async () => {
    await using scene = await start({ age: '2h' });
    const long = await scene.go(
      scene.store.keep('a', { user: 'ann' }, 720 * hour),
      (current) => current.expiresAt,
    );
    expect(long.value).toBeGreaterThan(Date.now() + 719 * hour);
    expect(long.cookies.at(-1)).toMatch(/Max-Age=2592000;/);
    const short = await scene.go(
      scene.store.keep('b', { user: 'ann' }, hour),
      (current) => current.expiresAt,
    );
    expect(short.value).toBeGreaterThan(Date.now() + hour);
  });

  it('keeps keys with dots as they are, and drops those that reach a prototype', async () => {
    const values: Record<string, unknown> = JSON.parse(
      '{"user.name":"Ann","__proto__":{"isAdmin":true},"constructor":1,"deep":{"__proto__":{"a":1}}}',
    );
    const source: SessionSource = {
      name: 'ours',
      cookies: [{ name: 'sid' }],
      find: () => ({ key: 'k', load: async () => ({ values }) }),
    };
    await using scene = await start({ migrate: [source] });
    const { value } = await scene.go('sid=1', (current) => [
      current.get('user.name'),
      Object.keys(current.all()).toSorted(),
      ({} as { isAdmin?: boolean }).isAdmin,
    ]);
    expect(value).toEqual(['Ann', ['deep', 'user.name'], undefined]);
  });

  it('is not changed by a late request with the old cookie, which gets no cookie, and the log says why', async () => {
    const lines: string[] = [];
    const note = (line: unknown): void => void lines.push(String(line));
    await using scene = await start(
      {},
      { configure: (nest) => nest.useLogger({ log: () => undefined, warn: note, error: note }) },
    );
    const old = scene.store.keep('a');
    const { asHeaders } = await scene.go(old, user);
    await eventually(async () => expect(await scene.store.holds('a')).toBe(false));
    const late = await scene.go(old, (current) => current.put('user', 'eve').get('user'));
    expect(late.cookies).toEqual([]);
    expect(lines).toEqual([
      expect.stringContaining("with the option 'migrate', a cookie of another library"),
    ]);
    expect((await scene.go(asHeaders.cookie, user)).value).toBe('ann');
  });

  it('becomes one session when two processes take it over at the same moment', async () => {
    await using folder = await TempFolder.make();
    const store = new OldStore();
    const options = {
      driver: 'file',
      file: { location: folder.path },
      migrate: [fromExpressSession({ secret: OLD, store })],
    };
    await using one = await start(options);
    await using other = await start(options);
    const old = store.keep('a');
    const all = barrier(8);
    const counted = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 === 0 ? one : other).go(old, async (current) => {
          await all.arrive();
          return current.increment('count');
        }),
      ),
    );
    const ids = await Promise.all(
      counted.map(({ cookies }) =>
        one.go(asText(cookies.slice(-1)), (current) => [current.id, current.get('count')]),
      ),
    );
    expect(new Set(ids.map(({ value: [id] }) => id)).size).toBe(1);
    expect(ids[0]?.value[1]).toBe(8);
  });

  it('does not lock its visitor out if it is too large for a cookie', async () => {
    const lines: string[] = [];
    const note = (line: unknown): void => void lines.push(String(line));
    await using scene = await start(
      { driver: 'stealth' },
      { configure: (nest) => nest.useLogger({ log: () => undefined, warn: note, error: note }) },
    );
    const old = scene.store.keep('a', { user: 'ann', much: 'x'.repeat(40_000) });
    expect((await scene.go(old, user)).value).toBeUndefined();
    expect(lines).toEqual([
      expect.stringMatching(/^A session of another library was not taken over\..* much \(/),
    ]);
    expect(await scene.store.holds('a')).toBe(true);
  });

  it.each([
    ['name no user', { lang: 'de' }],
    ['name the user by an empty text', { lang: 'de', user: '' }],
  ])('is never shared by visitors with identical cookies that %s', async (_what, values) => {
    const value = Buffer.from(JSON.stringify(values)).toString('base64');
    const mac = createHmac('sha1', OLD).update(`session=${value}`).digest('base64url');
    await using scene = await start({ migrate: [fromCookieSession({ keys: OLD, userId: 'user' })] });
    const all = barrier(2);
    const visits = await Promise.all(
      [1, 2].map(() =>
        scene.go(`session=${value}; session.sig=${mac}`, async (current) => {
          await all.arrive();
          return [current.get('lang'), current.id];
        }),
      ),
    );
    const [[lang, one] = [], [, other] = []] = visits.map((visit) => visit.value);
    expect([lang, one === other]).toEqual(['de', false]);
  });

  it('is not looked up for a client that sends its token in a header', async () => {
    await using scene = await start({ header: 'X-Session' });
    const headers = { cookie: scene.store.keep('a'), 'x-session': 'new' };
    const { value, response } = await scene.app.visitor().handle(user, { headers });
    expect([value, setCookies(response), scene.store.asked]).toEqual([undefined, [], 0]);
  });
});

describe('A source of old sessions', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  const found = async (
    source: SessionSource,
    cookies: Record<string, string>,
  ): Promise<ForeignContent | null> =>
    (await source.find((name) => (cookies[name] === undefined ? [] : [cookies[name]]))?.load()) ?? null;

  it('returns nothing from its end date on', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2027-01-01T00:00:00Z') });
    const seal = await sealData({ user: 'ann' }, { password: 'p'.repeat(32) });
    const source = fromIronSession({
      password: 'p'.repeat(32),
      cookieName: 'app',
      until: '2027-01-02T00:00:00Z',
    });
    expect((await found(source, { app: seal }))?.values).toEqual({ user: 'ann' });
    vi.setSystemTime(new Date('2027-01-02T00:00:00Z'));
    expect(await found(source, { app: seal })).toBeNull();
  });

  it('returns nothing for an expired iron-session seal, and the expiry of a valid one', async () => {
    const now = Date.parse('2027-01-01T00:00:00Z');
    vi.useFakeTimers({ toFake: ['Date'], now });
    const seal = await sealData({ user: 'ann' }, { password: 'p'.repeat(32), ttl: 600 });
    const source = fromIronSession({ password: { 1: 'p'.repeat(32), 2: 'q'.repeat(32) }, cookieName: 'app' });
    expect((await found(source, { app: seal }))?.expiresAt).toBe(now + 600_000);
    vi.setSystemTime(now + 661_000);
    expect(await found(source, { app: seal })).toBeNull();
  });

  it('follows a clock that a test has moved', async () => {
    using clock = stopClock();
    const password = 'p'.repeat(32);
    const seal = await sealData({ user: 'ann' }, { password, ttl: 600 });
    const until = new Date(clock.now() + 24 * 3_600_000);
    const iron = fromIronSession({ password, cookieName: 'app' });
    const endless = fromIronSession({ password, cookieName: 'app', until });
    const kept = { cookie: { expires: new Date(clock.now() + 600_000) }, user: 'ann' };
    const nothing = (): void => undefined;
    const store: ConnectStore = {
      get: (_sid, done) => done(null, kept),
      set: nothing,
      destroy: nothing,
    };
    const express = (): Promise<ForeignContent | null> => storedSession(store, 'id', undefined).load();
    expect([await found(iron, { app: seal }), await express()]).not.toContain(null);
    clock.advance('1h');
    expect([await found(iron, { app: seal }), await express()]).toEqual([null, null]);
    const lasting = await sealData({ user: 'ann' }, { password, ttl: 0 });
    expect((await found(endless, { app: lasting }))?.values).toEqual({ user: 'ann' });
    clock.advance('24h');
    expect(await found(endless, { app: lasting })).toBeNull();
  });

  it('recognizes an iron-session seal however the rest of its cookie is spelled', async () => {
    const seal = await sealData({ user: 'ann' }, { password: 'p'.repeat(32) });
    const source = fromIronSession({ password: 'p'.repeat(32), cookieName: 'app' });
    const key = (text: string): unknown => source.find(() => [text])?.key;
    expect(key(seal)).toBeTypeOf('string');
    expect(key(encodeURIComponent(seal))).toBe(key(seal));
    expect(key(`${seal}~3`)).toBe(key(seal));
    expect(key(seal.replace(/~2$/, '=~2'))).toBe(key(seal));
  });

  it('returns nothing for what its secret has signed or sealed if that is no session', async () => {
    const password = 'p'.repeat(32);
    const iron = fromIronSession({ password, cookieName: 'app' });
    // The version behind a seal is not signed: without it, nothing else may be read.
    const nested = await sealData({ persistent: { user: 'eve' } }, { password });
    expect((await found(iron, { app: nested.replace(/~2$/, '') }))?.values).toEqual({
      persistent: { user: 'eve' },
    });
    // iron-session 9 makes an object of a list itself.
    const list = await sealData(['no', 'session'], { password });
    const isList = Array.isArray(await unsealData(list, { password }));
    expect((await found(iron, { app: list })) === null).toBe(isList);
    const sealed = await sealData('no session', { password });
    expect(await found(iron, { app: sealed })).toBeNull();
    const ofCookies = fromCookieSession({ keys: password });
    for (const text of ['["no session"]', 'no JSON']) {
      const value = Buffer.from(text).toString('base64');
      const mac = createHmac('sha1', password).update(`session=${value}`).digest('base64url');
      expect(await found(ofCookies, { session: value, 'session.sig': mac })).toBeNull();
    }
  });

  it.each(['the newest', 'one between', 'the oldest'])(
    'accepts what %s of several secrets has signed',
    async (secret) => {
      const secrets = ['the newest', 'one between', 'the oldest'].map((each) => each.padEnd(32, '.'));
      const by = secret.padEnd(32, '.');
      const store = new OldStore();
      store.keep('a.b');
      const ofExpress = signed('a.b', by).split('=')[1] ?? '';
      const sources = { secret: secrets, store };
      expect((await found(fromExpressSession(sources), { 'connect.sid': ofExpress }))?.values).toEqual({
        user: 'ann',
      });
      // @fastify/session signs the same way, but without the prefix.
      const ofFastify = encodeURIComponent(decodeURIComponent(ofExpress).slice('s:'.length));
      expect((await found(fromFastifySession(sources), { sessionId: ofFastify }))?.values).toEqual({
        user: 'ann',
      });
      const value = Buffer.from('{"user":"ann"}').toString('base64');
      const mac = createHmac('sha1', by).update(`session=${value}`).digest('base64url');
      const cookies = { session: value, 'session.sig': mac };
      expect((await found(fromCookieSession({ keys: secrets }), cookies))?.values).toEqual({ user: 'ann' });
      const password = Object.fromEntries(secrets.map((each, index) => [secrets.length - index, each]));
      const id = secrets.length - secrets.indexOf(by);
      const app = await sealData({ user: 'ann' }, { password: { [id]: by } });
      expect((await found(fromIronSession({ password, cookieName: 'app' }), { app }))?.values).toEqual({
        user: 'ann',
      });
    },
  );

  it('returns nothing for an express-session or @fastify/session cookie that has expired, even if the store has it', async () => {
    const store = {
      get: (_sid: string, callback: (error: unknown, found: object) => void) =>
        callback(null, { user: 'ann', cookie: { expires: new Date(Date.now() - 1).toISOString() } }),
      set: () => undefined,
      destroy: () => undefined,
    };
    const value = signed('a').split('=')[1] ?? '';
    expect(await found(fromExpressSession({ secret: OLD, store }), { 'connect.sid': value })).toBeNull();
    const ofFastify = decodeURIComponent(value).slice('s:'.length);
    expect(await found(fromFastifySession({ secret: OLD, store }), { sessionId: ofFastify })).toBeNull();
  });

  it('takes the user from the configured path', async () => {
    const store = new OldStore();
    store.keep('a', { passport: { user: 7 } });
    const value = signed('a').split('=')[1] ?? '';
    const source = fromExpressSession({ secret: ['newer', OLD], store, userId: 'passport.user' });
    expect(await found(source, { 'connect.sid': value })).toMatchObject({
      userId: 7,
      values: { passport: { user: 7 } },
    });
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'no secret',
      () => fromExpressSession({ store: new MemoryStore() } as never),
      /fromExpressSession\.secret' got undefined/,
    ],
    [
      'an empty secret',
      () => fromFastifySession({ secret: ['hunter2', ''], store: new MemoryStore() }),
      /fromFastifySession\.secret' got a list; it takes the secret/,
    ],
    [
      'no store',
      () => fromExpressSession({ secret: OLD } as never),
      /fromExpressSession\.store' got undefined/,
    ],
    [
      'a path that is none',
      () => fromCookieSession({ keys: OLD, userId: '__proto__' }),
      /'fromCookieSession\.userId'/,
    ],
    [
      'a date that is none',
      () => fromCookieSession({ keys: OLD, until: 'soon' }),
      /'fromCookieSession\.until' got "soon"/,
    ],
    [
      'a hash that Node does not have',
      () => fromCookieSession({ keys: OLD, algorithm: 'sha-257' }),
      /'fromCookieSession\.algorithm' got "sha-257"; it takes the name of a hash/,
    ],
    [
      'a name that it does not know',
      () => fromIronSession({ cookieName: 'a', password: 'p', ttl: 1 } as never),
      /fromIronSession\.ttl' does not exist/,
    ],
    [
      'a list for a password',
      () => fromIronSession({ cookieName: 'a', password: ['hunter2'] as never }),
      /fromIronSession\.password' got a list/,
    ],
  ])('refuses %s', (_what, make, says) => {
    expect(make).toThrow(SessionConfigError);
    expect(make).toThrow(says);
    expect(make).not.toThrow(/hunter2/);
  });

  it.each([[[{ secret: 'hunter2' }]], ['connect.sid'], [[null]]])(
    'is the only thing the option accepts, unlike %j',
    async (migrate) => {
      const booting = HandlerApp.start('express', { options: { migrate: migrate as never } });
      await expect(booting).rejects.toThrow(/^The option 'migrate/);
      await expect(booting).rejects.not.toThrow(/hunter2/);
    },
  );
});
