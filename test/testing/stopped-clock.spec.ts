import { describe, expect, it, vi } from 'vitest';
import { SessionValueError } from 'nestjs-session-kit';
import { fakeSession, stopClock } from 'nestjs-session-kit/testing';
import { systemClock } from '../../lib/drivers/clock.js';

const HOUR = 3_600_000;

describe('stopClock', () => {
  it('stops the time of sessions, and of nothing else, until it is moved', () => {
    using clock = stopClock();
    const begun = clock.now();
    const session = fakeSession({ userId: '1' });
    expect([session.signedInAt, session.createdAt, session.expiresAt]).toEqual([
      begun,
      begun,
      begun + 2 * HOUR,
    ]);
    clock.advance('1h').advance(500);
    expect(fakeSession({ userId: '1' }).signedInAt).toBe(begun + HOUR + 500);
    expect(Date.now()).toBeLessThan(begun + HOUR);
  });

  it('moves to a given time, also backwards', () => {
    using clock = stopClock();
    expect(clock.set(new Date('2020-01-02')).now()).toBe(Date.parse('2020-01-02'));
    expect(clock.set(1000).now()).toBe(1000);
    expect(fakeSession({ a: 1 }).createdAt).toBe(1000);
  });

  it.each([['soon'], [-1], [0]])('refuses to advance by %o', (by) => {
    using clock = stopClock();
    expect(() => clock.advance(by)).toThrow(SessionValueError);
  });

  it.each([[new Date('soon')], [NaN], [Infinity], [null as unknown as number]])(
    'refuses to move to %o, and stays where it is',
    (time) => {
      using clock = stopClock();
      const before = clock.now();
      expect(() => clock.set(time)).toThrow(SessionValueError);
      expect(clock.now()).toBe(before);
    },
  );

  it('restores the system clock, and works with fake timers', () => {
    const clock = stopClock();
    clock.set(1000);
    clock.restore();
    vi.useFakeTimers({ toFake: ['Date'], now: 5_000_000 });
    expect(systemClock.now()).toBe(5_000_000);
    using again = stopClock();
    expect(again.now()).toBe(5_000_000);
    vi.useRealTimers();
  });
});
