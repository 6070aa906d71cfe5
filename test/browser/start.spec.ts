import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { readEnvironment } from '../../sample/environment.js';
import { whyNotListening } from '../../sample/listening.js';
import { freePort } from '../servers/free-port.js';
import { sharedServer } from '../servers/index.js';
import { ShopDidNotStart, type ShopProcess, startShop } from './support/shop-process.js';

const SECRET = 'a secret of this test, long enough to be taken';

describe('Starting the shop', () => {
  let folder: string;
  const shops: ShopProcess[] = [];
  // One shop compiles for all.
  beforeAll(async () => void (await sharedServer('shop-file')));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'session-files-'));
  });
  afterEach(async () => {
    await Promise.all(shops.splice(0).map((shop) => shop.stop()));
    rmSync(folder, { recursive: true, force: true });
  });
  afterAll(async () => (await withoutStore)?.stop());

  /** A shop on every address whose store is down: shared by the tests that do not change it. */
  let withoutStore: Promise<ShopProcess> | undefined;
  function storeless(): Promise<ShopProcess> {
    withoutStore ??= freePort().then((nobody) =>
      startShop({ HOST: '0.0.0.0', SESSION_DRIVER: 'redis', REDIS_URL: `redis://127.0.0.1:${nobody}` }),
    );
    return withoutStore;
  }

  /** Starts a shop that is stopped after the test. The shops of one test share their files and database. */
  async function start(environment: Record<string, string>): Promise<ShopProcess> {
    const shop = await startShop({
      SESSION_FOLDER: join(folder, 'files'),
      DATABASE_URL: `sqlite:${join(folder, 'sessions.sqlite')}`,
      ...environment,
    });
    shops.push(shop);
    return shop;
  }

  it('stops with a reason when it cannot start', async () => {
    const started = start({ SESSION_SECRET: 'short' });
    await expect(started).rejects.toThrow(ShopDidNotStart);
    await expect(started).rejects.toThrow(/secret.*32/s);
  });

  it.each([
    [{ NODE_ENV: 'production' }, /SESSION_SECRET must be set in production/],
    [{ SESSION_DRIVER: 'filing-cabinet' }, /SESSION_DRIVER must be one of.*file, memory, stealth/],
    [{ PORT: 'http' }, /PORT must be/],
  ])('is refused with a reason for the environment %j', (environment, reason) => {
    expect(() => readEnvironment(environment)).toThrow(reason);
  });

  it('says that its port is taken, and what to do', async () => {
    const { port } = new URL((await sharedServer('shop-file')).url);
    await expect(start({ PORT: port })).rejects.toThrow(
      `port ${port} is taken. Stop what listens there, or choose another`,
    );
  });

  it('explains that the machine lacks the address', async () => {
    const host = 'no-such-host.invalid';
    const [error]: unknown[] = await once(createServer().listen(0, host), 'error');
    expect(whyNotListening(error, 0, host)).toContain(`no address ${host}`);
  });

  it.runIf(process.platform === 'linux')(
    'listens for this machine only, unless configured otherwise',
    async () => {
      // All of 127.0.0.0/8 is this machine, and a server on every address would answer there.
      const elsewhere = (shop: string) => fetch(`http://127.0.0.2:${new URL(shop).port}`);
      await expect(elsewhere((await sharedServer('shop-file')).url)).rejects.toThrow('fetch failed');
      expect((await elsewhere((await storeless()).url)).status).toBe(200);
    },
  );

  it('answers a write with 503, and sets no cookie, while the store is down', async () => {
    const { url } = await storeless();
    expect((await fetch(url)).status).toBe(200);
    const answer = await addMug(url);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('What you did last may not have been kept');
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  // Also shows that the driver `database` keeps a cart across a restart.
  it('sends a Secure cookie in production, and accepts the old secret beside a new one', async () => {
    const SESSION_DRIVER = 'database';
    const before = await start({ NODE_ENV: 'production', SESSION_DRIVER, SESSION_SECRET: SECRET });
    const cookie = await cookieOfAddedMug(before.url);
    expect(cookie).toMatch(/^__Host-session=[^;]+;.*Secure/);
    await before.stop();
    const after = await start({
      NODE_ENV: 'production',
      SESSION_DRIVER,
      SESSION_SECRET: 'another secret of this test, long enough as well',
      SESSION_PREVIOUS_SECRET: SECRET,
    });
    expect(await cartCount(after.url, cookie)).toBe(1);
  });

  it('keeps a cart across a restart with the driver file', async () => {
    const before = await start({ SESSION_DRIVER: 'file' });
    const cookie = await cookieOfAddedMug(before.url);
    expect(await cartCount(before.url, cookie)).toBe(1);
    await before.stop();
    const after = await start({ SESSION_DRIVER: 'file' });
    expect(await cartCount(after.url, cookie)).toBe(1);
  });

  it.each([
    ['stealth', 1],
    ['memory', 0],
  ] as const)(
    'with the driver %s, finds this many products in the cart of another process: %d',
    async (driver, count) => {
      const before = await sharedServer(`shop-${driver}`);
      const cookie = await cookieOfAddedMug(before.url);
      expect(await cartCount(before.url, cookie)).toBe(1);
      const after = await start({ SESSION_DRIVER: driver });
      expect(await cartCount(after.url, cookie)).toBe(count);
    },
  );
});

async function addMug(url: string): Promise<Response> {
  const body = new URLSearchParams({ product: 'mug' });
  return fetch(`${url}/cart/add`, { method: 'POST', body, redirect: 'manual' });
}

/** Puts a mug into a new cart. @returns the `Set-Cookie` of the answer */
async function cookieOfAddedMug(url: string): Promise<string> {
  const answer = await addMug(url);
  expect(answer.status).toBe(303);
  return answer.headers.getSetCookie()[0] ?? '';
}

/** The cart count in the header of the first page, for the visitor with a cookie. */
async function cartCount(url: string, setCookie: string): Promise<number> {
  const [cookie = ''] = setCookie.split(';');
  const page = await fetch(url, { headers: { cookie } });
  return Number(/id="cart-count"[^>]*>(\d+)</.exec(await page.text())?.[1]);
}
