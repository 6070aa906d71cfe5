import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';

import { describeShop } from './support/describe-shop.js';
import { SHOP_DRIVERS } from './support/shop-process.js';

/** What one of the two panels shows: the count, and the number of names, as many as are marked as kept. */
async function tally(page: Page, id: 'merged' | 'unmerged'): Promise<{ counted: number; named: number }> {
  const panel = page.locator(`#${id}`);
  const number = async (name: string) => Number(await panel.locator(name).textContent());
  const [counted, named] = [await number('.counted'), await number('.named')];
  expect(await panel.locator('.names b').count()).toBe(named);
  return { counted, named };
}

describeShop(
  'Fifty requests at once',
  ({ driver, newVisitor }) => {
    it('are sent by one press of a button, with and without a previous session', async () => {
      const visitor = await newVisitor();
      const { page } = visitor;
      await visitor.visit('/session');
      await visitor.follow('send fifty at once');
      expect(visitor.path()).toBe('/parallel');
      expect(await visitor.context.cookies()).toEqual([]);

      for (const round of ['the first press', 'the second']) {
        await visitor.press('Send fifty at once');
        const [merged, unmerged] = [await tally(page, 'merged'), await tally(page, 'unmerged')];
        // With stealth the session is in the cookie: nothing is merged, the last response wins, and the page says so.
        if (driver !== 'stealth') expect(merged, round).toEqual({ counted: 50, named: 50 });
        for (const { counted, named } of [merged, unmerged]) {
          expect(counted).toBeGreaterThanOrEqual(1);
          expect(counted).toBeLessThanOrEqual(50);
          expect(named).toBe(counted);
        }
        expect(await page.locator('#sealed-note').count()).toBe(driver === 'stealth' ? 1 : 0);
      }
    });

    it('can be sent one by one if scripts do not run', async () => {
      const visitor = await newVisitor();
      const { page } = visitor;
      await page.route('**/assets/parallel.js', (route) =>
        route.fulfill({ contentType: 'text/javascript', body: '' }),
      );
      await visitor.visit('/parallel');
      for (const count of [1, 2]) {
        expect(await page.getByRole('button', { name: 'Send fifty at once' }).count()).toBe(0);
        await visitor.press('Send one');
        expect(visitor.path()).toBe('/parallel');
        for (const id of ['merged', 'unmerged'] as const)
          expect(await tally(page, id)).toEqual({ counted: count, named: count });
        // Requests that were never sent are not crossed out as lost.
        expect(await page.locator('.names s').count()).toBe(0);
      }
      await page.unroute('**/assets/parallel.js');
    });
  },
  SHOP_DRIVERS,
);
