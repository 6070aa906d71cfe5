import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StallGuard, StoreStalledError } from '../../lib/drivers/stall-guard.js';

/** A store that answers when told to. */
class PausedStore {
  readonly waiting: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
  call = (): Promise<string> =>
    new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
    });
}

const outcomeOf = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

describe('the guard against a store that stops answering', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('lets calls through, and hands back what they give', async () => {
    const guard = new StallGuard(1_000);
    expect(await guard.run(async () => 'answer')).toBe('answer');
    await expect(guard.run(async () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  });

  it('refuses further calls once none was answered for as long as the limit, but for ten a second', async () => {
    const store = new PausedStore();
    const onStall = vi.fn<() => void>();
    const guard = new StallGuard(1_000, onStall);
    void outcomeOf(guard.run(store.call));
    await vi.advanceTimersByTimeAsync(900);
    void outcomeOf(guard.run(store.call));
    expect(onStall).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(200);
    expect(onStall).toHaveBeenCalledOnce();
    for (let ms = 0; ms < 500; ms++) {
      void outcomeOf(guard.run(store.call));
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(store.waiting.length).toBeLessThanOrEqual(2 + 6);
    // This one may be a probe; the next, in the same tenth of a second, is not.
    void outcomeOf(guard.run(store.call));
    await expect(guard.run(store.call)).rejects.toThrow(StoreStalledError);
  });

  it('lets all through again with the first answer', async () => {
    const store = new PausedStore();
    const guard = new StallGuard(1_000);
    const first = guard.run(store.call);
    await vi.advanceTimersByTimeAsync(1_200);
    store.waiting[0]?.resolve('late');
    expect(await first).toBe('late');
    expect(await guard.run(async () => 'a')).toBe('a');
    expect(await guard.run(async () => 'b')).toBe('b');
  });

  it('does not take a slow store for a silent one', async () => {
    const store = new PausedStore();
    const onStall = vi.fn<() => void>();
    const guard = new StallGuard(1_000, onStall);
    void outcomeOf(guard.run(store.call));
    for (let ms = 0; ms < 5_000; ms += 500) {
      void outcomeOf(guard.run(store.call));
      await vi.advanceTimersByTimeAsync(500);
      store.waiting.shift()?.resolve('slow');
    }
    expect(onStall).not.toHaveBeenCalled();
  });

  it('does not count calls that fail as answers', async () => {
    const store = new PausedStore();
    const onStall = vi.fn<() => void>();
    const guard = new StallGuard(1_000, onStall);
    void outcomeOf(guard.run(store.call));
    for (let ms = 0; ms < 2_000; ms += 100) {
      void outcomeOf(guard.run(async () => Promise.reject(new Error('timed out'))));
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(onStall).toHaveBeenCalled();
  });

  it('leaves no timer behind when nothing waits', async () => {
    const guard = new StallGuard(1_000);
    await guard.run(async () => 'answer');
    await vi.advanceTimersByTimeAsync(200);
    expect(vi.getTimerCount()).toBe(0);
  });
});
