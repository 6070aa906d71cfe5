import { expect, it } from 'vitest';

import { describeShop } from './support/describe-shop.js';
import { SHOP_DRIVERS } from './support/shop-process.js';

describeShop(
  'The session page',
  ({ driver, newVisitor }) => {
    it('says that there is no session yet, and does not begin one', async () => {
      const visitor = await newVisitor();
      await visitor.visit('/session');
      expect(await visitor.page.getByText('You have none yet.').count()).toBe(1);
      expect(await visitor.context.cookies()).toEqual([]);
    });

    it('shows the session, but not the whole id', async () => {
      const visitor = await newVisitor();
      const { page } = visitor;
      await visitor.addToCart('Stoneware mug');
      await visitor.visit('/session');

      expect(await page.locator('#session-id').textContent()).toMatch(/^[\w-]{6}…$/);
      expect(await page.locator('#session-driver').textContent()).toBe(driver);
      expect(JSON.parse((await page.locator('#session-values').textContent()) ?? '')).toEqual({
        cart: { mug: 1 },
      });
      const expires = Date.parse(
        (await page.locator('#session-expires time').getAttribute('datetime')) ?? '',
      );
      expect(expires - Date.now()).toBeGreaterThan(1.9 * 60 * 60 * 1000);
      expect(expires - Date.now()).toBeLessThanOrEqual(2 * 60 * 60 * 1000 + 1000);

      const token = await visitor.token();
      expect(await page.content()).not.toContain(token.slice(0, 30));
    });

    it('gives the session a new id and keeps its values', async () => {
      const visitor = await newVisitor();
      const { page } = visitor;
      await visitor.addToCart('Stoneware mug');
      await visitor.visit('/session');
      const [id, token] = [await page.locator('#session-id').textContent(), await visitor.token()];
      await visitor.press('New id');

      expect(await page.locator('#session-id').textContent()).not.toBe(id);
      expect(await visitor.token()).not.toBe(token);
      expect(await visitor.cartCount()).toBe(1);
    });

    it('mentions a record only if there is one', async () => {
      const visitor = await newVisitor();
      const count = () => visitor.page.getByText('record').count();
      await visitor.addToCart('Stoneware mug');
      await visitor.visit('/session');
      expect(await count()).toBe(driver === 'stealth' ? 0 : 1);
      await visitor.press('Forget this session');
      expect(await count()).toBe(driver === 'stealth' ? 0 : 1);
    });

    it('ends the session and removes its cookie', async () => {
      const visitor = await newVisitor();
      await visitor.addToCart('Stoneware mug');
      await visitor.visit('/session');
      await visitor.press('Forget this session');

      expect(await visitor.notice().textContent()).toMatch(/^Your session is forgotten/);
      expect(await visitor.page.getByText('You have none yet.').count()).toBe(1);
      expect(await visitor.cartCount()).toBe(0);
      expect(await visitor.context.cookies()).toEqual([]);
    });
  },
  SHOP_DRIVERS,
);
