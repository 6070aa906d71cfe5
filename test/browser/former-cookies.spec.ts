import { Controller, Get, Post } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Session, type SessionCookieOptions, SessionModule } from 'nestjs-session-kit';
import { describeWith, sharedServer } from '../servers/index.js';
import { TempFolder } from '../support/temp-folder.js';
import { SECRET } from '../support/test-app.js';

@Controller(['', 'shop'])
class AccountController {
  @Get()
  page() {
    return 'A page without a session.';
  }

  @Post('in')
  signIn(@Session() session: Session) {
    session.regenerate().put('user', 'ann');
  }

  @Post('out')
  signOut(@Session() session: Session) {
    session.invalidate();
  }

  @Post('destroy')
  async destroy(@Session() session: Session) {
    await session.destroy();
  }

  @Get('me')
  me(@Session() session: Session) {
    return session.get<string>('user', 'nobody');
  }
}

/** The shop across deployments: restarted at the same address, with the same store and other options. */
class Deployments implements AsyncDisposable {
  #app: { close(): Promise<void> } | null = null;
  #port = 0;

  constructor(
    readonly driver: string,
    readonly folder: TempFolder,
  ) {}

  async deploy(cookie: SessionCookieOptions): Promise<void> {
    await this.#app?.close();
    const sessions = SessionModule.forRoot({
      secret: SECRET,
      driver: this.driver,
      cookie,
      ...(this.driver === 'file' ? { file: { location: this.folder.path } } : {}),
    });
    const module = await Test.createTestingModule({
      imports: [sessions],
      controllers: [AccountController],
    }).compile();
    const app = module.createNestApplication({ logger: false, forceCloseConnections: true });
    this.#app = app;
    await app.listen(this.#port, '127.0.0.1');
    this.#port = Number(new URL(await app.getUrl()).port);
  }

  at(host: string, path: string): string {
    return `http://${host}:${this.#port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app?.close();
    await this.folder[Symbol.asyncDispose]();
  }
}

const WWW = 'www.shop.test';
const API = 'api.shop.test';

interface Move {
  readonly what: string;
  readonly before: SessionCookieOptions;
  readonly after: SessionCookieOptions;
  /** The path where a visitor signs in and out. */
  readonly shop: string;
  /** Hosts and paths that the cookie of `after` reaches. */
  readonly reaches: readonly (readonly [host: string, path: string])[];
}

const MOVES: readonly Move[] = [
  {
    what: 'from a path to the root',
    before: { path: '/shop' },
    after: { formerly: [{ path: '/shop' }] },
    shop: '/shop',
    reaches: [
      [WWW, '/shop'],
      [WWW, ''],
    ],
  },
  {
    what: 'from the root to a path',
    before: {},
    after: { path: '/shop', formerly: [{ path: '/' }] },
    shop: '/shop',
    reaches: [[WWW, '/shop']],
  },
  {
    what: 'from the host to its domain',
    before: {},
    after: { domain: 'shop.test', formerly: [{}] },
    shop: '',
    reaches: [
      [WWW, ''],
      [API, '/shop'],
    ],
  },
  {
    what: 'from the domain to the host',
    before: { domain: 'shop.test' },
    after: { formerly: [{ domain: 'shop.test' }] },
    shop: '',
    reaches: [
      [WWW, ''],
      [WWW, '/shop'],
    ],
  },
];

const DRIVERS = ['file', 'stealth'];
const CASES = MOVES.flatMap((move) => DRIVERS.map((driver) => [move.what, driver, move] as const));

describeWith(['chromium'], 'In Chromium, a session whose cookie moves', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    const { url } = await sharedServer('chromium');
    browser = await chromium.connect(url, { timeout: 0 });
    context = await browser.newContext();
    page = await context.newPage();
  });
  afterAll(async () => browser?.close());

  async function visitorOf(driver: string) {
    const shop = new Deployments(driver, await TempFolder.make());
    return {
      shop,
      /** The user that the page at a path shows. */
      async user(host: string, path: string): Promise<string | null> {
        await page.goto(shop.at(host, `${path}/me`));
        return page.textContent('body');
      },
      async post(path: string): Promise<void> {
        await page.goto(shop.at(WWW, '/'));
        await page.evaluate(
          `fetch(${JSON.stringify(path)}, { method: 'POST' }).then((answer) => answer.text())`,
        );
      },
      cookies: () => placesIn(context),
      async [Symbol.asyncDispose]() {
        await page.goto('about:blank');
        await context.clearCookies();
        await shop[Symbol.asyncDispose]();
      },
    };
  }

  it.each(CASES)('%s, with %s, continues in a single cookie', async (_what, driver, move) => {
    await using visitor = await visitorOf(driver);
    await visitor.shop.deploy(move.before);
    await visitor.post(`${move.shop}/in`);
    const [before = ''] = await visitor.cookies();
    await visitor.shop.deploy(move.after);
    expect(await visitor.user(WWW, move.shop)).toBe('ann');
    const places = await visitor.cookies();
    expect(places).toHaveLength(1);
    expect(places).not.toContain(before);
    for (const [host, path] of move.reaches) expect(await visitor.user(host, path)).toBe('ann');
  });

  it.each(CASES)(
    '%s, with %s, stays signed out, whether visited after the move or not',
    async (_what, driver, move) => {
      for (const way of ['out', 'destroy']) {
        for (const isSeenBefore of [true, false]) {
          await using visitor = await visitorOf(driver);
          await visitor.shop.deploy(move.before);
          await visitor.post(`${move.shop}/in`);
          await visitor.shop.deploy(move.after);
          if (isSeenBefore) await visitor.user(WWW, move.shop);
          await visitor.post(`${move.shop}/${way}`);
          for (const [host, path] of [...move.reaches, [WWW, '/shop'], [WWW, '']] as const)
            expect(await visitor.user(host, path)).toBe('nobody');
          expect(await visitor.cookies()).toHaveLength(way === 'out' ? 1 : 0);
        }
      }
    },
  );

  it('stays signed out with stealth even if `formerly` does not name the old path', async () => {
    await using visitor = await visitorOf('stealth');
    await visitor.shop.deploy({ path: '/shop' });
    await visitor.post('/shop/in');
    await visitor.shop.deploy({});
    expect(await visitor.user(WWW, '/shop')).toBe('nobody');
    await visitor.post('/shop/in');
    expect(await visitor.user(WWW, '/shop')).toBe('ann');
    // The browser keeps both, and sends the older one first.
    expect(await visitor.cookies()).toHaveLength(2);
    await visitor.post('/shop/out');
    expect(await visitor.user(WWW, '/shop')).toBe('nobody');
  });
});

async function placesIn(context: BrowserContext): Promise<string[]> {
  const cookies = await context.cookies();
  return cookies.map(({ name, domain, path }) => `${name} ${domain} ${path}`);
}
