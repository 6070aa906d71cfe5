import { expect, it } from 'vitest';

import { describeShop } from './support/describe-shop.js';

const PATHS = [
  '/',
  '/products/mug',
  '/cart',
  '/checkout',
  '/sign-in',
  '/account',
  '/account/orders',
  '/preferences',
  '/session',
  '/parallel',
];
const PHONE_WIDTH = 360;
const SMALLEST_PHONE_WIDTH = 320;

/** What Playwright prints for a control without an accessible name. */
const NAMELESS = /- (link|button|textbox|spinbutton|radio|checkbox)(:|$| \[)/m;

/** Runs in the page: the widths of the outlines that controls show when focused. */
const OUTLINES = `
  const controls = [...document.querySelectorAll('a, button, input:not([type="hidden"]), textarea')];
  const reached = controls.filter((control) => control.tabIndex === 0);
  [...new Set(reached.map((control) => (control.focus(), getComputedStyle(control).outlineWidth)))];`;

/** Runs in the page: the lowest contrast between the line around a field and the page, the card and the field itself. */
const LOWEST_CONTRAST = `
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const surfaces = [document.body, document.querySelector('.panel')].map((at) => getComputedStyle(at).backgroundColor);
  const lines = [...document.querySelectorAll('.panel input[type="text"], .panel textarea')]
    .map((field) => getComputedStyle(field).borderTopColor);
  Math.min(...lines.flatMap((line) => surfaces.map((surface) => contrast(line, surface))));`;

describeShop(
  'Every page',
  ({ newVisitor, shopUrl }) => {
    it('loads without an error, has a heading, and fits a phone', async () => {
      const visitor = await newVisitor(PHONE_WIDTH);
      await visitor.addToCart('Thread-bound notebook');
      await visitor.signIn();
      for (const path of PATHS) {
        await visitor.visit(path);
        expect(visitor.path(), path).toBe(path);
        expect(await visitor.page.getByRole('heading', { level: 1 }).count(), path).toBe(1);
        const width = Number(await visitor.page.evaluate('document.documentElement.scrollWidth'));
        expect(width, `${path} scrolls sideways`).toBeLessThanOrEqual(PHONE_WIDTH);
      }
    });

    it('has its navigation in two lines on the smallest phones', async () => {
      const visitor = await newVisitor(SMALLEST_PHONE_WIDTH);
      await visitor.signIn();
      const links = visitor.page.getByRole('banner').getByRole('link');
      const boxes = await Promise.all((await links.all()).map((link) => link.boundingBox()));
      const [brand, preferences, session, account, cart] = boxes.map(
        (box) => (box?.y ?? 0) + (box?.height ?? 0) / 2,
      );
      expect([session, account]).toEqual([preferences, preferences]);
      expect(Math.abs((cart ?? 0) - (brand ?? 0))).toBeLessThan(5);
    });

    // WCAG 2.2, 1.4.11 (non-text contrast).
    it.each(['Light', 'Dark'])('has visible borders around its fields: %s', async (theme) => {
      const visitor = await newVisitor();
      await visitor.visit('/preferences');
      await visitor.page.getByLabel(theme).check();
      await visitor.press('Keep these');
      await visitor.addToCart('Thread-bound notebook');
      await visitor.visit('/checkout');
      expect(await visitor.page.evaluate(LOWEST_CONTRAST)).toBeGreaterThanOrEqual(3);
    });

    it('names each of its controls, and shows which one has the focus', async () => {
      const visitor = await newVisitor(PHONE_WIDTH);
      await visitor.addToCart('Thread-bound notebook');
      for (const path of PATHS) {
        await visitor.visit(path);
        const tree = await visitor.page.locator('body').ariaSnapshot();
        expect(tree, path).toMatch(/- link "/);
        expect(tree, path).not.toMatch(NAMELESS);
        expect(await visitor.page.evaluate(OUTLINES), path).toEqual(['3px']);
      }
    });

    it('links only to pages that exist', async () => {
      const visitor = await newVisitor();
      await visitor.addToCart('Thread-bound notebook');
      await visitor.signIn();
      const links = new Set<string>();
      for (const path of PATHS) {
        await visitor.visit(path);
        for (const link of await visitor.page.locator('a[href^="/"]').all()) {
          links.add((await link.getAttribute('href')) ?? '');
        }
      }
      expect(links.size).toBeGreaterThan(PATHS.length);
      for (const link of links) {
        const answer = await visitor.context.request.get(shopUrl() + link);
        expect(answer.status(), link).toBe(200);
      }
    });

    it('that does not exist shows an error in the usual frame, with a way back', async () => {
      const visitor = await newVisitor();
      await visitor.visit('/preferences');
      await visitor.page.getByLabel('Dark').check();
      await visitor.press('Keep these');
      await visitor.addToCart('Stoneware mug');
      await visitor.visit('/nowhere');
      expect(await visitor.page.getByText('There is no such page.').count()).toBe(1);
      await visitor.visit('/products/unicorn');
      expect(await visitor.page.getByText('We do not sell that.').count()).toBe(1);
      expect(await visitor.page.locator('html').getAttribute('data-theme')).toBe('dark');
      expect(await visitor.cartCount()).toBe(1);
      await visitor.follow('To the shelves');
      expect(visitor.path()).toBe('/');
      expect(visitor.problems.splice(0).every((problem) => problem.includes('404'))).toBe(true);
    });

    it('that gets too large a form shows an error', async () => {
      const visitor = await newVisitor();
      const form = { note: 'x'.repeat(10_000) };
      const answer = await visitor.context.request.post(`${shopUrl()}/checkout`, { form });
      expect(answer.status()).toBe(413);
      const page = await answer.text();
      expect(page).toContain('That is more than this form takes. Nothing was changed.');
      // The form is refused before there is a session, so no header shows an empty cart to a visitor with a full one.
      expect(page).not.toContain('cart-count');
    });

    it('that changes something answers GET with 404', async () => {
      const visitor = await newVisitor();
      for (const path of ['/cart/add', '/cart/change', '/cart/remove', '/sign-out', '/session/forget']) {
        expect((await visitor.context.request.get(shopUrl() + path)).status(), path).toBe(404);
      }
    });
  },
  ['file'],
);
