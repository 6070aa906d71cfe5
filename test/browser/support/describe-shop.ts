import { readFileSync } from 'node:fs';

import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';

import { describeWith, type SharedServer, sharedServer } from '../../servers/index.js';
import type { ShopDriver } from './shop-process.js';
import { Visitor } from './visitor.js';

/** What the tests of a journey get. */
export interface OpenShop {
  readonly driver: ShopDriver;
  /** Where the shop listens, without a slash at the end. */
  readonly shopUrl: () => string;
  /** What the shop has printed so far, in the journeys of other files as well. */
  readonly shopOutput: () => string;
  /** A new visitor with an empty browser: no cookies, one blank tab. Leaves after the test. */
  readonly newVisitor: (width?: number) => Promise<Visitor>;
}

/**
 * Describes a journey through the running sample in a real browser, with a driver that keeps sessions and with the one that
 * keeps none: a browser sees no other difference. After each test, every page that was seen must have been free of console
 * errors and failed requests. One browser, and one shop for each driver, serve all journeys of a test run: a visitor has
 * cookies and tabs of their own, and tests rely on no shop-wide counts.
 *
 * @param drivers all of them for concurrent requests; a single one if the driver makes no difference
 * @example
 * describeShop('The cart', ({ newVisitor }) => {
 *   it('is empty at first', async () => { const visitor = await newVisitor(); ... });
 * });
 */
export function describeShop(
  journey: string,
  body: (open: OpenShop) => void,
  drivers: readonly ShopDriver[] = ['file', 'stealth'],
): void {
  describeWith(['chromium'], journey, () => {
    let browser: Browser;
    beforeAll(async () => {
      const { url } = await sharedServer('chromium');
      browser = await chromium.connect(url, { timeout: 0 });
    });
    afterAll(async () => browser?.close());

    // The drivers run concurrently, since a browser mostly waits; the tests of each run in sequence.
    describe.concurrent.each(drivers)('with the driver %s', (driver) => {
      describe.sequential('in turn', () => {
        describeWithDriver(driver, () => browser, body);
      });
    });
  });
}

function describeWithDriver(
  driver: ShopDriver,
  browser: () => Browser,
  body: (open: OpenShop) => void,
): void {
  let shop: SharedServer;
  const visitors: Visitor[] = [];
  /** Browsers of visitors who have left, as empty as new ones: starting one takes longer than most tests. */
  const emptied: BrowserContext[] = [];
  beforeAll(async () => {
    shop = await sharedServer(`shop-${driver}`);
  });
  afterAll(async () => void (await Promise.all(emptied.map((context) => context.close()))));
  afterEach(async () => {
    const gone = visitors.splice(0);
    const problems = gone.flatMap((visitor) => visitor.problems);
    emptied.push(...(await Promise.all(gone.map((visitor) => visitor.leave()))));
    expect(problems, 'what went wrong behind the pages').toEqual([]);
  });

  body({
    driver,
    shopUrl: () => shop.url,
    shopOutput: () => readFileSync(shop.log, 'utf8'),
    newVisitor: async (width = 1200) => {
      const context = emptied.pop() ?? (await browser().newContext());
      const visitor = await Visitor.in(context, shop.url);
      visitors.push(visitor);
      await visitor.page.setViewportSize({ width, height: 800 });
      return visitor;
    },
  });
}
