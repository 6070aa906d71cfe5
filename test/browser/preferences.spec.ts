import { expect, it } from 'vitest';

import { describeShop } from './support/describe-shop.js';

describeShop('Preferences', ({ newVisitor, shopUrl }) => {
  it('change every page for the visitor who chose them, and for nobody else', async () => {
    const [visitor, other] = [await newVisitor(), await newVisitor()];
    const { page } = visitor;
    await visitor.visit('/preferences');
    await page.getByLabel('Dark').check();
    await page.getByLabel('US dollars').check();
    await visitor.press('Keep these');

    expect(await visitor.notice().textContent()).toBe('Your preferences are kept in this session.');
    expect(await page.getByLabel('Dark').isChecked()).toBe(true);
    expect(await page.getByLabel('US dollars').isChecked()).toBe(true);
    await visitor.visit('/products/mug');
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
    expect(await page.locator('.price').textContent()).toContain('US$19.80');

    await other.visit('/products/mug');
    expect(await other.page.locator('html').getAttribute('data-theme')).toBe('auto');
    expect(await other.page.locator('.price').textContent()).toContain('€18.00');
  });

  it('survive a sign-in', async () => {
    const visitor = await newVisitor();
    await visitor.visit('/preferences');
    await visitor.page.getByLabel('Pounds').check();
    await visitor.press('Keep these');
    await visitor.signIn();
    await visitor.visit('/products/mug');
    expect(await visitor.page.locator('.price').textContent()).toContain('£15.30');
  });

  it('accept no value that the page does not offer', async () => {
    const visitor = await newVisitor();
    await visitor.visit('/preferences');
    const { request } = visitor.context;
    const answer = await request.post(`${shopUrl()}/preferences`, {
      form: { theme: 'pink', currency: 'USD' },
    });
    expect(answer.url()).toBe(`${shopUrl()}/preferences`);
    expect(await answer.text()).toContain('Please choose one of these.');
    await visitor.visit('/');
    expect(await visitor.page.locator('html').getAttribute('data-theme')).toBe('auto');
  });
});
