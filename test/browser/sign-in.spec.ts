import { expect, it } from 'vitest';

import { describeShop } from './support/describe-shop.js';
import { ADA } from './support/visitor.js';

/** Addresses that browsers take for another site, or that are no path. */
const ABROAD = [
  'https://evil.example/',
  '//evil.example/',
  '/\\evil.example',
  '/.//evil.example',
  '/\t/evil.example',
  'javascript:alert(1)',
  'evil',
];

describeShop('Signing in', ({ newVisitor, shopUrl }) => {
  it('changes the cookie and keeps the cart', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    const before = await visitor.token();
    await visitor.visit('/session');
    const idBefore = await visitor.page.locator('#session-id').textContent();
    await visitor.signIn();

    expect(visitor.path()).toBe('/account');
    expect(await visitor.notice().textContent()).toBe(`Welcome back, ${ADA.name}.`);
    expect(await visitor.page.getByRole('link', { name: ADA.name }).count()).toBe(1);
    expect(await visitor.cartCount()).toBe(1);
    expect(await visitor.token()).not.toBe(before);
    await visitor.visit('/session');
    expect(await visitor.page.locator('#session-id').textContent()).not.toBe(idBefore);
  });

  it('makes the old cookie worthless', async () => {
    const [visitor, thief] = [await newVisitor(), await newVisitor()];
    await visitor.addToCart('Stoneware mug');
    await thief.context.addCookies(await visitor.sessionCookies());
    await visitor.signIn();

    await thief.visit('/account');
    expect(thief.path()).toBe('/sign-in');
    expect(await thief.cartCount()).toBe(0);
    await visitor.visit('/account');
    expect(visitor.path()).toBe('/account');
  });

  it('counts failures, shows the count from the third on, and starts over after a success', async () => {
    const visitor = await newVisitor();
    const notice = () => visitor.page.getByRole('alert').textContent();
    for (const shown of ['Sign-in failed: ', 'Sign-in failed: ', 'Sign-in failed 3 times: ']) {
      await visitor.signIn({ password: 'difference engine' });
      expect(await notice()).toContain(`${shown}address and password do not match.`);
    }
    await visitor.signIn();
    await visitor.signOut();
    await visitor.signIn({ password: 'difference engine' });
    expect(await notice()).toContain('Sign-in failed: ');
  });

  it('shows the refusal of a wrong password once, and refills the address but not the password', async () => {
    const visitor = await newVisitor();
    const { page } = visitor;
    await visitor.signIn({ password: 'difference engine' });

    expect(visitor.path()).toBe('/sign-in');
    expect(await page.getByRole('alert').textContent()).toBe(
      'Sign-in failed: address and password do not match.',
    );
    // The page does not say which of the two is wrong, so neither is marked.
    expect(await page.locator('.error, [aria-invalid]').count()).toBe(0);
    expect(await page.getByLabel('E-mail').inputValue()).toBe(ADA.email);
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    expect(await page.content()).not.toContain('difference engine');

    await page.reload();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await page.getByLabel('E-mail').inputValue()).toBe('');
    await visitor.signIn();
    expect(visitor.path()).toBe('/account');
  });

  it('is required by the account pages, and leads back to the requested one', async () => {
    const visitor = await newVisitor();
    await visitor.visit('/account/orders?page=1');
    expect(visitor.path()).toBe('/sign-in');
    expect(await visitor.notice().textContent()).toBe('Please sign in first.');

    // The way back survives a mistake.
    await visitor.signIn({ password: 'wrong' });
    await visitor.signIn();
    expect(visitor.path()).toBe('/account/orders?page=1');

    // It is used up.
    await visitor.signOut();
    await visitor.signIn();
    expect(visitor.path()).toBe('/account');
  });

  it('redirects to no other site', async () => {
    const visitor = await newVisitor();
    for (const address of ABROAD) await visitor.visit(`/sign-in?returnTo=${encodeURIComponent(address)}`);
    await visitor.signIn();
    expect(visitor.page.url()).toBe(`${shopUrl()}/account`);
  });

  it('cannot be triggered by another site', async () => {
    const visitor = await newVisitor();
    const answer = await visitor.context.request.post(`${shopUrl()}/sign-in`, {
      form: { email: ADA.email, password: ADA.password },
      headers: { 'Sec-Fetch-Site': 'cross-site' },
    });
    expect(answer.status()).toBe(403);
    expect(await visitor.sessionCookies()).toEqual([]);
  });
});
