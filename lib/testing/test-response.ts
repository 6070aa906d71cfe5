import { withoutText } from '../options/read-option.js';
import { SessionError } from '../session.errors.js';
import { propertyOf } from '../state/property-of.js';
import { isObject, isPlainValues } from '../state/values.js';

/**
 * A response of supertest, of superagent, of `app.inject` (Fastify), or of `fetch`.
 *
 * @example
 * const response: TestResponse = await request(app.getHttpServer()).get('/cart');
 * const seen = await sessions.of(response);
 */
export interface TestResponse {
  /** An object of headers by lower-case name, or `Headers`. */
  readonly headers: object;
}

/** Looks a header up by its lower-case name. */
type HeaderLookup = (name: string) => string | undefined;

/** What a response reveals about its request. */
export interface Exchange {
  readonly setCookies: readonly string[];
  readonly received: HeaderLookup;
  /** The headers that the request sent; null if the response does not know them, as with `fetch`. */
  readonly sent: HeaderLookup | null;
}

/**
 * Reads a response of any supported client.
 *
 * @param response or a Cookie header, as if nothing had been received
 * @param sent the headers of the request; null: those that the response knows
 */
export function exchangeOf(response: TestResponse | string, sent: HeaderLookup | null): Exchange {
  const isCookie = typeof response === 'string';
  const headers = isCookie ? {} : response.headers;
  return {
    setCookies: setCookiesOf(headers),
    received: lookUpIn(headers),
    sent: isCookie ? (name) => (name === 'cookie' ? response : sent?.(name)) : (sent ?? sentBy(response)),
  };
}

/**
 * The headers that `sessions.of` was given; null if none. A header that is undefined was not sent.
 *
 * @throws SessionError if they are none
 */
export function givenSent(options: unknown): HeaderLookup | null {
  const sent = propertyOf(options, 'sent');
  if (isObject(options) && sent === undefined) return null;
  if (isObject(sent) && isFetched(sent)) return lookUpIn(sent);
  if (isPlainValues(sent))
    return lookUpIn(
      Object.fromEntries(Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value])),
    );
  const got = isObject(options) ? `${withoutText(sent)} as 'sent'` : withoutText(options);
  throw new SessionError(
    `sessions.of() got ${got}; behind the response it takes { sent: { cookie } }, the headers of the request.`,
  );
}

function setCookiesOf(headers: object): readonly string[] {
  if (isFetched(headers)) return headers.getSetCookie();
  const value = propertyOf(headers, 'set-cookie');
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' ? [value] : [];
}

function lookUpIn(headers: object): HeaderLookup {
  if (isFetched(headers)) return (name) => headers.get(name) ?? undefined;
  return (name) => textOf(propertyOf(headers, name));
}

/** Whether these are the Headers of `fetch`, whichever realm a test runner takes them from. */
function isFetched(headers: object): headers is Pick<Headers, 'get' | 'getSetCookie'> {
  return typeof propertyOf(headers, 'getSetCookie') === 'function';
}

/** supertest keeps Node's ClientRequest as `req`, and `app.inject` keeps its simulated request as `raw.req`. */
function sentBy(response: object): HeaderLookup | null {
  const request = propertyOf(response, 'req');
  const getHeader = propertyOf(request, 'getHeader');
  if (typeof getHeader === 'function')
    return (name) => textOf(Reflect.apply(getHeader, request, [name]) as unknown);
  const headers = propertyOf(propertyOf(propertyOf(response, 'raw'), 'req'), 'headers');
  return typeof headers === 'object' && headers !== null ? lookUpIn(headers) : null;
}

function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(String).join('; ');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
