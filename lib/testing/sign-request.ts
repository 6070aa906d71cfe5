import { hasFunctions, shown, withoutText } from '../options/read-option.js';
import { SessionConfigError } from '../session.errors.js';
import { isOpaque, isPlain } from '../state/object-kinds.js';
import { isObject } from '../state/values.js';
import { propertyOf } from '../state/property-of.js';

/**
 * An agent of supertest or superagent: it keeps cookies, and sends the headers set on it with each request.
 *
 * @example
 * const agent: CookieAgent = request.agent(app.getHttpServer());
 * await sessions.sign(agent, { userId: '1' });
 */
export interface CookieAgent {
  /** Its cookie jar. */
  readonly jar: { setCookies(cookies: string[], domain?: string, path?: string): unknown };
  /** Sets a header for all its requests. */
  set(name: string, value: string): unknown;
}

/**
 * The options of Fastify's `app.inject`, or of any other request.
 *
 * @example
 * const options: RequestOptions & { url: string } = { url: '/account', headers: { accept: 'text/html' } };
 * await app.inject(await sessions.sign(options));
 */
export interface RequestOptions {
  /** Default none. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
}

/** The host under which supertest reaches a server of this process. */
const SUPERTEST_HOST = '127.0.0.1';

/** Whether a value is an agent that keeps cookies, rather than the options of one request. */
export function isAgent(target: CookieAgent | RequestOptions): target is CookieAgent {
  return 'jar' in target && hasFunctions(target, 'set') && hasFunctions(target.jar, 'setCookies');
}

/**
 * Refuses values that no session can be added to: a request already begun with supertest, an agent of another
 * library, a Request of `fetch`.
 *
 * @throws SessionConfigError
 */
export function assertSignable(target: CookieAgent | RequestOptions): void {
  const isOptions = isObject(target) && isPlain(target) && !hasFunctions(target, 'get');
  if (isOptions) assertHeaders(propertyOf(target, 'headers'));
  if (isOptions || (isObject(target) && isAgent(target))) return;
  throw new SessionConfigError(
    `sessions.sign() got ${shown(target)}; it takes an agent of supertest, request.agent(app.getHttpServer()), or the options of ` +
      "app.inject(): { url: '/account' }. For any other client there is sessions.cookie(), which gives the Cookie header to send.",
  );
}

/** Headers of `fetch`, or a list of pairs, would not be copied: the request would be sent without them. */
function assertHeaders(headers: unknown): void {
  if (headers === undefined || headers === null || (isObject(headers) && !isOpaque(headers))) return;
  throw new SessionConfigError(
    `sessions.sign() got ${withoutText(headers)} as the headers of a request; it takes an object of headers by their names. For ` +
      'any other client there is sessions.cookie(), which gives the Cookie header to send.',
  );
}

/**
 * Puts cookies into an agent's jar. The agent sends them, and applies what responses change.
 *
 * @param path of the cookies, as the server sets it
 */
export function fillJar(agent: CookieAgent, cookies: readonly string[], path: string): void {
  // As if the server had set them, so that later ones replace them. Over plain http a jar sends no Secure
  // cookie.
  agent.jar.setCookies(
    cookies.map((cookie) => `${cookie}; Path=${path}`),
    hostOf(agent),
    '/',
  );
}

function hostOf(agent: object): string | undefined {
  const app = propertyOf(agent, 'app');
  if (typeof app === 'string') return URL.canParse(app) ? new URL(app).hostname : undefined;
  return app === undefined ? undefined : SUPERTEST_HOST;
}

/** The same options with these cookies added to any existing ones. */
export function withCookies<O extends RequestOptions>(
  options: O,
  cookies: string,
): O & { headers: { cookie: string } } {
  const others = Object.entries(options.headers ?? {});
  const sent = others
    .filter(([name]) => name.toLowerCase() === 'cookie')
    .flatMap(([, value]) => value ?? [])
    .map(String);
  const headers = Object.fromEntries(others.filter(([name]) => name.toLowerCase() !== 'cookie'));
  return { ...options, headers: { ...headers, cookie: [...sent, cookies].join('; ') } };
}
