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
];
const PHONE_WIDTH = 360;

/** What Playwright writes of a control that has no name for a screen reader. */
const NAMELESS = /- (link|button|textbox|spinbutton|radio|checkbox)(:|$| \[)/m;

/** Runs in the page: how thick a line each control shows around itself when the focus is on it. */
const OUTLINES = `
  const controls = [...document.querySelectorAll('a, button, input:not([type="hidden"]), textarea')];
  const reached = controls.filter((control) => control.tabIndex === 0);
  [...new Set(reached.map((control) => (control.focus(), getComputedStyle(control).outlineWidth)))];`;

describeShop(
  'Every page',
  ({ newVisitor, shop }) => {
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

    it('has a name for each of its controls, and shows which one has the focus', async () => {
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

    it('leads only to pages that exist', async () => {
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
        const answer = await visitor.context.request.get(shop().url + link);
        expect(answer.status(), link).toBe(200);
      }
    });

    it('is an error page where there is nothing, with the way back', async () => {
      const visitor = await newVisitor();
      await visitor.visit('/products/unicorn');
      expect(await visitor.page.getByText('We do not sell that.').count()).toBe(1);
      await visitor.follow('To the shelves');
      expect(visitor.path()).toBe('/');
      expect(visitor.problems.splice(0).every((problem) => problem.includes('404'))).toBe(true);
    });

    it('is an error page where a form is too large', async () => {
      const visitor = await newVisitor();
      const form = { note: 'x'.repeat(10_000) };
      const answer = await visitor.context.request.post(`${shop().url}/checkout`, { form });
      expect(answer.status()).toBe(413);
      expect(await answer.text()).toContain('Payload Too Large');
    });

    it('changes nothing when it is only looked at', async () => {
      const visitor = await newVisitor();
      for (const path of ['/cart/add', '/cart/change', '/cart/remove', '/sign-out', '/session/forget']) {
        expect((await visitor.context.request.get(shop().url + path)).status(), path).toBe(404);
      }
    });
  },
  ['file'],
);
