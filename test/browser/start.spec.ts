import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { freePort } from '../servers/free-port.js';
import { buildShop } from './support/build-shop.js';
import { ShopDidNotStart, startShop } from './support/shop-process.js';

const SECRET = 'a secret of this test, long enough to be taken';

describe('Starting the shop', () => {
  beforeAll(async () => void (await buildShop()), 180_000);

  it.each([
    [{ NODE_ENV: 'production' }, /SESSION_SECRET must be set in production/],
    [{ SESSION_DRIVER: 'filing-cabinet' }, /SESSION_DRIVER must be one of.*file, memory, stealth/],
    [{ SESSION_SECRET: 'short' }, /secret.*32/s],
    [{ PORT: 'http' }, /PORT must be/],
  ])('stops with a reason when given %j', async (environment, reason) => {
    const started = startShop(environment);
    await expect(started).rejects.toThrow(ShopDidNotStart);
    await expect(started).rejects.toThrow(reason);
  });

  it('answers in production with a Secure cookie', async () => {
    const shop = await startShop({ NODE_ENV: 'production', SESSION_SECRET: SECRET });
    try {
      expect(await cookieOfAddedMug(shop.url)).toMatch(/^session=[^;]+;.*Secure/);
    } finally {
      await shop.stop();
    }
  });

  it('accepts the old secret while a new one is being introduced', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'session-files-'));
    try {
      const before = await startShop({ SESSION_FOLDER: folder, SESSION_SECRET: SECRET });
      const cookie = await cookieOfAddedMug(before.url);
      await before.stop();
      const after = await startShop({
        SESSION_FOLDER: folder,
        SESSION_SECRET: 'another secret of this test, long enough as well',
        SESSION_PREVIOUS_SECRET: SECRET,
      });
      const page = await fetch(after.url, { headers: { cookie: cookie.split(';')[0] ?? '' } });
      expect(cartCountOn(await page.text())).toBe(1);
      await after.stop();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('answers 503, and claims nothing, while the store is away', async () => {
    const port = await freePort();
    const shop = await startShop({ SESSION_DRIVER: 'redis', REDIS_URL: `redis://127.0.0.1:${port}` });
    try {
      expect((await fetch(shop.url)).status).toBe(200);
      const answer = await addMug(shop.url);
      expect(answer.status).toBe(503);
      expect(await answer.text()).toContain('What you did last may not have been kept');
      expect(answer.headers.getSetCookie()).toEqual([]);
    } finally {
      await shop.stop();
    }
  });

  describe("again, a visitor's cart", () => {
    const folder = mkdtempSync(join(tmpdir(), 'session-files-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it.each([
      ['file', 1],
      ['stealth', 1],
      ['database', 1],
      ['memory', 0],
    ])('is there or not as the driver promises: %s', async (driver, count) => {
      const environment = {
        SESSION_DRIVER: driver,
        SESSION_FOLDER: join(folder, 'files'),
        DATABASE_URL: `sqlite:${join(folder, 'sessions.sqlite')}`,
      };
      const before = await startShop(environment);
      const cookie = await cookieOfAddedMug(before.url);
      await before.stop();
      const after = await startShop(environment);
      const page = await fetch(after.url, { headers: { cookie: cookie.split(';')[0] ?? '' } });
      expect(cartCountOn(await page.text())).toBe(count);
      await after.stop();
    });
  });
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

/** The number that a page shows in its header. */
function cartCountOn(html: string): number {
  return Number(/id="cart-count"[^>]*>(\d+)</.exec(html)?.[1]);
}
