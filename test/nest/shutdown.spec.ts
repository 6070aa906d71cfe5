import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  type RecordDriver,
  SessionManager,
  SessionModule,
  type SessionModuleOptions,
} from 'nestjs-session-kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { Deferred } from '../parallel/support/deferred.js';
import { SECRET } from '../support/test-app.js';

const STORE_TIMEOUT = 2_000;

/** A driver whose first call for a request lasts until the test ends it. It fails once it is closed. */
class ClosingDriver extends CustomDriver implements RecordDriver {
  readonly answer = new Deferred();
  isClosed = false;

  constructor() {
    super(systemClock);
  }
  override async read(id: string): ReturnType<CustomDriver['read']> {
    await this.answer.promise;
    if (this.isClosed) throw new Error('closed');
    return super.read(id);
  }
  async close(): Promise<void> {
    this.isClosed = true;
  }
}

describe('When an application is shut down, its store', () => {
  const said: unknown[] = [];
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    said.length = 0;
    vi.spyOn(Logger.prototype, 'error').mockImplementation((message) => void said.push(message));
  });
  afterEach(() => void vi.useRealTimers().restoreAllMocks());

  async function start(options: Partial<SessionModuleOptions>) {
    const driver = new ClosingDriver();
    const drivers = { closing: { useFactory: () => driver } };
    const module = await Test.createTestingModule({
      imports: [
        SessionModule.forRoot({
          secret: SECRET,
          storeTimeout: STORE_TIMEOUT,
          gc: false,
          drivers,
          ...options,
        }),
      ],
    }).compile();
    await module.init();
    return { driver, module, manager: module.get(SessionManager) };
  }

  it.each<Partial<SessionModuleOptions>>([
    { driver: 'closing' },
    { driver: 'stealth', stealth: { ledger: 'closing' } },
  ])('stays open until the calls under way are answered, with %j', async (options) => {
    const { driver, module, manager } = await start(options);
    const reading = manager.read('id');
    const closing = module.close();
    await new Promise(setImmediate);
    expect(driver.isClosed).toBe(false);
    driver.answer.resolve();
    expect(await reading).toBeNull();
    await closing;
    expect([driver.isClosed, said]).toEqual([true, []]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is closed after storeTimeout if a call is never answered', async () => {
    const { driver, module, manager } = await start({ driver: 'closing' });
    const reading = manager.read('id').catch((error: unknown) => String(error));
    const closing = module.close();
    await vi.advanceTimersByTimeAsync(STORE_TIMEOUT - 1);
    expect(driver.isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await closing;
    expect(driver.isClosed).toBe(true);
    expect(await reading).toContain(`did not answer within ${STORE_TIMEOUT} ms`);
  });
});
