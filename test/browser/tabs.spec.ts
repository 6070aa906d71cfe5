import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';

import { describeShop } from './support/describe-shop.js';
import { ADA } from './support/visitor.js';

/** Waits until a tab receives updates from the others. */
async function connected(page: Page): Promise<void> {
  await page.locator('html[data-connected]').waitFor({ state: 'attached' });
}

/** Waits until the header of an untouched tab shows a number. */
async function expectCount(page: Page, count: number): Promise<void> {
  await page.locator('#cart-count', { hasText: new RegExp(`^${count}$`) }).waitFor();
}

describeShop('Tabs beside each other', ({ newVisitor }) => {
  it('show the count of a cart that another tab has changed', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    const [second, third] = [await visitor.openTab(), await visitor.openTab()];
    for (const tab of [second, third]) {
      await visitor.visit('/preferences', tab);
      await connected(tab);
    }

    await visitor.addToCart('Potted fern');
    for (const tab of [second, third]) await expectCount(tab, 2);
    await visitor.visit('/cart');
    await visitor.page.getByLabel('Quantity of Potted fern').fill('4');
    await visitor.press('Change quantities');
    for (const tab of [second, third]) await expectCount(tab, 5);
    await visitor.press('Remove Potted fern');
    for (const tab of [second, third]) {
      await expectCount(tab, 1);
      expect(await tab.getByRole('link', { name: 'Cart, 1 item', exact: true }).count()).toBe(1);
      expect(visitor.path(tab)).toBe('/preferences');
    }
  });

  it('show the first product in the cart, even if opened before there was a session', async () => {
    const visitor = await newVisitor();
    const second = await visitor.openTab();
    await visitor.visit('/preferences', second);
    await visitor.addToCart('Stoneware mug');
    await expectCount(second, 1);
    await visitor.addToCart('Stoneware mug');
    await expectCount(second, 2);
  });

  it('keep showing the count when the session gets another id', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    const second = await visitor.openTab();
    await visitor.visit('/preferences', second);
    await connected(second);
    await visitor.visit('/session');
    await visitor.press('New id');
    await visitor.addToCart('Potted fern');
    await expectCount(second, 2);
  });

  it('show the newest count if the greeting of the server comes late', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    const second = await visitor.openTab();
    const held: (() => void)[] = [];
    await second.routeWebSocket(/\/tabs$/, (socket) => {
      socket.connectToServer().onMessage((message) => held.push(() => socket.send(message)));
    });
    await visitor.visit('/preferences', second);
    await expect.poll(() => held.length).toBe(1);
    await visitor.addToCart('Potted fern');
    await expectCount(second, 2);
    held[0]?.();
    await connected(second);
    expect(await second.locator('#cart-count').textContent()).toBe('2');
  });

  it('keep what is being typed when the session gets another id', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    const second = await visitor.openTab();
    await visitor.visit('/sign-in', second);
    await connected(second);
    await second.getByLabel('E-mail').fill('ada@');
    await visitor.visit('/session');
    await visitor.press('New id');
    await visitor.addToCart('Potted fern');
    await expectCount(second, 2);
    expect(await second.getByLabel('E-mail').inputValue()).toBe('ada@');
  });

  it('show the empty cart when another tab has ended the session', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    const second = await visitor.openTab();
    await visitor.visit('/cart', second);
    await connected(second);
    await visitor.visit('/session');
    await visitor.press('Forget this session');
    // The count may come first, by the other tab; the page follows when the server has said that the session is over.
    await second.getByText('Stoneware mug').waitFor({ state: 'detached' });
    await expectCount(second, 0);
  });

  it('keep the carts of different visitors apart', async () => {
    const [visitor, stranger] = [await newVisitor(), await newVisitor()];
    await stranger.addToCart('Stoneware mug');
    await visitor.addToCart('Stoneware mug');
    const second = await visitor.openTab();
    await visitor.visit('/preferences', second);
    for (const tab of [second, stranger.page]) await connected(tab);

    await visitor.addToCart('Potted fern');
    await expectCount(second, 2);
    expect(await stranger.cartCount()).toBe(1);
  });

  it('are signed in and signed out together', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    const second = await visitor.openTab();
    await visitor.visit('/preferences', second);
    await connected(second);
    const name = second.getByRole('link', { name: ADA.name });

    await visitor.signIn();
    await name.waitFor();
    await connected(second);
    expect(await visitor.cartCount(second)).toBe(1);

    await visitor.signOut();
    // Whichever tab is faster says so.
    await name.waitFor({ state: 'detached' });
    await expectCount(second, 0);
    expect(visitor.path(second)).toBe('/preferences');
  });

  it('close the account pages at once when one of them signs out', async () => {
    const visitor = await newVisitor();
    await visitor.signIn();
    const second = await visitor.openTab();
    await visitor.visit('/account/orders', second);
    await connected(second);
    await visitor.signOut();
    await second.waitForURL('**/sign-in');
    expect(await second.getByText(ADA.name).count()).toBe(0);
  });
});
