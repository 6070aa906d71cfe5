import { expect, it } from 'vitest';

import { describeShop } from './support/describe-shop.js';
import type { Visitor } from './support/visitor.js';

async function goToCheckout(visitor: Visitor): Promise<void> {
  await visitor.addToCart('Reading lamp');
  await visitor.follow(/^Cart/);
  await visitor.follow('Check out');
}

async function fillIn(visitor: Visitor, fields: Record<string, string>): Promise<void> {
  for (const [label, text] of Object.entries(fields))
    await visitor.page.getByLabel(label, { exact: true }).fill(text);
}

const RIGHT = {
  Name: 'Katherine Johnson',
  'E-mail': 'katherine@example.com',
  'Street and number': '1 Langley Road',
  Postcode: 'VA 23681',
  Town: 'Hampton',
};

async function placeOrder(visitor: Visitor): Promise<void> {
  await fillIn(visitor, RIGHT);
  await visitor.page.getByLabel('By courier').check();
  await visitor.page.getByLabel('I know that this is a demonstration').check();
  await visitor.press('Place the order');
}

describeShop('Checking out', ({ newVisitor, shopUrl }) => {
  it('shows the form once again with errors and the old input', async () => {
    const visitor = await newVisitor();
    const { page } = visitor;
    await goToCheckout(visitor);
    await fillIn(visitor, { Name: '<b>Katherine & "Kate"</b>', 'E-mail': 'not an address', Postcode: '0' });
    await page.getByLabel('By courier').check();
    await fillIn(visitor, { 'Note (optional)': 'Ring twice.\nThen wait.' });
    await visitor.press('Place the order');

    expect(visitor.path()).toBe('/checkout');
    expect(await page.locator('.error').allTextContents()).toEqual([
      'An e-mail address looks like name@example.com.',
      'Please enter a street and a number.',
      'A postcode has 3 to 10 letters and digits.',
      'Please enter a town.',
      'Please tick that you know that this is a demonstration and nothing will arrive.',
    ]);
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('<b>Katherine & "Kate"</b>');
    expect(await page.getByLabel('E-mail').inputValue()).toBe('not an address');
    expect(await page.getByLabel('Postcode').inputValue()).toBe('0');
    expect(await page.getByLabel('Note (optional)').inputValue()).toBe('Ring twice.\nThen wait.');
    expect(await page.getByLabel('By courier').isChecked()).toBe(true);
    expect(await page.getByLabel('I know that this is a demonstration').isChecked()).toBe(false);

    await page.reload();
    expect(await page.locator('.error').count()).toBe(0);
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await page.getByLabel('E-mail').inputValue()).toBe('');
    expect(await page.getByLabel('By courier').isChecked()).toBe(false);
    expect(await visitor.cartCount()).toBe(1);
  });

  it('accepts the order once the form is valid', async () => {
    const visitor = await newVisitor();
    const { page } = visitor;
    await goToCheckout(visitor);
    await visitor.press('Place the order');
    expect(await page.getByRole('alert').count()).toBe(1);
    await placeOrder(visitor);

    expect(visitor.path()).toMatch(/^\/orders\/[0-9A-F]{8}$/);
    expect(await visitor.notice().textContent()).toBe('Thank you. Your order has been placed.');
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await page.locator('address').innerText()).toContain('Katherine Johnson');
    expect(await page.locator('.total').textContent()).toBe('€89.00');
    expect(await visitor.cartCount()).toBe(0);

    // Reloading asks for the order's page again; it does not post the form again.
    const order = visitor.path();
    await page.reload();
    expect(visitor.path()).toBe(order);
    expect(await visitor.notice().count()).toBe(0);
  });

  it('leads to an empty cart when the visitor goes back to the form after ordering', async () => {
    const visitor = await newVisitor();
    await goToCheckout(visitor);
    await placeOrder(visitor);
    await visitor.page.goBack();
    expect(visitor.path()).not.toMatch(/^\/orders/);
    await visitor.page.reload();
    expect(visitor.path()).toBe('/cart');
    expect(await visitor.notice().textContent()).toBe('Your cart is empty.');
  });

  it('shows an order to nobody else', async () => {
    const [visitor, stranger] = [await newVisitor(), await newVisitor()];
    await goToCheckout(visitor);
    await placeOrder(visitor);
    const order = shopUrl() + visitor.path();
    expect((await stranger.context.request.get(order)).status()).toBe(404);
    expect((await visitor.context.request.get(order)).status()).toBe(200);
  });

  it('needs no account, and fills in the name of a visitor who has one', async () => {
    const visitor = await newVisitor();
    await goToCheckout(visitor);
    await visitor.follow('Sign in');
    expect(visitor.path()).toBe('/sign-in?returnTo=/checkout');
    await visitor.page.getByLabel('E-mail').fill('grace@example.com');
    await visitor.page.getByLabel('Password').fill('nanoseconds of wire');
    await visitor.press('Sign in');

    expect(visitor.path()).toBe('/checkout');
    expect(await visitor.page.getByLabel('Name', { exact: true }).inputValue()).toBe('Grace Hopper');
    await placeOrder(visitor);
    await visitor.visit('/account/orders');
    expect(await visitor.page.getByRole('row').count()).toBe(2);
  });
});

// The same with every driver.
describeShop(
  'The form of the checkout',
  ({ newVisitor }) => {
    it('distinguishes missing input from input that is too short', async () => {
      const visitor = await newVisitor();
      await goToCheckout(visitor);
      await fillIn(visitor, { Name: 'K', Town: 'X' });
      await visitor.press('Place the order');

      expect(await visitor.page.locator('.error').allTextContents()).toEqual([
        'A name has 2 to 80 characters.',
        'Please enter an e-mail address.',
        'Please enter a street and a number.',
        'Please enter a postcode.',
        'A town has 2 to 80 characters.',
        'Please choose a delivery.',
        'Please tick that you know that this is a demonstration and nothing will arrive.',
      ]);
    });

    it('tells screen readers which fields have to be filled in', async () => {
      const visitor = await newVisitor();
      await goToCheckout(visitor);
      const { page } = visitor;
      for (const label of Object.keys(RIGHT)) {
        expect(await page.getByLabel(label, { exact: true }).getAttribute('aria-required'), label).toBe(
          'true',
        );
      }
      const delivery = page.getByRole('radiogroup', { name: 'Delivery' });
      const terms = page.getByRole('checkbox', { name: 'I know that this is a demonstration' });
      for (const choice of [delivery, terms]) expect(await choice.getAttribute('aria-required')).toBe('true');
      expect(await page.getByLabel('Note (optional)').getAttribute('aria-required')).toBeNull();
    });
  },
  ['stealth'],
);
