import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';

import { describeWith } from '../../servers/index.js';
import { buildShop } from './build-shop.js';
import { openBrowser } from './chromium.js';
import { type ShopProcess, startShop } from './shop-process.js';
import { Visitor } from './visitor.js';

/** The drivers that need no server. Every journey goes the same way with each of them. */
const DRIVERS = ['file', 'memory', 'stealth'] as const;
type Driver = (typeof DRIVERS)[number];

/** What a journey's tests are given. */
export interface OpenShop {
  readonly driver: Driver;
  /** The running shop. */
  readonly shop: () => ShopProcess;
  /** Somebody new, with an empty browser. They are sent home after the test. */
  readonly newVisitor: (width?: number) => Promise<Visitor>;
}

/**
 * Describes a journey through the running sample in a real browser, once for each driver. After each test, every page
 * that was seen must have been free of console errors and failed requests.
 *
 * @param drivers fewer than all, for what no driver makes a difference to
 * @example
 * describeShop('The cart', ({ newVisitor }) => {
 *   it('is empty at first', async () => { const visitor = await newVisitor(); ... });
 * });
 */
export function describeShop(
  journey: string,
  body: (open: OpenShop) => void,
  drivers: readonly Driver[] = DRIVERS,
): void {
  describeWith(['chromium'], journey, () => {
    let browser: Browser;
    beforeAll(async () => {
      [browser] = await Promise.all([openBrowser(), buildShop()]);
    }, 180_000);
    afterAll(async () => browser?.close());

    // The drivers side by side, since a browser mostly waits; the tests of each one after the other.
    describe.concurrent.each(drivers)('with the driver %s', (driver) => {
      describe.sequential('in turn', () => {
        describeWithDriver(driver, () => browser, body);
      });
    });
  });
}

function describeWithDriver(driver: Driver, browser: () => Browser, body: (open: OpenShop) => void): void {
  let running: ShopProcess;
  const visitors: Visitor[] = [];
  beforeAll(async () => {
    running = await startShop({ SESSION_DRIVER: driver });
  });
  afterAll(async () => running?.stop());
  afterEach(async () => {
    const gone = visitors.splice(0);
    const problems = gone.flatMap((visitor) => visitor.problems);
    await Promise.all(gone.map((visitor) => visitor.context.close()));
    expect(problems, 'what went wrong behind the pages').toEqual([]);
  });

  body({
    driver,
    shop: () => running,
    newVisitor: async (width) => {
      const visitor = await Visitor.arrive(browser(), running.url, width);
      visitors.push(visitor);
      return visitor;
    },
  });
}
