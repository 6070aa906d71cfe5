import { expect, it, onTestFinished, vi } from 'vitest';
import { onSessionEvent } from 'nestjs-session-kit';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { Deferred } from '../parallel/support/deferred.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

it.each(PLATFORMS)('A commit takes no clock on %s if nobody listens to its event', async (platform) => {
  await using app = await HandlerApp.start(platform);
  const taken = await app.visitor().in(async (session) => {
    const now = vi.spyOn(performance, 'now');
    try {
      await session.put('cart', ['mug']).commit();
      return now.mock.calls.length;
    } finally {
      now.mockRestore();
    }
  });
  expect(taken).toBe(0);
});

it.each(PLATFORMS)('Who begins to listen during a commit on %s hears of the next one', async (platform) => {
  const [writing, goOn] = [new Deferred(), new Deferred()];
  class Held extends MemoryDriver {
    override async write(...args: Parameters<MemoryDriver['write']>): Promise<boolean> {
      writing.resolve();
      await goOn.promise;
      return super.write(...args);
    }
  }
  const drivers = { held: { useFactory: () => new Held() } };
  await using app = await HandlerApp.start(platform, { options: { driver: 'held', drivers } });
  const heard: number[] = [];
  await app.visitor().in(async (session) => {
    const began = performance.now();
    const committing = session.put('cart', ['mug']).commit();
    await writing.promise;
    onTestFinished(onSessionEvent('committed', ({ ms }) => void heard.push(ms)));
    goOn.resolve();
    await committing;
    expect(heard).toEqual([]);
    await session.put('cart', []).commit();
    expect(heard).toEqual([expect.any(Number)]);
    expect(heard[0]).toBeLessThanOrEqual(performance.now() - began);
  });
});
