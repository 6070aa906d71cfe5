import { Controller, Get, Header, type MessageEvent, Post, Sse } from '@nestjs/common';
import { type Browser, chromium } from 'playwright-core';
import { NEVER, type Observable, fromEvent, map, startWith, takeUntil } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { describeWith, sharedServer } from '../servers/index.js';
import { PLATFORMS, TestApp } from '../support/test-app.js';

/** Shows the user of each stream that the browser opens. */
const PAGE = `<!doctype html><title>Who</title><ul></ul><script>
  new EventSource('/who').onmessage = ({ data }) => {
    document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: data }));
  };
</script>`;

@Controller()
class WhoController {
  @Get()
  @Header('Content-Type', 'text/html')
  page(): string {
    return PAGE;
  }

  @Post('in')
  signIn(@Session() session: Session): void {
    session.regenerate().put('user', 'ann');
  }

  @Post('out')
  signOut(@Session() session: Session): void {
    session.invalidate();
  }

  /** One event, and then silence until the session ends. */
  @Sse('who')
  who(@Session() session: Session): Observable<MessageEvent> {
    const data = session.get<string>('user', 'nobody');
    return NEVER.pipe(
      startWith(data),
      map((name) => ({ data: name, retry: 10 })),
      takeUntil(fromEvent(session.ended, 'abort')),
    );
  }
}

describeWith(['chromium'], "A browser's EventSource", () => {
  let browser: Browser;
  beforeAll(async () => {
    const { url } = await sharedServer('chromium');
    browser = await chromium.connect(url, { timeout: 0 });
  });
  afterAll(async () => browser?.close());

  it.each(
    PLATFORMS.flatMap((platform) => ['memory', 'stealth'].map((driver) => [platform, driver] as const)),
  )(
    'is ended by a sign-out in another tab, and reconnects as nobody, on %s with %s',
    async (platform, driver) => {
      await using app = await TestApp.start(platform, { controllers: [WhoController], options: { driver } });
      const context = await browser.newContext();
      try {
        const [first, second] = [await context.newPage(), await context.newPage()];
        await first.goto(app.url);
        await first.evaluate('fetch("/in", { method: "POST" })');
        await second.goto(app.url);
        await second.getByText('ann').waitFor({ timeout: 0 });
        expect(await second.locator('li').allTextContents()).toEqual(['ann']);

        await first.evaluate('fetch("/out", { method: "POST" })');
        await second.getByText('nobody').waitFor({ timeout: 0 });
        expect(await second.locator('li').allTextContents()).toEqual(['ann', 'nobody']);
      } finally {
        await context.close();
      }
    },
  );
});
