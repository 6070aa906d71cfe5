import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';

const HOUR = 3_600_000;

const LEDGER = { driver: 'stealth', stealth: { ledger: 'memory' } } as const;

describe.each<[string, Partial<SessionModuleOptions>]>([
  ['memory', { driver: 'memory' }],
  ['stealth', { driver: 'stealth' }],
  ['stealth with a ledger', LEDGER],
])('a session with an absoluteAge of eight hours, with the driver %s', (driver, ofDriver) => {
  let now: number;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
    now = Date.now();
  });
  afterEach(() => vi.useRealTimers());

  function start(options: Partial<SessionModuleOptions> = {}): Promise<HandlerApp> {
    return HandlerApp.start('express', { options: { ...ofDriver, absoluteAge: '8h', ...options } });
  }

  function goTo(hours: number): void {
    vi.setSystemTime(now + hours * HOUR);
  }

  it('ends after eight hours, however often it is visited, and not a millisecond earlier', async () => {
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

  it('has no cookie or expiry beyond its end, and is not renewed if that would not extend it', async () => {
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

  it('keeps its age when its id changes, and starts over when invalidated', async () => {
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

  it('restarts its age with every sign-in, but not with a written value or a new id', async () => {
    await using app = await start({ age: '30d' });
    const visitor = app.visitor();
    await visitor.in((session) => session.put('name', 'Ada'));
    goTo(5);
    await visitor.in((session) => session.signIn('ann'));
    goTo(6);
    await visitor.in((session) => session.regenerate().put('userId', 'ann'));
    const { value, asHeaders } = await visitor.handle((session) => session.permanent({ a: 1 }).expiresAt);
    expect(value).toBe(now + 13 * HOUR);
    goTo(13 - 0.001);
    expect(await app.visitor().in(({ userId }) => userId, { headers: asHeaders })).toBe('ann');
    await visitor.in((session) => session.signIn('ann'));
    goTo(13);
    expect(await app.visitor().in(({ stored }) => stored, { headers: asHeaders })).toBe(false);
    goTo(20.9);
    expect(await visitor.in((session) => [session.userId, session.get('name')])).toEqual(['ann', 'Ada']);
    goTo(21);
    expect(await visitor.in(({ stored }) => stored)).toBe(false);
  });

  it('ends even if it was stored before there was a limit, and is not brought back by a write', async () => {
    await using before = await HandlerApp.start('express', { options: { ...ofDriver, age: '30d' } });
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
});
