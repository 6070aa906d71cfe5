import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RequestSession, SessionError, SessionReadonlyError } from 'nestjs-session-kit';
import { HandlerApp, type HandlerContext } from '../support/handler-app.js';
import { PAIRS, expiresPiece } from '../support/test-app.js';

describe.each(PAIRS)(
  'a loaded session that initiate(true) makes read-only, on %s, in %s',
  (platform, driver) => {
    let app: HandlerApp;
    const log: string[] = [];
    beforeAll(async () => {
      const note = (line: unknown): void => void log.push(String(line));
      app = await HandlerApp.start(platform, {
        options: { driver, touchEvery: 1 },
        configure: (nest) => {
          nest.useLogger({ log: () => undefined, warn: note, error: note });
        },
      });
    });
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
    });

    it('refuses all writes, and can still be read', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      await visitor.in(async (session) => {
        await session.initiate(true);
        expect([session.readonly, session.get('a')]).toEqual([true, 1]);
        const writes: (() => unknown)[] = [
          () => session.put('a', 2),
          () => session.merge({ a: 2 }),
          () => session.flash('b', 1),
          // This error comes first, even if the write is wrong otherwise.
          () => session.put('__proto__', 1),
          () => session.increment('__proto__'),
          () => session.regenerate(),
          () => session.setDuration('1h'),
          () => session.destroy(),
          () => session.touch(),
        ];
        for (const write of writes) {
          expect(write).toThrow(SessionReadonlyError);
          expect(write).toThrow('initiate(true) or start(true) made it so');
        }
        await session.start();
        expect(session.readonly).toBe(true);
      });
      expect(await visitor.in((session) => session.all())).toEqual({ a: 1 });
    });

    it('refuses writes even if the visitor has no session', async () => {
      const { cookies } = await app.visitor().handle(async (session) => {
        await session.start(true);
        expect(() => session.put('a', 1)).toThrow(SessionReadonlyError);
      });
      expect(cookies).toEqual([]);
    });

    it('commits no mutation, no renewal and no use of messages', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('list', [1]).flash('status', 'Saved.'));
      const { cookies } = await visitor.handle(async (session) => {
        await session.initiate(true);
        session.get<number[]>('list', []).push(2);
        await session.commit();
      });
      expect(cookies).toEqual([]);
      expect(await visitor.in((session) => session.all())).toEqual({ list: [1], status: 'Saved.' });
    });

    it.each<[string, (session: RequestSession, context: HandlerContext) => unknown]>([
      ['get', (session) => session.get<number[]>('list', []).push(2)],
      ['all', (session) => Object(session.all()['list']).push(2)],
      ['request.session', (_session, { req }) => Object(req.session).list.push(2)],
    ])('logs once the key of a mutation in place of a value from %s', async (_way, mutate) => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('list', [1]));
      log.length = 0;
      await visitor.in(async (session, context) => {
        await session.initiate(true);
        mutate(session, context);
        await session.commit();
      });
      expect(log).toEqual([
        expect.stringMatching(/read-only .* mutated in place at "list": nothing of that is stored/),
      ]);
      expect(await visitor.in((session) => session.all())).toEqual({ list: [1] });
      // Reading alone logs nothing.
      await visitor.in(async (session) => {
        await session.initiate(true);
        session.get('list');
      });
      expect(log).toHaveLength(1);
    });

    it.each<[string, (session: Record<string, unknown>) => unknown]>([
      ['an assignment', (session) => (session['list'] = [2])],
      ['a deletion', (session) => Reflect.deleteProperty(session, 'list')],
      [
        'a definition',
        (session) => Reflect.defineProperty(session, 'list', { value: 2, configurable: true }),
      ],
      ['a lifetime', (session) => (Object(session['cookie']).maxAge = 1000)],
      ['a cookie that ends with the browser', (session) => (Object(session['cookie']).maxAge = null)],
      ['an end', (session) => (Object(session['cookie']).maxAge = 0)],
      ['regenerate with keys', (session) => Object(session).regenerate(['a'], () => undefined)],
    ])('refuses writes through request.session too: %s', async (_what, write) => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('list', [1]));
      await visitor.in(async (session, { req }) => {
        await session.initiate(true);
        expect(() => write(Object(req.session))).toThrow(SessionReadonlyError);
        expect(() => Reflect.set(req, 'session', null)).toThrow(SessionReadonlyError);
      });
      expect(await visitor.in((session) => session.all())).toEqual({ list: [1] });
    });

    it.each<[string, (session: RequestSession) => unknown]>([
      ['a value', (session) => session.put('b', 2)],
      ['a message', (session) => session.flash('b', 2)],
      ['an object in place', (session) => session.get<number[]>('list', []).push(2)],
      ['the id', (session) => session.regenerate()],
      ['the lifetime', (session) => session.setDuration('1h')],
    ])(
      'stays writable after uncommitted changes, with an error that says what to do: %s',
      async (_what, change) => {
        const visitor = app.visitor();
        await visitor.in((session) => session.put('list', [1]));
        await visitor.in(async (session) => {
          change(session);
          const refused = session.initiate(true);
          await expect(refused).rejects.toThrow(SessionError);
          await expect(refused).rejects.toThrow('Call `await session.commit()` before `initiate(true)`');
          expect(session.readonly).toBe(false);
          await session.commit();
          await session.initiate(true);
          expect(session.readonly).toBe(true);
        });
      },
    );

    it('still sends the cookie of what was committed before', async () => {
      const visitor = app.visitor();
      await visitor.in(async (session) => {
        await session.put('a', 1).commit();
        await session.initiate(true);
      });
      expect(await visitor.in((session) => session.get('a'))).toBe(1);
      const { cookies } = await visitor.handle(async (session) => {
        await session.destroy();
        await session.initiate(true);
      });
      expect(cookies.filter((each) => !expiresPiece(each))).toEqual([expect.stringContaining('Max-Age=0')]);
    });
  },
);
