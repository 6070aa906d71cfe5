import { expect, it } from 'vitest';

import { describeShop } from './support/describe-shop.js';

describeShop('The session cookie', ({ newVisitor, shopOutput, shopUrl }) => {
  it('is out of reach for scripts and other sites', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    const cookies = await visitor.sessionCookies();

    expect(cookies).toHaveLength(1);
    expect(cookies[0]).toMatchObject({
      name: 'session',
      domain: '127.0.0.1',
      path: '/',
      httpOnly: true,
      sameSite: 'Lax',
      secure: false,
    });
  });

  it('is ignored if it is garbage', async () => {
    const visitor = await newVisitor();
    const garbage = ['', 'garbage', '%', '%E0%A4%A', 's%3Aabc.def', '__proto__', 'x'.repeat(4000)];
    for (const value of garbage) {
      await visitor.context.addCookies([{ name: 'session', value, url: shopUrl() }]);
      await visitor.visit('/cart');
      expect(await visitor.cartCount()).toBe(0);
    }
    await visitor.addToCart('Stoneware mug');
    await visitor.visit('/cart');
    expect(await visitor.cartCount()).toBe(1);
  });

  it('does not appear in the output of the shop', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    const token = await visitor.token();
    await visitor.visit('/session');
    expect(token.length).toBeGreaterThan(40);
    expect(shopOutput()).not.toContain(token.slice(0, 20));
    const complaints = shopOutput()
      .split('\n')
      .filter((line) => /\b(ERROR|WARN)\b/.test(line));
    // The shop serves other tests as well, some of which come with the cookie from before a sign-in.
    expect(complaints.filter((line) => !line.includes('that another request had just replaced'))).toEqual([]);
  });
});
