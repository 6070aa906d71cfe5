import { type Server, createServer } from 'node:http';
import { type Browser, type Page, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, sharedServer } from '../servers/index.js';
import { HandlerApp } from '../support/handler-app.js';

/** URLs by which Chromium leaves a site for another host. */
const LEAVING: readonly ((host: string) => string)[] = [
  (host) => `//${host}/`,
  (host) => `///${host}/`,
  (host) => `/\\${host}/`,
  (host) => `\\\\${host}/`,
  (host) => `\\/${host}/`,
  (host) => `/\t/${host}/`,
  (host) => `/\n/${host}/`,
  (host) => `/\r/${host}/`,
  (host) => `/\t\\${host}/`,
  (host) => `\t//${host}/`,
  (host) => ` //${host}/`,
  (host) => `\u0001//${host}/`,
  (host) => `//user:secret@${host}/`,
  (host) => `//${host}\\@here/`,
  (host) => `http://${host}/`,
  (host) => `http:///${host}/`,
  (host) => `HTTP:\\\\${host}/`,
  (host) => `ht\ntp://${host}/`,
  (host) => `javascript:location="//${host}/"`,
  (host) => ` java\nscript:location="//${host}/"`,
];

/** URLs that only look like it, in Chromium or after one more decoding. */
const LOOKING: readonly ((host: string) => string)[] = [
  (host) => `/%09/${host}/`,
  (host) => `/%2F${host}/`,
  (host) => `/%5C${host}/`,
  (host) => `/.//${host}/`,
  (host) => `/x/..//${host}/`,
  (host) => `/%2e//${host}/`,
  (host) => `http:${host}/`,
  (host) => `/ /${host}/`,
  (host) => `/\u0000/${host}/`,
  (host) => `/\u00A0/${host}/`,
  (host) => `/\uFF0F${host}/`,
  (host) => `/?next=//${host}/`,
  (host) => `/#//${host}/`,
  () => 'data:text/html,elsewhere',
];

describeWith(['chromium'], 'Chromium, sent to where its visitor wanted to go', () => {
  let browser: Browser;
  let page: Page;
  let app: HandlerApp;
  let site: Server;
  let here: string;
  let elsewhere: string;

  beforeAll(async () => {
    const { url } = await sharedServer('chromium');
    browser = await chromium.connect(url, { timeout: 0 });
    page = await browser.newPage();
    page.setDefaultTimeout(0);
    app = await HandlerApp.start('express');
    // Serves both hosts, and redirects to exactly what the query names.
    site = createServer(({ url: asked = '' }, response) => {
      const to = new URL(asked, 'http://here').searchParams.get('to');
      // Node writes header values as Latin-1.
      if (to !== null) response.writeHead(302, { location: Buffer.from(to).toString('latin1') });
      response.end();
    });
    await new Promise<void>((resolve) => {
      site.listen(0, '127.0.0.1', resolve);
    });
    const address = site.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    here = `www.shop.test:${port}`;
    elsewhere = `elsewhere.shop.test:${port}`;
  });
  afterAll(async () => {
    await browser?.close();
    await app?.[Symbol.asyncDispose]();
    site?.close();
  });

  const intendedOf = (url: string): Promise<string> =>
    app.visitor().in((session) => session.intended(url).intended());

  /** The host that a redirect has led to. */
  async function redirected(to: string): Promise<string> {
    await page.goto(`http://${here}/go?to=${encodeURIComponent(to)}`);
    return new URL(page.url()).host;
  }

  it.each([...LEAVING, ...LOOKING].map((spell) => [spell('host'), spell] as const))(
    'stays on the site for %j',
    async (_shown, spell) => {
      expect(await redirected(await intendedOf(spell(elsewhere)))).toBe(here);
    },
  );

  it.each(LEAVING.map((spell) => [spell('host'), spell] as const))(
    'would have left the site for %j without intended()',
    async (_shown, spell) => {
      await page.goto(`http://${here}/`);
      await Promise.all([
        page.waitForURL(({ host }) => host === elsewhere),
        page.evaluate(`void (location.href = ${JSON.stringify(spell(elsewhere))})`),
      ]);
      expect(new URL(page.url()).host).toBe(elsewhere);
    },
  );

  it('goes to the intended page if it is a path of the site', async () => {
    const path = await intendedOf('/account/orders?page=2#last');
    expect(await redirected(path)).toBe(here);
    expect(page.url()).toBe(`http://${here}/account/orders?page=2#last`);
  });
});
