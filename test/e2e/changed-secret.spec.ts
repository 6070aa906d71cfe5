import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { type Handled, HandlerApp } from '../support/handler-app.js';
import { PLATFORMS, SECRET } from '../support/test-app.js';

const NEWER = 'a newer secret for tests, as long as it has to be';
const MINUTE = 60_000;

afterEach(() => void vi.useRealTimers());

describe.each(PLATFORMS)('once another secret is the first, on %s', (platform) => {
  it.each<[string, Partial<SessionModuleOptions>]>([
    ['lasts', {}],
    ['ends with the browser', { clearWithBrowser: true }],
  ])('a cookie that %s switches to it with the next renewal, even if no visit writes', async (_, options) => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    const driver = new MemoryDriver();
    const start = (secret: string | string[]) =>
      HandlerApp.start(platform, {
        options: { driver: 'kept', drivers: { kept: { useFactory: () => driver } }, ...options, secret },
      });
    const visit = (app: HandlerApp, headers: Handled<unknown>['asHeaders']) =>
      app.visitor().handle((session) => session.get('said'), { headers });

    await using before = await start(SECRET);
    const begun = await before.visitor().handle((session) => void session.put('said', 'hello'));

    await using between = await start([NEWER, SECRET]);
    expect((await visit(between, begun.asHeaders)).cookies).toEqual([]);
    vi.setSystemTime(Date.now() + 2 * MINUTE);
    const renewed = await visit(between, begun.asHeaders);
    expect(renewed.cookies).toHaveLength(1);
    vi.setSystemTime(Date.now() + 2 * MINUTE);
    // From now on, a renewal changes only the lifetime, which a cookie that ends with the browser does not have.
    const again = await visit(between, renewed.asHeaders);
    expect(again.cookies).toHaveLength(options.clearWithBrowser === true ? 0 : 1);

    await using after = await start(NEWER);
    expect((await visit(after, renewed.asHeaders)).value).toBe('hello');
    expect((await visit(after, begun.asHeaders)).value).toBeUndefined();
  });
});
