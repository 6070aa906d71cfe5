import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';

const HOUR = 3_600_000;

describe.each(['memory', 'stealth'])(
  'a session that may live eight hours at most, with the driver %s',
  (driver) => {
    let now: number;

    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['Date'] });
      now = Date.now();
    });
    afterEach(() => vi.useRealTimers());

    function start(options: Partial<SessionModuleOptions> = {}): Promise<HandlerApp> {
      return HandlerApp.start('express', { options: { driver, absoluteAge: '8h', ...options } });
    }

    function goTo(hours: number): void {
      vi.setSystemTime(now + hours * HOUR);
    }

    it('ends then, however often it is visited, and not a millisecond earlier', async () => {
      await using app = await start();
      const visitor = app.visitor();
      await visitor.in((session) => session.put('name', 'Ada'));
      for (let hour = 1; hour < 8; hour += 1) {
        goTo(hour);
        expect(await visitor.in((session) => session.get('name'))).toBe('Ada');
      }
      vi.setSystemTime(now + 8 * HOUR - 1);
      expect(await visitor.in((session) => session.get('name'))).toBe('Ada');
      goTo(8);
      expect(await visitor.in((session) => [session.get('name'), session.fresh])).toEqual([undefined, true]);
    });

    it('never has a cookie or an expiry beyond that, and is not renewed when nothing is left to gain', async () => {
      await using app = await start();
      const visitor = app.visitor();
      await visitor.in((session) => session.put('name', 'Ada'));
      for (const hours of [1.5, 3, 4.5, 6]) {
        goTo(hours);
        await visitor.in((session) => session.get('name'));
      }
      goTo(7);
      const { cookies, value } = await visitor.handle((session) => session.expiresAt);
      expect(value).toBe(now + 8 * HOUR);
      expect(cookies).toEqual([]);
      const written = await visitor.handle((session) => session.permanent({ name: 'Grace' }).id);
      expect(await visitor.in((session) => session.expiresAt)).toBe(now + 8 * HOUR);
      for (const cookie of written.cookies) expect(cookie).toMatch(/Max-Age=3600(;|$)/);
      const touched = await visitor.handle((session) => session.touch());
      expect(touched.cookies.join()).toContain('Max-Age=3600');
    });

    it('goes on counting when its id changes, and begins anew at logout', async () => {
      await using app = await start();
      const visitor = app.visitor();
      await visitor.in((session) => session.put('name', 'Ada'));
      goTo(1);
      await visitor.in((session) => session.regenerate());
      expect(await visitor.in((session) => session.createdAt)).toBe(now);
      goTo(2);
      await visitor.in((session) => session.invalidate().put('name', 'Grace'));
      expect(await visitor.in((session) => session.createdAt)).toBe(now + 2 * HOUR);
      for (let hour = 3; hour < 10; hour += 1) {
        goTo(hour);
        expect(await visitor.in((session) => session.get('name'))).toBe('Grace');
      }
      goTo(10);
      expect(await visitor.in((session) => session.get('name'))).toBeUndefined();
    });

    it('ends also where it was stored before there was a limit, and is not brought back by a write', async () => {
      await using before = await HandlerApp.start('express', { options: { driver, age: '30d' } });
      const visitor = before.visitor();
      const seeded = await visitor.handle((session) => session.put('name', 'Ada').id);
      goTo(9);
      expect(await visitor.in((session) => session.get('name'))).toBe('Ada');
      await using app = await start({
        age: '30d',
        ...(driver === 'memory'
          ? { driver: 'kept', drivers: { kept: { useFactory: () => before.manager.driver() } } }
          : {}),
      });
      const late = await app.visitor().handle((session) => [session.get('name'), session.put('a', 1).id], {
        headers: seeded.asHeaders,
      });
      expect(late.value).toEqual([undefined, expect.not.stringContaining(seeded.value)]);
    });
  },
);
