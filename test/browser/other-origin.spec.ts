import { Controller, Get, Post } from '@nestjs/common';
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { describeWith, sharedServer } from '../servers/index.js';
import { docSnippet } from '../support/doc-snippets.js';
import { PLATFORMS, type Platform, TestApp } from '../support/test-app.js';

@Controller()
class CartController {
  @Get()
  page() {
    return 'A page without a session.';
  }

  @Post('add')
  add(@Session() session: Session) {
    return { items: session.increment('items') };
  }

  @Post('end')
  async end(@Session() session: Session) {
    await session.destroy();
    return {};
  }
}

/** The client of the documentation, for a page. */
const CLIENT = ts
  .transpile(docSnippet('header.client.ts'), { target: ts.ScriptTarget.ES2022 })
  .replaceAll('export ', '');

describeWith(['chromium'], 'In Chromium, a page of another origin that sends the header', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let site: TestApp;

  beforeAll(async () => {
    const { url } = await sharedServer('chromium');
    browser = await chromium.connect(url, { timeout: 0 });
    context = await browser.newContext();
    site = await TestApp.start('express', { controllers: [CartController] });
    page = await context.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  /** The origin of the page: another site than that of the application. */
  const origin = () => site.url.replace('127.0.0.1', 'www.shop.test');

  /** Reopens the page, with an application that has these CORS settings. */
  async function at(
    platform: Platform,
    cors: Partial<Record<'allowedHeaders' | 'exposedHeaders', string[]>>,
  ) {
    const api = await TestApp.start(platform, {
      controllers: [CartController],
      options: { header: 'X-Session', driver: 'stealth' },
      configure: (app) => app.enableCors({ origin: origin(), methods: ['GET', 'POST'], ...cors }),
    });
    await page.goto(origin());
    await page.addScriptTag({ content: CLIENT });
    return {
      post: (path: string) =>
        page.evaluate<string>(
          `ask(${JSON.stringify(`${api.url}/${path}`)}, { method: 'POST' }).then((answer) => answer.text(), (error) => error.name)`,
        ),
      url: api.url,
      token: () => page.evaluate<string>('token'),
      [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
    };
  }

  const allowedHeaders = ['Content-Type', 'X-Session'];

  it.each(PLATFORMS)('keeps its session without a cookie until the session ends: %s', async (platform) => {
    await using api = await at(platform, { allowedHeaders, exposedHeaders: ['X-Session'] });
    for (const items of [1, 2, 3]) expect(JSON.parse(await api.post('add'))).toEqual({ items });
    expect(await api.token()).toMatch(/^v1s\./);
    await api.post('end');
    expect(await api.token()).toBe('new');
    expect(JSON.parse(await api.post('add'))).toEqual({ items: 1 });
    expect(await context.cookies()).toEqual([]);
  });

  it.each(PLATFORMS)('may leave out the header in its first request: %s', async (platform) => {
    await using api = await at(platform, { allowedHeaders, exposedHeaders: ['X-Session'] });
    const items = await page.evaluate(async (url) => {
      const first = await fetch(url, { method: 'POST' });
      const headers = { 'X-Session': first.headers.get('X-Session') ?? 'none' };
      return (await fetch(url, { method: 'POST', headers })).json();
    }, `${api.url}/add`);
    expect(items).toEqual({ items: 2 });
    expect(await context.cookies()).toEqual([]);
  });

  it.each(PLATFORMS)('has no session if the header is not exposed or not allowed: %s', async (platform) => {
    {
      await using api = await at(platform, { allowedHeaders });
      for (let visit = 0; visit < 2; visit += 1)
        expect(JSON.parse(await api.post('add'))).toEqual({ items: 1 });
      expect(await api.token()).toBe('new');
    }
    await using api = await at(platform, { allowedHeaders: ['Content-Type'], exposedHeaders: ['X-Session'] });
    expect(await api.post('add')).toBe('TypeError');
  });
});
