import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { CircuitBreaker } from '../../lib/drivers/guard/circuit-breaker.js';
import { RedisConnection } from '../../lib/drivers/redis/redis.connection.js';
import { freePort } from '../servers/free-port.js';

/**
 * Sessions work again within a second of the store's return. How long a real reconnect takes depends on the machine, so
 * these tests check, without a server, the part that we decide: the pause between two attempts.
 */
const LONGEST_PAUSE_MS = 500;

/** A call that the store never answers. */
const unanswered = (): Promise<never> => new Promise(() => undefined);

/** Makes a call each ms and returns the longest pause, in ms, between two calls that were let through. */
async function longestPause(
  forMs: number,
  attempt: () => Promise<unknown>,
  calls: () => number,
): Promise<number> {
  let longest = 0;
  let [last, seen] = [performance.now(), calls()];
  for (let passed = 0; passed < forMs; passed += 1) {
    attempt().catch(() => undefined);
    await vi.advanceTimersByTimeAsync(1);
    if (calls() === seen) continue;
    longest = Math.max(longest, performance.now() - last);
    [last, seen] = [performance.now(), calls()];
  }
  return Math.max(longest, performance.now() - last);
}

describe('the pauses between attempts to reach a store again', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  describe('of the connection to Redis', () => {
    async function openWithoutServer(): Promise<RedisConnection> {
      const connection = await RedisConnection.open({ host: '127.0.0.1', port: await freePort() }, 50);
      onTestFinished(() => connection.close());
      return connection;
    }

    it('never exceed the limit, however long the server has been away', async () => {
      const { retryStrategy } = (await openWithoutServer()).client.options;
      for (let attempt = 1; attempt <= 1_000; attempt += 1) {
        const pause = retryStrategy?.(attempt);
        // Anything but a number would make ioredis give up.
        expect(pause).toBeTypeOf('number');
        expect(pause).toBeLessThanOrEqual(LONGEST_PAUSE_MS);
      }
    });

    it('are the ones the client actually makes', async () => {
      const { client } = await openWithoutServer();
      for (let attempt = 0; attempt < 5; attempt += 1) {
        // `once` from node:events would reject with the error that each attempt emits.
        const pause = await new Promise<unknown>((resolve) => {
          client.once('reconnecting', resolve);
        });
        expect(pause).toBeTypeOf('number');
        expect(pause).toBeLessThanOrEqual(LONGEST_PAUSE_MS);
      }
    });

    it('stay within the limit while the server still loads its data', async () => {
      const { maxLoadingRetryTime } = (await openWithoutServer()).client.options;
      expect(maxLoadingRetryTime).toBeLessThanOrEqual(LONGEST_PAUSE_MS);
    });

    it('follow a connection attempt of at most a second when nothing answers it', async () => {
      expect((await openWithoutServer()).client.options.connectTimeout).toBeLessThanOrEqual(1_000);
    });
  });

  it.each([50, 300, 2_000, 60_000])(
    'of the guard never exceed the limit after a store has left calls unanswered for %d ms',
    async (limitMs) => {
      vi.useFakeTimers();
      const guard = new CircuitBreaker(limitMs);
      let calls = 0;
      const attempt = () =>
        guard.run(() => {
          calls += 1;
          return unanswered();
        });
      attempt().catch(() => undefined);
      await vi.advanceTimersByTimeAsync(limitMs + 200);
      expect(await longestPause(3_000, attempt, () => calls)).toBeLessThanOrEqual(LONGEST_PAUSE_MS + 1);
      // The guard does pause: of three thousand calls it lets only a few through.
      expect(calls).toBeLessThan(100);
    },
  );
});
