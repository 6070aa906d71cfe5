import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TurnQueue } from '../../lib/lifecycle/records/turn-queue.js';
import { Deferred } from '../parallel/support/deferred.js';

const RECORD = {
  payload: '',
  expiresAt: 0,
  lastActivity: 0,
  userId: null,
  ipAddress: null,
  userAgent: null,
};

afterEach(() => void vi.useRealTimers());

describe('commits to one session', () => {
  it('run one after the other, and each is given the state the previous one left', async () => {
    const queue = new TurnQueue(Infinity);
    const seen: unknown[] = [];
    let running = 0;
    await Promise.all(
      [1, 2, 3].map((version) =>
        queue.run('id', async (turn) => {
          expect((running += 1)).toBe(1);
          await sleep(1);
          seen.push(turn.newest === null ? null : 'record' in turn.newest && turn.newest.record.version);
          turn.newest = { kind: 'record', record: { ...RECORD, version } };
          running -= 1;
        }),
      ),
    );
    expect(seen).toEqual([null, 1, 2]);
  });

  it('are given no previous state after a failed one', async () => {
    const queue = new TurnQueue(Infinity);
    const outcomes = await Promise.allSettled([
      queue.run('id', async (turn) => void (turn.newest = { kind: 'gone' })),
      queue.run('id', () => Promise.reject(new Error('away'))),
      queue.run('id', ({ newest }) => Promise.resolve(newest)),
    ]);
    expect(outcomes[2]).toEqual({ status: 'fulfilled', value: null });
  });

  it('do not wait for commits to another session', async () => {
    const queue = new TurnQueue(Infinity);
    const slow = new Deferred();
    const first = queue.run('a', () => slow.promise);
    expect(await queue.run('b', () => Promise.resolve('done'))).toBe('done');
    slow.resolve();
    await first;
  });

  it('fail together when the store does not answer, instead of each waiting for its own timeout', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const queue = new TurnQueue(20);
    const store = new Deferred();
    let tries = 0;
    const hang = async () => {
      tries += 1;
      await store.promise;
      throw new Error('no answer');
    };
    const running = Array.from({ length: 8 }, () => queue.run('id', hang));
    vi.advanceTimersByTime(20);
    store.resolve();
    const outcomes = await Promise.allSettled(running);
    expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 'rejected'));
    expect(tries).toBe(1);
    expect(await queue.run('id', () => Promise.resolve('well again'))).toBe('well again');
  });

  it('still run if they were queued too late to have waited for the full timeout', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const queue = new TurnQueue(20);
    const store = new Deferred();
    const first = queue.run('id', async () => {
      await store.promise;
      throw new Error('no answer');
    });
    vi.advanceTimersByTime(15);
    const late = queue.run('id', () => Promise.resolve('stored'));
    vi.advanceTimersByTime(10);
    store.resolve();
    await expect(first).rejects.toThrow('no answer');
    expect(await late).toBe('stored');
  });

  it('still run after one that failed quickly, however long the queue before it took', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const queue = new TurnQueue(20);
    const store = new Deferred();
    const first = queue.run('id', () => store.promise);
    const second = queue.run('id', () => Promise.reject(new Error('a bad moment')));
    const third = queue.run('id', () => Promise.resolve('stored'));
    vi.advanceTimersByTime(60);
    store.resolve();
    await first;
    await expect(second).rejects.toThrow('a bad moment');
    expect(await third).toBe('stored');
  });

  it('still run after one that failed immediately', async () => {
    const queue = new TurnQueue(1_000);
    const outcomes = await Promise.allSettled([
      queue.run('id', () => Promise.reject(new Error('a bad moment'))),
      queue.run('id', () => Promise.resolve('stored')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});
