import { expect, it } from 'vitest';

import { describeShop } from './support/describe-shop.js';
import { GRACE } from './support/visitor.js';

// Only this file signs Grace in: the other files share Ada, who must not be signed out from here.
describeShop('The list of devices', ({ driver, newVisitor }) => {
  // Stealth keeps no sessions, so none can be listed.
  const canList = driver !== 'stealth';

  it(`${canList ? 'shows' : 'is not shown, with'} the browsers that are signed in`, async () => {
    const visitor = await newVisitor();
    await visitor.signIn({ account: GRACE });
    const { page } = visitor;
    expect(await page.getByRole('heading', { name: 'Where you are signed in' }).count()).toBe(
      canList ? 1 : 0,
    );
    if (!canList) return;
    const here = page.locator('.devices li', { hasText: 'this device' });
    expect(await here.count()).toBe(1);
    expect(await here.textContent()).toContain('Chrome on ');
    expect(await here.getByRole('button').count()).toBe(0);
    const lastActive = here.locator('time').last();
    expect(await lastActive.textContent()).toMatch(/^(just now|\d+ minutes? ago)$/);
    expect(await lastActive.getAttribute('title')).toMatch(/^\d+ \w+ \d{4}, [\d:]+ UTC$/);
  });

  it.runIf(canList)('signs one of them out, at once', async () => {
    const phone = await newVisitor();
    await phone.signIn({ account: GRACE });
    const desk = await newVisitor();
    await desk.signIn({ account: GRACE });
    await phone.page.locator('html[data-connected]').waitFor({ state: 'attached' });

    // Latest first: the phone is below this one.
    const [below] = await desk.page.getByRole('button', { name: /^Sign out Chrome on / }).all();
    await Promise.all([desk.page.waitForEvent('load'), below?.click()]);
    expect(await desk.notice().textContent()).toBe('That device is signed out.');
    await phone.page.waitForURL('**/sign-in');
    expect(desk.path()).toBe('/account');
  });

  it.runIf(canList)('signs out all others', async () => {
    const others = [await newVisitor(), await newVisitor()];
    for (const other of others) {
      await other.signIn({ account: GRACE });
      await other.page.locator('html[data-connected]').waitFor({ state: 'attached' });
    }
    const desk = await newVisitor();
    await desk.signIn({ account: GRACE });
    await desk.press('Sign out all other devices');

    expect(await desk.notice().textContent()).toMatch(/^\d+ other devices are signed out\.$/);
    for (const other of others) await other.page.waitForURL('**/sign-in');
    expect(await desk.page.locator('.devices li').count()).toBe(1);
    expect(await desk.page.getByRole('button', { name: 'Sign out all other devices' }).count()).toBe(0);
  });
});
