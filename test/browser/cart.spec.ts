import { expect, it } from 'vitest';

import { describeShop } from './support/describe-shop.js';

describeShop('The cart', ({ driver, newVisitor, shopUrl }) => {
  it('sets no cookie for a visitor who only looks around', async () => {
    const visitor = await newVisitor();
    await visitor.visit('/');
    await visitor.follow('Reading lamp');
    expect(visitor.path()).toBe('/products/lamp');
    await visitor.visit('/cart');

    expect(await visitor.cartCount()).toBe(0);
    expect(await visitor.context.cookies()).toEqual([]);
  });

  it('shows its count in the header of every page', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    expect(visitor.path()).toBe('/');
    expect(await visitor.notice().textContent()).toBe('Stoneware mug: 1 added to your cart.');
    await visitor.addToCart('Stoneware mug');
    await visitor.visit('/products/plant');
    await visitor.page.getByLabel('Quantity').fill('3');
    await visitor.press('Add to cart');

    expect(visitor.path()).toBe('/products/plant');
    for (const path of ['/', '/cart', '/preferences', '/session', '/sign-in', '/checkout']) {
      await visitor.visit(path);
      expect(await visitor.cartCount(), path).toBe(5);
    }
  });

  it('shows once what was added', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Wool blanket');
    expect(await visitor.notice().count()).toBe(1);
    await visitor.page.reload();
    expect(await visitor.notice().count()).toBe(0);
    expect(await visitor.cartCount()).toBe(1);
  });

  it('changes quantities, adds up prices, and removes lines', async () => {
    const visitor = await newVisitor();
    for (const product of ['Stoneware mug', 'Kitchen clock', 'Beeswax candle'])
      await visitor.addToCart(product);
    await visitor.visit('/cart');
    await visitor.page.getByLabel('Quantity of Stoneware mug').fill('4');
    await visitor.page.getByLabel('Quantity of Beeswax candle').fill('0');
    await visitor.press('Change quantities');

    expect(await visitor.cartCount()).toBe(5);
    expect(await visitor.page.locator('.total').textContent()).toBe('€118.00');
    expect(await visitor.page.getByRole('link', { name: 'Beeswax candle' }).count()).toBe(0);

    await visitor.press('Remove Stoneware mug');
    expect(await visitor.cartCount()).toBe(1);
    await visitor.press('Remove Kitchen clock');
    expect(await visitor.page.getByText('Nothing in it yet.').count()).toBe(1);
  });

  it('changes quantities, and removes nothing, when Enter is pressed in a quantity field', async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    await visitor.visit('/cart');
    await visitor.page.getByLabel('Quantity of Stoneware mug').fill('7');
    await visitor.pressKey('Enter', visitor.page.getByLabel('Quantity of Stoneware mug'));
    expect(await visitor.cartCount()).toBe(7);
  });

  it('shows in one tab what was added in another', async () => {
    const visitor = await newVisitor();
    const second = await visitor.openTab();
    await visitor.addToCart('Stoneware mug');
    await visitor.addToCart('Potted fern', second);
    expect(await visitor.cartCount(second)).toBe(2);
    await visitor.page.reload();
    expect(await visitor.cartCount()).toBe(2);

    // The first tab still shows a cart without what the second one adds now; changing it there takes nothing away.
    await visitor.visit('/cart');
    await visitor.addToCart('Reading lamp', second);
    await visitor.page.getByLabel('Quantity of Stoneware mug').fill('2');
    await visitor.press('Change quantities');
    expect(await visitor.cartCount()).toBe(4);
  });

  it('belongs to one visitor', async () => {
    const [one, other] = [await newVisitor(), await newVisitor()];
    await one.addToCart('Stoneware mug');
    await other.visit('/');
    expect(await other.cartCount()).toBe(0);
  });

  // With stealth the session is in the cookie: concurrent changes cannot be merged, and the last one wins.
  it(`${driver === 'stealth' ? 'keeps the last' : 'loses nothing'} of what is added at once`, async () => {
    const visitor = await newVisitor();
    await visitor.addToCart('Stoneware mug');
    const { request } = visitor.context;
    const add = (product: string) =>
      request.post(`${shopUrl()}/cart/add`, { form: { product, quantity: 1 } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => add(index % 2 === 0 ? 'mug' : 'plant')),
    );

    expect(answers.map((answer) => answer.status())).toEqual(Array.from({ length: 20 }, () => 200));
    await visitor.visit('/cart');
    if (driver === 'stealth') {
      expect(await visitor.cartCount()).toBeGreaterThanOrEqual(2);
      return;
    }
    expect(await visitor.cartCount()).toBe(21);
    expect(await visitor.page.getByLabel('Quantity of Stoneware mug').inputValue()).toBe('11');
  });
});

// The same with every driver: that errors and input come back with each is tested with the form of the checkout.
describeShop(
  'What the cart takes',
  ({ newVisitor }) => {
    it.each(['999', '-3', '1.5', ''])(
      'says what is wrong with a quantity of "%s", and changes nothing',
      async (text) => {
        const visitor = await newVisitor();
        const { page } = visitor;
        for (const product of ['Stoneware mug', 'Kitchen clock']) await visitor.addToCart(product);
        await visitor.visit('/cart');
        await visitor.skipBrowserChecks();
        await page.getByLabel('Quantity of Stoneware mug').fill(text);
        await page.getByLabel('Quantity of Kitchen clock').fill('5');
        await visitor.press('Change quantities');

        expect(visitor.path()).toBe('/cart');
        const field = page.getByLabel('Quantity of Stoneware mug');
        expect(await page.locator('.error').allTextContents()).toEqual([
          'Please enter a whole number from 0 to 99.',
        ]);
        expect(await field.getAttribute('aria-invalid')).toBe('true');
        expect(await field.getAttribute('aria-describedby')).toBe(
          await page.locator('.error').getAttribute('id'),
        );
        expect(await field.inputValue()).toBe(text);
        expect(await page.getByLabel('Quantity of Kitchen clock').inputValue()).toBe('5');
        expect(await visitor.cartCount()).toBe(2);
        await page.reload();
        expect(await field.inputValue()).toBe('1');
      },
    );

    it('says on the product page what is wrong with the quantity, and adds nothing', async () => {
      const visitor = await newVisitor();
      const { page } = visitor;
      await visitor.visit('/products/plant');
      await visitor.skipBrowserChecks();
      await page.getByLabel('Quantity').fill('21');
      await visitor.press('Add to cart');

      expect(visitor.path()).toBe('/products/plant');
      expect(await page.locator('.error').allTextContents()).toEqual([
        'Please enter a whole number from 1 to 20.',
      ]);
      expect(await page.getByLabel('Quantity').inputValue()).toBe('21');
      expect(await visitor.cartCount()).toBe(0);
    });

    it('holds no more than 99 of a product', async () => {
      const visitor = await newVisitor();
      for (let time = 0; time < 5; time += 1) {
        await visitor.visit('/products/mug');
        await visitor.page.getByLabel('Quantity').fill('20');
        await visitor.press('Add to cart');
      }
      expect(await visitor.notice().textContent()).toBe(
        'Stoneware mug: your cart has 99 now, and takes no more of it.',
      );
      await visitor.visit('/cart');
      await visitor.press('Change quantities');
      expect(await visitor.cartCount()).toBe(99);
    });
  },
  ['stealth'],
);
