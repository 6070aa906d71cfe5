import type { RequestSession } from 'nestjs-session-kit';
import type { HandlerApp } from '../../support/handler-app.js';
import { HeaderClient, HEADER } from '../../support/header-client.js';
import { type Library, type SocketClient, connect } from '../gateway-app.js';

/** The client's side of a socket. */
export interface HistoryClient
  extends AsyncDisposable, Pick<SocketClient, 'heard' | 'closed' | 'isClosed' | 'close'> {
  send(event: 'play', data: { readonly key: string; readonly form: number }): void;
}

/** What a request does, in as many parts as it has. */
export type RequestPart = (session: RequestSession, part?: number, parts?: number) => void | Promise<void>;

/** Whoever sends requests and connects sockets, and keeps a token for both. */
export interface HistoryVisitor {
  /**
   * Those of its next handshake.
   *
   * @param hasSession whether with its token
   */
  headers(hasSession: boolean): Readonly<Record<string, string>>;
  /** @param form how it is asked, where there are several ways */
  handle(run: RequestPart, form?: number): Promise<void>;
}

export type Clients = (url: string, headers: Readonly<Record<string, string>>) => Promise<HistoryClient>;

export const clientsOf =
  (library: Library): Clients =>
  (url, headers) =>
    connect(library, url, headers);

/** The cookie that a browser keeps after a response. */
export class CookieJar {
  #cookie = '';
  readonly #fixed: Readonly<Record<string, string>>;

  /** @param fixed other headers of each request */
  constructor(fixed: Readonly<Record<string, string>> = {}) {
    this.#fixed = fixed;
  }

  headers(hasCookie = true): Readonly<Record<string, string>> {
    return this.#cookie === '' || !hasCookie ? this.#fixed : { ...this.#fixed, cookie: this.#cookie };
  }

  /** @param cookie as in a Cookie header */
  keep(cookie: string): void {
    if (cookie !== '') this.#cookie = cookie.endsWith('=') ? '' : cookie;
  }
}

/** A visitor whose token is a cookie. */
export const browserOf = (app: HandlerApp, jar = new CookieJar()): HistoryVisitor => ({
  headers: (hasSession) => jar.headers(hasSession),
  async handle(run) {
    const handled = app.visitor().handle((session) => run(session), { headers: jar.headers() });
    const { asHeaders } = await handled;
    jar.keep(asHeaders.cookie);
  },
});

/** A visitor whose token is a header. */
export function headerClientOf(app: HandlerApp): HistoryVisitor {
  const client = new HeaderClient(app);
  return {
    headers: (hasSession) => ({ [HEADER]: (hasSession ? client.token : null) ?? 'new' }),
    handle: (run) => client.in((session) => run(session)),
  };
}
