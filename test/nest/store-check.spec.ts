import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { SessionManager, SessionModule, type SessionModuleOptions } from 'nestjs-session-kit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SessionLifecycles } from '../../lib/nest/session-lifecycles.js';
import { OneRequest } from '../support/one-session.js';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { SECRET } from '../support/test-app.js';

afterEach(() => void vi.restoreAllMocks());

async function started(
  options: Partial<SessionModuleOptions> = {},
  extend: (manager: SessionManager) => unknown = () => undefined,
): Promise<{ manager: SessionManager; lifecycles: SessionLifecycles; said: string[] }> {
  const said: string[] = [];
  for (const level of ['warn', 'error'] as const)
    vi.spyOn(Logger.prototype, level).mockImplementation((message) => void said.push(String(message)));
  const module = await Test.createTestingModule({
    imports: [SessionModule.forRoot({ secret: SECRET, driver: 'scripted', gc: false, ...options })],
  }).compile();
  const manager = module.get(SessionManager);
  extend(manager);
  await module.init();
  return { manager, lifecycles: module.get(SessionLifecycles), said };
}

/** An application on a store whose mood the test sets. */
async function scripted(options: Partial<SessionModuleOptions> = {}): Promise<{
  driver: ScriptedDriver;
  manager: SessionManager;
  lifecycles: SessionLifecycles;
  said: string[];
}> {
  const driver = new ScriptedDriver();
  return { driver, ...(await started(options, (manager) => manager.extend('scripted', () => driver))) };
}

describe('SessionManager.check', () => {
  it.each(['memory', 'stealth'])('reports %s as up', async (driver) => {
    const { manager } = await started({ driver });
    expect(await manager.check()).toEqual({ driver, up: true, ms: expect.any(Number) });
  });

  it('reads the store once for concurrent calls', async () => {
    const { driver, manager } = await scripted();
    const answers = await Promise.all([manager.check(), manager.check(), manager.check()]);
    expect(answers.map(({ up }) => up)).toEqual([true, true, true]);
    expect(driver.calls).toEqual(['read']);
  });

  it('reports a failing store as down, without throwing or leaking secrets, and as up once it is back', async () => {
    const { driver, manager, said } = await scripted();
    driver.mood = 'failing';
    const down = await manager.check();
    await manager.check();
    expect([down.up, JSON.stringify(down).includes('password')]).toEqual([false, false]);
    driver.mood = 'well';
    expect((await manager.check()).up).toBe(true);
    expect(said).toEqual([
      expect.stringContaining('"scripted" failed (ECONNREFUSED)'),
      expect.stringContaining('"scripted" is back'),
    ]);
  });

  it('reports a silent store as down after storeTimeout, and as up as soon as it is back', async () => {
    const { driver, manager, lifecycles } = await scripted({ storeTimeout: 40 });
    driver.mood = 'hanging';
    for (let asked = 0; asked < 5; asked += 1) expect((await manager.check()).up).toBe(false);
    // Requests are refused by now; the check still asks the store.
    const { session } = new OneRequest(lifecycles, []);
    await expect(manager.read('id')).rejects.toMatchObject({ statusCode: 503 });
    driver.mood = 'well';
    expect((await manager.check()).up).toBe(true);
    // And requests are served from here on.
    await session.put('a', 1).commit();
    expect(session.stored).toBe(true);
  });

  it('reports a slow store as up if it answers within storeTimeout', async () => {
    const { driver, manager } = await scripted({ storeTimeout: '60s' });
    driver.mood = { slowMs: 20 };
    const { up, ms } = await manager.check();
    expect([up, ms > 0]).toEqual([true, true]);
  });

  it('reports a driver as down that throws synchronously, returns nonsense or cannot be made', async () => {
    const answer = (): Promise<string> => Promise.resolve('yes');
    const nonsense = { read: answer, write: answer, touch: answer, destroy: answer };
    const throwing = {
      ...nonsense,
      read: (): never => {
        throw new Error('broken');
      },
    };
    for (const driver of [nonsense, throwing]) {
      // As plain JavaScript may bring one.
      const { manager } = await started({}, (each) =>
        Reflect.apply(each.extend.bind(each), undefined, ['scripted', () => driver]),
      );
      expect((await manager.check()).up).toBe(false);
    }
    const { manager } = await started({}, (each) =>
      each.extend('scripted', (_config, request) => {
        throw new Error(`no driver for ${String(request)}`);
      }),
    );
    expect(await manager.check()).toMatchObject({ driver: 'scripted', up: false });
  });

  it('makes a per-request driver without a request', async () => {
    const driver = new ScriptedDriver();
    const requests: unknown[] = [];
    const { manager } = await started({}, (each) =>
      each.extend('scripted', (_config, request) => {
        requests.push(request);
        return driver;
      }),
    );
    expect([(await manager.check()).up, requests]).toEqual([true, [undefined]]);
  });

  it('reports down before the application has booted', async () => {
    const imports = [SessionModule.forRoot({ secret: SECRET, driver: 'memory' })];
    const module = await Test.createTestingModule({ imports }).compile();
    expect((await module.get(SessionManager).check()).up).toBe(false);
  });
});
