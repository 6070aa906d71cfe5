import { Test, type TestingModule } from '@nestjs/testing';
import { Logger } from '@nestjs/common';
import { type RecordDriver, SessionManager, SessionModule } from 'nestjs-session-kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { Deferred } from '../parallel/support/deferred.js';
import { SECRET } from '../support/test-app.js';

const STORE_TIMEOUT = 2_000;
const LIMIT = 10 * STORE_TIMEOUT;

/** A driver whose calls outside of requests last until the test ends them. */
class SlowDriver extends CustomDriver implements RecordDriver {
  readonly hangs = new Set<'open' | 'close' | 'collectGarbage'>();
  readonly gate = new Deferred<Error | void>();
  readonly heard: string[] = [];
  progressed: (() => void) | undefined;

  constructor() {
    super(systemClock);
  }
  async open(): Promise<void> {
    await this.#call('open');
  }
  async close(): Promise<void> {
    await this.#call('close');
  }
  async collectGarbage(_now: number, progressed?: () => void): Promise<number> {
    this.progressed = progressed;
    await this.#call('collectGarbage');
    return 3;
  }
  async #call(method: 'open' | 'close' | 'collectGarbage'): Promise<void> {
    this.heard.push(method);
    const failure = this.hangs.has(method) ? await this.gate.promise : undefined;
    if (failure !== undefined) throw failure;
  }
}

/** The outcome of a call so far: its value, its error, or that it lasts. */
function follow(call: Promise<unknown>): () => Promise<unknown> {
  let outcome: unknown = 'it lasts';
  call.then(
    (value) => (outcome = value),
    (error: unknown) => (outcome = error),
  );
  // A turn of the event loop: enough for whatever does not wait for a timer.
  return async () => {
    await new Promise(setImmediate);
    return outcome;
  };
}

const saysSo = (method: string, ms = LIMIT) =>
  expect.stringContaining(
    `${method}() of the session driver "slow" did not get on for ${ms} ms (10 times the option 'storeTimeout')`,
  );

// With a stopped clock, a call hangs for as long as the test says.
describe('a driver that hangs', () => {
  const said: string[] = [];
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    said.length = 0;
    for (const level of ['warn', 'error'] as const)
      vi.spyOn(Logger.prototype, level).mockImplementation((message) => void said.push(String(message)));
  });
  afterEach(() => void vi.useRealTimers().restoreAllMocks());

  async function make(gc: string | false = false) {
    const [driver, other] = [new SlowDriver(), new SlowDriver()];
    const module = await Test.createTestingModule({
      imports: [
        SessionModule.forRoot({
          secret: SECRET,
          driver: 'slow',
          storeTimeout: STORE_TIMEOUT,
          gc,
          drivers: { slow: { useFactory: () => driver }, other: { useFactory: () => other } },
        }),
      ],
    }).compile();
    return { driver, other, module, manager: module.get(SessionManager) };
  }

  async function start(gc?: string) {
    const made = await make(gc);
    await made.module.init();
    return made;
  }

  it('in collectGarbage fails the call after ten times storeTimeout, and the next call collects anew', async () => {
    const { driver, manager } = await start();
    driver.hangs.add('collectGarbage');
    const outcomes = [follow(manager.collectGarbage()), follow(manager.collectGarbage())];
    await vi.advanceTimersByTimeAsync(LIMIT - 1);
    for (const outcome of outcomes) expect(await outcome()).toBe('it lasts');
    await vi.advanceTimersByTimeAsync(1);
    for (const outcome of outcomes)
      expect(await outcome()).toMatchObject({ name: 'SessionStoreError', message: saysSo('collectGarbage') });
    driver.hangs.clear();
    expect(await manager.collectGarbage()).toBe(3);
    expect(driver.heard).toEqual(['open', 'collectGarbage', 'collectGarbage']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('in collectGarbage is waited for as long as it reports progress', async () => {
    const { driver, manager } = await start();
    driver.hangs.add('collectGarbage');
    const outcome = follow(manager.collectGarbage());
    for (let times = 0; times < 100; times += 1) {
      await vi.advanceTimersByTimeAsync(LIMIT - 1);
      driver.progressed?.();
    }
    expect(await outcome()).toBe('it lasts');
    driver.gate.resolve();
    expect(await outcome()).toBe(3);
    driver.progressed?.();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('in a collection by the timer is logged, and the next turn collects again', async () => {
    const { driver, module } = await start('1m');
    driver.hangs.add('collectGarbage');
    await vi.advanceTimersByTimeAsync(60_000 + LIMIT);
    expect(said).toEqual([saysSo('collectGarbage')]);
    await vi.advanceTimersByTimeAsync(60_000 - LIMIT);
    expect(driver.heard).toEqual(['open', 'collectGarbage', 'collectGarbage']);
    driver.gate.resolve();
    await module.close();
  });

  it('in a collection by the timer is logged once, however many turns come meanwhile', async () => {
    const { driver, module } = await start('1s');
    driver.hangs.add('collectGarbage');
    await vi.advanceTimersByTimeAsync(1_000 + LIMIT);
    expect(said).toEqual([saysSo('collectGarbage')]);
    driver.gate.resolve();
    await module.close();
  });

  it('in collectGarbage delays the shutdown by storeTimeout at most', async () => {
    const { driver, manager, module } = await start();
    driver.hangs.add('collectGarbage');
    void manager.collectGarbage().catch(() => undefined);
    const outcome = follow(module.close());
    await vi.advanceTimersByTimeAsync(STORE_TIMEOUT - 1);
    expect(driver.heard).not.toContain('close');
    await vi.advanceTimersByTimeAsync(1);
    expect(await outcome()).toBeUndefined();
    expect(driver.heard).toContain('close');
  });

  it('in close is logged, and keeps neither the application nor another driver from closing', async () => {
    const { driver, other, module } = await start();
    driver.hangs.add('close');
    const outcome = follow(module.close());
    await vi.advanceTimersByTimeAsync(LIMIT - 1);
    expect(await outcome()).toBe('it lasts');
    await vi.advanceTimersByTimeAsync(1);
    expect(await outcome()).toBeUndefined();
    expect(other.heard).toContain('close');
    expect(said).toEqual([saysSo('close')]);
  });

  it('or fails in close is logged, and does not keep another driver from closing', async () => {
    const { driver, other, module } = await start();
    driver.close = () => Promise.reject(Object.assign(new Error('at secret-host'), { code: 'EPIPE' }));
    await module.close();
    expect(other.heard).toContain('close');
    expect(said).toEqual(['The session driver "slow" could not be closed (EPIPE).']);
  });

  /** Boots with a driver whose `open` lasts until the test ends it. */
  async function boot(): Promise<{ driver: SlowDriver; module: TestingModule }> {
    const { driver, module } = await make();
    driver.hangs.add('open');
    const outcome = follow(module.init());
    await vi.advanceTimersByTimeAsync(LIMIT - 1);
    expect(await outcome()).toBe('it lasts');
    await vi.advanceTimersByTimeAsync(1);
    expect(await outcome()).toBe(module);
    expect(said.splice(0)).toEqual([
      expect.stringMatching(/^open\(\) .* The application boots meanwhile\.$/),
    ]);
    return { driver, module };
  }

  it('in open does not keep the application from booting, and is logged, as is its opening', async () => {
    const { driver, module } = await boot();
    driver.gate.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(said).toEqual(['The session driver "slow" is open now.']);
    await module.close();
  });

  it('in open and then fails is logged', async () => {
    const { driver, module } = await boot();
    driver.gate.resolve(Object.assign(new Error('at secret-host'), { code: 'ECONNREFUSED' }));
    await vi.advanceTimersByTimeAsync(0);
    expect(said).toEqual(['The session driver "slow" could not be opened (ECONNREFUSED).']);
    await module.close();
  });
});
