import type { INestApplicationContext } from '@nestjs/common';
import { systemClock } from '../drivers/clock.js';
import type { CookieSetup } from '../http/cookie/cookie-setup.js';
import { type Caller, VISITOR } from '../lifecycle/caller.js';
import { recordedAs } from '../lifecycle/users/recorded-user.js';
import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import { propertyOf } from '../state/property-of.js';
import { withoutText } from '../options/read-option.js';
import type { TokenPlace } from '../lifecycle/token-place.js';
import { SessionLifecycles } from '../nest/session-lifecycles.js';
import { SESSION_SETTINGS, type SessionSettings } from '../nest/session.settings.js';
import { SessionConfigError, SessionError, SessionValueError } from '../session.errors.js';
import { tenantRequest } from '../sockets/handshake.js';
import { HostedSession } from '../session/hosted-session.js';
import type { SessionData } from '../session/session-data.js';
import type { Readable } from '../session/session-keys.js';
import { cloneValue } from '../state/clone-value.js';
import { valuesByKey } from '../state/values-by-key.js';
import { type Values, isObject } from '../state/values.js';
import { type FlashedBefore, assertBefore, messagesOf } from './flashed-before.js';
import { TestHost } from './test-host.js';
import { type SeenSession, seenSession } from './seen-session.js';
import { type SentCookie, cookieHeader, sentCookie } from './sent-cookie.js';
import {
  type CookieAgent,
  type RequestOptions,
  assertSignable,
  fillJar,
  isAgent,
  withCookies,
} from './sign-request.js';
import { type TestResponse, exchangeOf, givenSent } from './test-response.js';

/** A caller that looks at what a response has left, without changing it. */
const ONLOOKER: Caller = { ...VISITOR, consumesFlash: false, isVisit: false };

/** What a visitor starts with besides values. @example await sessions.cookie({}, { host: 'a.shop.example' }); */
export interface VisitOptions extends FlashedBefore {
  /** The host that the visitor requests, for tenants with their own cookies (`cookie.name`). Default none. */
  readonly host?: string;
}

/** The request of a response that does not tell it. @example await sessions.of(response, { sent: { cookie } }); */
export interface ExchangeOptions {
  /** The headers that the request sent, if the client does not tell (`fetch`). Default: those in the response. */
  readonly sent?: Readonly<Record<string, string | undefined>>;
}

/**
 * The sessions of an application under test. Created by `sessionsOf`.
 *
 * @example
 * const cookie = await sessionsOf(app).cookie({ userId: 'ann' });
 */
export class TestSessions {
  readonly #lifecycles: SessionLifecycles;
  readonly #settings: SessionSettings;

  /** @param app an application that has booted @throws SessionConfigError if it has no SessionModule */
  constructor(app: Pick<INestApplicationContext, 'get'>) {
    this.#lifecycles = ofModule(() => app.get(SessionLifecycles, { strict: false }));
    this.#settings = ofModule(() => app.get<SessionSettings>(SESSION_SETTINGS, { strict: false }));
  }

  /**
   * Begins a session and returns the Cookie header of its browser, for any client.
   *
   * @param values of the session, names taken literally. A user under `userKey` is signed in as of now
   * @param options `flash`, `errors`, `old`: what the visitor's last request has left; `host`
   * @returns one cookie, or the pieces of a long one: `session=...`
   * @throws SessionValueError if a value cannot be stored, or an argument is not what it takes
   * @example
   * await fetch(url, { headers: { cookie: await sessions.cookie({ userId: '1' }, { flash: { status: 'Saved.' } }) } });
   */
  async cookie(values: Readable<SessionData> = {}, options: VisitOptions = {}): Promise<string> {
    assertVisit('sessions.cookie()', values, options);
    return (await this.#cookies(values, options)).join('; ');
  }

  /**
   * Begins a session and returns the token of a client that sends it in the header of the option `header`.
   *
   * @param values as for `cookie`. Default none
   * @param options as for `cookie`. Default none
   * @returns that header by its name: `{ 'X-Session': '...' }`
   * @throws SessionConfigError if the option is not set; SessionValueError like `cookie`
   * @example
   * await fetch(url, { headers: await sessions.header({ userId: '1' }) });
   */
  async header(
    values: Readable<SessionData> = {},
    options: VisitOptions = {},
  ): Promise<Record<string, string>> {
    assertVisit('sessions.header()', values, options);
    const { header } = this.#setup(options.host);
    if (header === null)
      throw new SessionConfigError(
        "sessions.header() needs the option 'header', which this application does not set: its clients send a cookie, sessions.cookie().",
      );
    return { [header.field.name]: await this.#begin(values, options, header.place) };
  }

  /**
   * Begins a session for a visitor: an agent of supertest gets its cookie, and is returned.
   *
   * @param agent `request.agent(app.getHttpServer())`
   * @param values as for `cookie`. Default none
   * @param options as for `cookie`. Default none
   * @throws SessionConfigError if it is neither an agent nor options; SessionValueError like `cookie`
   * @example
   * const ada = await sessions.sign(request.agent(app.getHttpServer()), { userId: '1' });
   * await ada.get('/account').expect(200);
   */
  sign<A extends CookieAgent>(agent: A, values?: Readable<SessionData>, options?: VisitOptions): Promise<A>;
  /**
   * Begins a session for one request: returns its options with the cookie added.
   *
   * @param request the options of `app.inject`
   * @param values as for `cookie`. Default none
   * @param options as for `cookie`. Default none
   * @throws SessionConfigError if it is neither an agent nor options; SessionValueError like `cookie`
   * @example
   * await app.inject(await sessions.sign({ url: '/account' }, { userId: '1' }));
   */
  sign<O extends object>(
    request: O,
    values?: Readable<SessionData>,
    options?: VisitOptions,
  ): Promise<O & { headers: { cookie: string } }>;
  async sign(
    target: CookieAgent | RequestOptions,
    values: Readable<SessionData> = {},
    options: VisitOptions = {},
  ): Promise<unknown> {
    assertSignable(target);
    assertVisit('sessions.sign()', values, options);
    const cookies = await this.#cookies(values, options);
    if (!isAgent(target)) return withCookies(target, cookies.join('; '));
    fillJar(target, cookies, this.#setup(options.host).cookie.attributes.path);
    return target;
  }

  /**
   * The session that the visitor's next request would find. Looking uses up no flash message and renews nothing.
   *
   * @param response of supertest, of `app.inject`, or of `fetch`; or a Cookie header
   * @param options `sent`: the headers of the request; needed for a response of `fetch` that sets no cookie
   * @throws SessionError if it is none of these, or neither it nor `sent` tells whose session it is
   * @example
   * const after = await sessions.of(await ada.post('/cart').send({ item: 'tea' }));
   * expect(after.values).toEqual({ userId: '1', cart: ['tea'] });
   * expect(after.flash).toEqual({ status: 'Added to your cart.' });
   * expect(after.cookie).toBeNull(); // the browser has it already
   */
  async of(response: TestResponse | string, options: ExchangeOptions = {}): Promise<SeenSession> {
    if (typeof response !== 'string' && !isObject(propertyOf(response, 'headers')))
      throw noResponse(response);
    const exchange = exchangeOf(response, givenSent(options));
    const sentHeader = (name: string): string | undefined => exchange.sent?.(name);
    const setup = this.#setup(sentHeader('host'));
    const { header } = setup;
    const name = header?.field.name.toLowerCase() ?? '';
    const inHeader = header === null ? undefined : (exchange.received(name) ?? sentHeader(name));
    const set = exchange.setCookies
      .map((each) => sentCookie(each))
      .filter((each) => isOfSession(each, setup.cookie.name));
    if (inHeader === undefined && set.length === 0 && exchange.sent === null) throw unknownExchange();
    const tokens =
      inHeader === undefined
        ? setup.cookie.read(cookieHeader(sentHeader('cookie'), set)).tokens
        : [inHeader].filter((token) => token !== '');
    const place = header !== null && inHeader !== undefined ? header.place : setup.place;
    const life = this.#lifecycles.createLifecycle(ONLOOKER, undefined, place);
    const { session } = new HostedSession(this.#host(life, setup, tokens));
    await session.initiate(true);
    return seenSession(session, life.state, set);
  }

  async #cookies(values: Values, options: VisitOptions): Promise<string[]> {
    const setup = this.#setup(options.host);
    const token = await this.#begin(values, options, setup.place);
    return setup.cookie.set(token, undefined, []).map((each) => each.split(';')[0] ?? '');
  }

  /** @returns the token of a new session */
  async #begin(values: Values, { host, ...before }: VisitOptions, place: TokenPlace): Promise<string> {
    const life = this.#lifecycles.createLifecycle(VISITOR, undefined, place);
    const hosted = new HostedSession(this.#host(life, this.#setup(host), []));
    const { session } = hosted;
    session.reset(cloneValue(values)).flash(messagesOf(before));
    const { userId } = session;
    if (userId !== null) life.state.facts.signIn = [systemClock.now(), recordedAs(userId)];
    hosted.begin();
    await hosted.commitDue();
    return life.token;
  }

  #host(life: SessionLifecycle, { cookie }: CookieSetup, tokens: readonly string[]): TestHost {
    return new TestHost(life, { cookieAttributes: cookie.attributes, tokens, isNeverFlashed: () => true });
  }

  #setup(host: string | undefined): CookieSetup {
    const { tenants } = this.#settings;
    if (tenants === null) return this.#settings;
    return tenants.of(tenantRequest({ headers: { host }, path: undefined, request: undefined }));
  }
}

/** A provider of the module. @throws SessionConfigError if Nest does not know it */
function ofModule<T>(get: () => T): T {
  try {
    return get();
  } catch (cause) {
    throw new SessionConfigError(
      'sessionsOf(app) found no SessionModule in the application. Import SessionModule.forRoot(...), or SessionModule.forTest() in a ' +
        'test, in the module that it is made of, and hand over what createNestApplication() returned.',
      { cause },
    );
  }
}

function isOfSession({ name }: SentCookie, session: string): boolean {
  return name === session || (name.startsWith(`${session}.`) && /^\d$/.test(name.slice(session.length + 1)));
}

function assertVisit(caller: string, values: unknown, options: VisitOptions): void {
  valuesByKey(caller, values);
  if (isObject(options)) return assertBefore(caller, options);
  throw new SessionValueError(
    `${caller} got ${withoutText(options)} as its options; it takes { flash, errors, old, host }.`,
  );
}

function noResponse(given: unknown): SessionError {
  return new SessionError(
    `sessions.of() got ${withoutText(given)}; it takes a response of supertest, of app.inject() or of fetch (awaited), or a Cookie header.`,
  );
}

function unknownExchange(): SessionError {
  return new SessionError(
    'sessions.of(response) cannot tell whose session it is: the response sets no cookie, and does not say what the request sent. ' +
      'Hand that along: sessions.of(response, { sent: { cookie } }).',
  );
}

/**
 * The sessions of an application under test, with its own driver, secret, cookie and header. Signs visitors in,
 * and shows what a request left behind. For supertest, `app.inject` and `fetch`, with any test runner.
 *
 * @param app an application that has booted (`app.init()`, `app.listen()`)
 * @throws SessionConfigError if it has no SessionModule
 * @example
 * const sessions = sessionsOf(app);
 * const ada = await sessions.sign(request.agent(app.getHttpServer()), { userId: '1' });
 * const { values, flash } = await sessions.of(await ada.post('/cart').send({ item: 'tea' }));
 */
export function sessionsOf(app: Pick<INestApplicationContext, 'get'>): TestSessions {
  return new TestSessions(app);
}
