import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  CallTimeoutError,
  CircuitBreaker,
  CircuitOpenError,
} from '../../../lib/drivers/guard/circuit-breaker.js';

const LIMIT_MS = 1_000;
/** How long a probe may block its caller. */
const PROBE_MS = 250;

/** A store that answers on command. */
class PausedStore {
  readonly waiting: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
  readonly stalled = vi.fn<() => void>();
  call = (): Promise<string> =>
    new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
    });
}

const outcomeOf = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

describe('the circuit breaker before a store that stops answering', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A breaker that has just opened because its store left a call unanswered. */
  async function opened(): Promise<{ store: PausedStore; breaker: CircuitBreaker }> {
    const store = new PausedStore();
    const breaker = new CircuitBreaker(LIMIT_MS);
    void outcomeOf(breaker.run(store.call, store));
    await vi.advanceTimersByTimeAsync(LIMIT_MS);
    return { store, breaker };
  }

  it('passes calls through and returns their results', async () => {
    const breaker = new CircuitBreaker(LIMIT_MS);
    expect(await breaker.run(async () => 'answer')).toBe('answer');
    await expect(breaker.run(async () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  });

  it('fails a call that is not answered within the limit', async () => {
    const outcome = outcomeOf(new CircuitBreaker(LIMIT_MS).run(new PausedStore().call));
    await vi.advanceTimersByTimeAsync(LIMIT_MS);
    expect(await outcome).toEqual(new CallTimeoutError(LIMIT_MS, false));
  });

  it('opens after the limit has passed without any answer, and tells the driver', async () => {
    const store = new PausedStore();
    const breaker = new CircuitBreaker(LIMIT_MS);
    void outcomeOf(breaker.run(store.call, store));
    await vi.advanceTimersByTimeAsync(LIMIT_MS - 1);
    void outcomeOf(breaker.run(store.call, store));
    expect(store.stalled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(store.stalled).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(LIMIT_MS - 1);
    expect(store.stalled, 'of what was under way then it knows').toHaveBeenCalledOnce();
  });

  it('then lets one probe through at a time and refuses all other calls at once', async () => {
    const { store, breaker } = await opened();
    const calls = Array.from({ length: 20 }, () => outcomeOf(breaker.run(store.call, store)));
    expect(store.waiting).toHaveLength(2);
    const refused = await Promise.all(calls.slice(1));
    expect(refused.every((error) => error instanceof CircuitOpenError)).toBe(true);
  });

  it('blocks the caller of a probe only briefly', async () => {
    const { store, breaker } = await opened();
    const probe = outcomeOf(breaker.run(store.call, store));
    await vi.advanceTimersByTimeAsync(PROBE_MS);
    expect(await probe).toEqual(new CallTimeoutError(PROBE_MS, true));
  });

  it('lets a few calls a second through while the store is silent, however many arrive', async () => {
    const { store, breaker } = await opened();
    store.waiting.length = 0;
    for (let ms = 0; ms < 10_000; ms += 1) {
      void outcomeOf(breaker.run(store.call, store));
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(store.waiting.length).toBeGreaterThanOrEqual(20);
    expect(store.waiting.length).toBeLessThanOrEqual(25);
  });

  it('tells the driver again about once per limit while the store stays silent', async () => {
    const { store, breaker } = await opened();
    for (let ms = 0; ms < 4 * LIMIT_MS; ms += 10) {
      void outcomeOf(breaker.run(store.call, store));
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(store.stalled.mock.calls.length).toBeGreaterThanOrEqual(3);
    expect(store.stalled.mock.calls.length).toBeLessThanOrEqual(5);
  });

  it.each(['the call that opened it', 'a probe that was given up'])(
    'closes on the first answer, even a late one: %s',
    async (which) => {
      const { store, breaker } = await opened();
      void outcomeOf(breaker.run(store.call, store));
      await vi.advanceTimersByTimeAsync(PROBE_MS);
      store.waiting[which.startsWith('the call') ? 0 : 1]?.resolve('late');
      await vi.advanceTimersByTimeAsync(0);
      expect(await Promise.all([1, 2, 3].map(() => breaker.run(async () => 'answer')))).toEqual(
        Array.from({ length: 3 }, () => 'answer'),
      );
    },
  );

  it('stays open when a probe is rejected, and probes again', async () => {
    const { breaker } = await opened();
    const refuse = () => Promise.reject(new Error('refused'));
    expect(await outcomeOf(breaker.run(refuse))).toEqual(new Error('refused'));
    const both = [outcomeOf(breaker.run(refuse)), outcomeOf(breaker.run(refuse))];
    expect(await Promise.all(both)).toEqual([new Error('refused'), expect.any(CircuitOpenError)]);
    expect(await breaker.run(async () => 'answer')).toBe('answer');
  });

  it('lets no second probe through because one that was given up is rejected late', async () => {
    const { store, breaker } = await opened();
    void outcomeOf(breaker.run(store.call, store));
    await vi.advanceTimersByTimeAsync(PROBE_MS);
    void outcomeOf(breaker.run(store.call, store));
    store.waiting.at(-2)?.reject(new Error('dropped'));
    await vi.advanceTimersByTimeAsync(0);
    expect(await outcomeOf(breaker.run(store.call, store))).toBeInstanceOf(CircuitOpenError);
  });

  it('starts afresh with the next silence, however the last one ended', async () => {
    const { store, breaker } = await opened();
    const probeInVain = async (): Promise<void> => {
      void outcomeOf(breaker.run(store.call, store));
      await vi.advanceTimersByTimeAsync(PROBE_MS);
    };
    for (let times = 0; times < 4; times += 1) await probeInVain();
    const probe = breaker.run(store.call, store);
    store.waiting.at(-1)?.resolve('back');
    expect(await probe).toBe('back');
    void outcomeOf(breaker.run(store.call, store));
    await vi.advanceTimersByTimeAsync(LIMIT_MS);
    store.waiting.length = 0;
    for (let times = 0; times < 3; times += 1) await probeInVain();
    expect(store.waiting).toHaveLength(3);
  });

  it('does not treat a slow store, or one that answers some calls, as silent', async () => {
    const store = new PausedStore();
    const breaker = new CircuitBreaker(LIMIT_MS);
    void outcomeOf(breaker.run(store.call, store));
    for (let ms = 0; ms < 5_000; ms += 500) {
      // This call is never answered; the next one after half a second.
      void outcomeOf(breaker.run(() => new Promise(() => undefined), store));
      void outcomeOf(breaker.run(store.call, store));
      await vi.advanceTimersByTimeAsync(500);
      store.waiting.shift()?.resolve('slow');
    }
    expect(store.stalled).not.toHaveBeenCalled();
    expect(await breaker.run(async () => 'answer')).toBe('answer');
  });

  it('does not count calls that fail as answers', async () => {
    const store = new PausedStore();
    const breaker = new CircuitBreaker(LIMIT_MS);
    void outcomeOf(breaker.run(store.call, store));
    for (let ms = 0; ms < LIMIT_MS; ms += 100) {
      void outcomeOf(breaker.run(async () => Promise.reject(new Error('timed out')), store));
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(store.stalled).toHaveBeenCalledOnce();
  });

  it('never opens while all calls fail, because a store that rejects is not silent', async () => {
    const breaker = new CircuitBreaker(LIMIT_MS);
    const refuse = () => Promise.reject(new Error('refused'));
    for (let ms = 0; ms < 3 * LIMIT_MS; ms += 100) {
      expect(await outcomeOf(breaker.run(refuse))).toEqual(new Error('refused'));
      await vi.advanceTimersByTimeAsync(100);
    }
  });

  it('survives a driver that throws when told of the silence', async () => {
    const breaker = new CircuitBreaker(LIMIT_MS);
    const stalled = () => {
      throw new Error('no connection to drop');
    };
    const outcome = outcomeOf(breaker.run(new PausedStore().call, { stalled }));
    await vi.advanceTimersByTimeAsync(LIMIT_MS);
    expect(await outcome).toBeInstanceOf(CallTimeoutError);
  });

  it('leaves no timer behind when no call is pending', async () => {
    const breaker = new CircuitBreaker(LIMIT_MS);
    await breaker.run(async () => 'answer');
    await outcomeOf(breaker.run(async () => Promise.reject(new Error('refused'))));
    expect(vi.getTimerCount()).toBe(0);
  });
});
