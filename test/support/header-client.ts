import type { Handled, Handler, HandlerApp, RequestInit, Visitor } from './handler-app.js';

/** The header name in test applications. */
export const HEADER = 'X-Session';

/** A client without cookies that keeps its token between requests, as `docs/header.md` describes. */
export class HeaderClient {
  /** The token that it sends next; null if it has none. */
  token: string | null = null;
  readonly #app: HandlerApp;

  constructor(app: HandlerApp) {
    this.#app = app;
  }

  async in<T>(handler: Handler<T>, init: RequestInit = {}): Promise<T> {
    return (await this.handle(handler, init)).value;
  }

  /** @param visitor whose cookies are sent too. Default: a visitor without cookies */
  async handle<T>(
    handler: Handler<T>,
    init: RequestInit = {},
    visitor: Visitor = this.#app.visitor(),
  ): Promise<Handled<T>> {
    const headers = { [HEADER]: this.token ?? 'new', ...init.headers };
    const handled = await visitor.handle(handler, { ...init, headers });
    const answer = tokenOf(handled);
    if (answer !== undefined) this.token = answer === '' ? null : answer;
    return handled;
  }
}

/** The token of a response; empty if the session has ended. */
export function tokenOf({ response }: Handled<unknown>): string | undefined {
  const value: unknown = response.headers[HEADER.toLowerCase()];
  return typeof value === 'string' ? value : undefined;
}
