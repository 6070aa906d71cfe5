import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RequestSession, SessionError, SessionReadonlyError } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

const DRIVERS = ['memory', 'stealth'] as const;

describe.each(PLATFORMS.flatMap((platform) => DRIVERS.map((driver) => ({ platform, driver }))))(
  'a loaded session that initiate(true) makes read-only, on $platform, in $driver',
  ({ platform, driver }) => {
    let app: HandlerApp;
    beforeAll(async () => {
      app = await HandlerApp.start(platform, { options: { driver, touchEvery: 1 } });
    });
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
    });

    it('refuses whatever writes, and reads on', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      await visitor.in(async (session) => {
        await session.initiate(true);
        expect([session.readonly, session.get('a')]).toEqual([true, 1]);
        const writes: (() => unknown)[] = [
          () => session.put('a', 2),
          () => session.merge({ a: 2 }),
          () => session.flash('b', 1),
          // Whatever else is wrong with a write.
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

    it('refuses writes also where the visitor has no session', async () => {
      const { cookies } = await app.visitor().handle(async (session) => {
        await session.start(true);
        expect(() => session.put('a', 1)).toThrow(SessionReadonlyError);
      });
      expect(cookies).toEqual([]);
    });

    it('commits nothing further: no mutation, no renewal, and no message used up', async () => {
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

    it.each<[string, (session: RequestSession) => unknown]>([
      ['a value', (session) => session.put('b', 2)],
      ['a message', (session) => session.flash('b', 2)],
      ['an object in place', (session) => session.get<number[]>('list', []).push(2)],
      ['the id', (session) => session.regenerate()],
      ['the lifetime', (session) => session.setDuration('1h')],
    ])(
      'is not made so where something was changed before, and says what to do: %s',
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

    it('still brings the browser what was committed before', async () => {
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
      expect(cookies).toEqual([expect.stringContaining('Max-Age=0')]);
    });
  },
);
