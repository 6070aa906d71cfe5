import { rmSync } from 'node:fs';

import { expect, it } from 'vitest';

import { makeScratchFolder } from '../support/scratch-folder.js';
import { openProfile } from './support/chromium.js';
import { describeShop } from './support/describe-shop.js';
import { Visitor } from './support/visitor.js';

const HOUR_S = 60 * 60;
const DAY_S = 24 * HOUR_S;

/** How long the browser will keep the session from now on, in seconds. */
async function remainingSeconds(visitor: Visitor): Promise<number> {
  const [cookie] = await visitor.sessionCookies();
  return (cookie?.expires ?? 0) - Date.now() / 1000;
}

describeShop('"Remember this device"', ({ newVisitor, shopUrl }) => {
  it('makes the cookie last as long as browsers allow', async () => {
    const visitor = await newVisitor();
    await visitor.signIn({ remember: true });
    expect(await remainingSeconds(visitor)).toBeGreaterThan(390 * DAY_S);
    await visitor.visit('/session');
    expect(await visitor.page.getByText('10 years').count()).toBe(1);
  });

  it('is optional: without it, the cookie ends with the usual lifetime of a session', async () => {
    const visitor = await newVisitor();
    await visitor.signIn();
    const remaining = await remainingSeconds(visitor);
    expect(remaining).toBeGreaterThan(1.9 * HOUR_S);
    expect(remaining).toBeLessThanOrEqual(2 * HOUR_S + 1);
  });

  it('still lasts after the session has been written again', async () => {
    const visitor = await newVisitor();
    await visitor.signIn({ remember: true });
    await visitor.addToCart('Stoneware mug');
    expect(await remainingSeconds(visitor)).toBeGreaterThan(390 * DAY_S);
  });

  it('keeps the visitor signed in when the browser is reopened', async () => {
    const profile = makeScratchFolder('session-profile-');
    try {
      const evening = await Visitor.in(await openProfile(profile), shopUrl());
      await evening.addToCart('Wool blanket');
      await evening.signIn({ remember: true });
      await evening.context.close();

      const morning = await Visitor.in(await openProfile(profile), shopUrl());
      await morning.visit('/account');
      const found = { path: morning.path(), count: await morning.cartCount() };
      await morning.context.close();
      expect(found).toEqual({ path: '/account', count: 1 });
      expect([...evening.problems, ...morning.problems]).toEqual([]);
    } finally {
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }
  });
});
