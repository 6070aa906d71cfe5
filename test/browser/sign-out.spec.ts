import { expect, it } from 'vitest';

import { describeShop } from './support/describe-shop.js';
import { ADA } from './support/visitor.js';

describeShop('Signing out', ({ newVisitor }) => {
  it('closes the account pages and leaves nothing of the session', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    await visitor.signIn();
    const before = await visitor.token();
    await visitor.signOut();

    expect(visitor.path()).toBe('/');
    expect(await visitor.notice().textContent()).toBe('You are signed out.');
    expect(await visitor.cartCount()).toBe(0);
    expect(await visitor.token()).not.toBe(before);
    for (const path of ['/account', '/account/orders']) {
      await visitor.visit(path);
      expect(visitor.path()).toBe('/sign-in');
    }
  });

  it('leaves nothing of the account visible behind the back button', async () => {
    const visitor = await newVisitor();
    const { page } = visitor;
    await visitor.signIn();
    await visitor.visit('/account/orders');
    await visitor.signOut();
    await page.goBack();
    await page.reload();

    expect(visitor.path()).toBe('/sign-in');
    expect(await page.getByText(ADA.name).count()).toBe(0);
    await page.goBack();
    await page.reload();
    expect(await page.getByText(ADA.name).count()).toBe(0);
  });

  // With stealth, the process that ended a session remembers it for some minutes; other processes do not learn of it.
  it('makes a copied cookie worthless', async () => {
    const [visitor, thief] = [await newVisitor(), await newVisitor()];
    await visitor.signIn();
    await thief.context.addCookies(await visitor.sessionCookies());
    await thief.visit('/account');
    expect(thief.path()).toBe('/account');
    await thief.page.locator('html[data-connected]').waitFor({ state: 'attached' });

    await visitor.signOut();
    await thief.page.waitForURL('**/sign-in');
  });

  it('ends "Remember this device" as well', async () => {
    const visitor = await newVisitor();
    await visitor.signIn({ remember: true });
    await visitor.signOut();
    const inADay = Date.now() / 1000 + 24 * 60 * 60;
    for (const { expires } of await visitor.sessionCookies()) expect(expires).toBeLessThan(inADay);
  });
});
