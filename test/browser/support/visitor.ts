import type { BrowserContext, Cookie, Locator, Page } from 'playwright-core';

/** A demo account of the shop. */
export const ADA = { name: 'Ada Lovelace', email: 'ada@example.com', password: 'analytical engine' };

/** The other demo account, for tests that look at all sessions of an account. */
export const GRACE = { name: 'Grace Hopper', email: 'grace@example.com', password: 'nanoseconds of wire' };

/** The time limit of one step, in ms: far above what a busy machine needs, so that only a stuck step fails. */
const PATIENCE_MS = 180_000;

/**
 * A visitor with a browser of their own: cookies shared with nobody, any number of tabs. Acts as a person does, by the
 * names that a person sees, and records everything that goes wrong behind the pages.
 */
export class Visitor {
  /** Console errors and warnings, errors of scripts, failed requests, and answers from 400 on. */
  readonly problems: string[] = [];

  private constructor(
    readonly shopUrl: string,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    this.#watch(page);
  }

  /** Opens a visitor in a running browser, without loading a page. */
  static async in(context: BrowserContext, shopUrl: string): Promise<Visitor> {
    context.setDefaultTimeout(PATIENCE_MS);
    return new Visitor(shopUrl, context, context.pages()[0] ?? (await context.newPage()));
  }

  /** Leaves the browser behind as empty as a new one: no cookies, and one blank tab. */
  async leave(): Promise<BrowserContext> {
    for (const page of this.context.pages()) {
      page.removeAllListeners();
      if (page !== this.page) await page.close();
    }
    // Leaves the shop first, so that no pending response brings a cookie back.
    await this.page.goto('about:blank');
    await this.context.clearCookies();
    return this.context;
  }

  /** Another tab of the same browser. */
  async openTab(): Promise<Page> {
    const page = await this.context.newPage();
    this.#watch(page);
    return page;
  }

  /** Goes to a path of the shop. */
  async visit(path: string, page: Page = this.page): Promise<void> {
    await page.goto(this.shopUrl + path);
  }

  /** The path that a tab is at, with its query. */
  path(page: Page = this.page): string {
    const { pathname, search } = new URL(page.url());
    return pathname + search;
  }

  /** Presses "Add to cart" under a product on the shelves. */
  async addToCart(product: string, page: Page = this.page): Promise<void> {
    await this.visit('/', page);
    await this.press(`Add ${product} to the cart`, page);
  }

  /** The number in the header of the page shown. */
  async cartCount(page: Page = this.page): Promise<number> {
    return Number(await page.locator('#cart-count').textContent());
  }

  /** Fills in the sign-in form and sends it. */
  async signIn(given: { account?: typeof ADA; password?: string; remember?: boolean } = {}): Promise<void> {
    const { account = ADA, password = account.password, remember = false } = given;
    if (this.path() !== '/sign-in') await this.visit('/sign-in');
    await this.page.getByLabel('E-mail').fill(account.email);
    await this.page.getByLabel('Password').fill(password);
    if (remember) await this.page.getByLabel('Remember this device').check();
    await this.press('Sign in');
  }

  /** Signs out on the account page. */
  async signOut(): Promise<void> {
    await this.visit('/account');
    await this.press('Sign out');
  }

  /** Presses the button with a name, and waits for the resulting page. */
  async press(button: string, page: Page = this.page): Promise<void> {
    await this.#go(page.getByRole('button', { name: button, exact: true }).click(), page);
  }

  /** Follows the link with a name; the last one if the page has several. */
  async follow(link: string | RegExp, page: Page = this.page): Promise<void> {
    await this.#go(page.getByRole('link', { name: link, exact: true }).last().click(), page);
  }

  /** Presses a key in a field, which sends its form. */
  async pressKey(key: string, field: Locator): Promise<void> {
    await this.#go(field.press(key), field.page());
  }

  // Every button and link of the shop leads to a whole page, with the scripts and without.
  async #go(action: Promise<void>, page: Page): Promise<void> {
    await Promise.all([page.waitForEvent('load'), action]);
  }

  /** Disables the browser's validation in the forms of the page shown, so that the shop has to validate. */
  async skipBrowserChecks(): Promise<void> {
    await this.page.evaluate('for (const form of document.forms) form.noValidate = true');
  }

  /** The shop's notice about the last action: none, or one. */
  notice(page: Page = this.page): Locator {
    return page.getByRole('status');
  }

  /** The cookies of the session as the browser keeps them: one, or with `stealth` possibly several pieces. */
  async sessionCookies(): Promise<Cookie[]> {
    const cookies = await this.context.cookies(this.shopUrl);
    return cookies.filter(({ name }) => /^session(\.\d+)?$/.test(name));
  }

  /** The values of the session cookies, joined; empty if there are none. */
  async token(): Promise<string> {
    return (await this.sessionCookies()).map(({ value }) => value).join('');
  }

  #watch(page: Page): void {
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.problems.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.problems.push(`script: ${error.message}`));
    page.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText ?? '';
      // The icon is not part of loading a page: the browser itself drops the request when the visitor moves on.
      const isDropped = reason === 'net::ERR_ABORTED' && request.url().endsWith('/icon.svg');
      if (!isDropped) this.problems.push(`failed: ${request.url()} ${reason}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.problems.push(`${response.status()}: ${response.url()}`);
    });
  }
}
