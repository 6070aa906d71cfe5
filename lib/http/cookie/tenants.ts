import { optionError, shown } from '../../options/read-option.js';
import type { CookieSettings, PlacedCookie, TenantRequest } from '../../options/cookie.options.js';
import { ownText } from '../../state/own-text.js';
import { TwoGenerationCache } from '../../state/two-generation-cache.js';
import type { PlatformRequest, RawRequest } from '../raw-http.js';
import type { CookieSetup } from './cookie-setup.js';

/** How many tenants' cookies are kept ready, in half. A visitor can name any host: more are forgotten, and set up again when they come. */
const KEPT_HALF = 128;

/** The cookies of tenants: set up when a request first needs them, by the functions of the option `cookie`. */
export class Tenants {
  readonly #options: CookieSettings;
  readonly #setUp: (cookie: PlacedCookie) => CookieSetup;
  /** By name and domain. */
  readonly #kept = new TwoGenerationCache<CookieSetup>(KEPT_HALF);

  constructor(options: CookieSettings, setUp: (cookie: PlacedCookie) => CookieSetup) {
    this.#options = options;
    this.#setUp = setUp;
  }

  /**
   * Where the token of a request travels.
   *
   * @param request the platform's own; Node's, with the same facts, where middleware comes first on Fastify
   * @throws SessionConfigError where a function returned something else than a name or a domain, or one that contradicts the
   * other attributes; and whatever a function throws
   */
  of(request: RawRequest | PlatformRequest | TenantRequest): CookieSetup {
    const name = answerOf('name', this.#options.name, request);
    const domain = answerOf('domain', this.#options.domain, request);
    const key = `${name ?? ''}\n${domain ?? ''}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const setup = this.#setUp({ ...this.#options, name: ownOf(name), domain: ownOf(domain) });
    this.#kept.set(ownText(key), setup);
    return setup;
  }
}

/** What was cut out of a header would keep all of it alive. */
function ownOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : ownText(text);
}

function answerOf(
  attribute: 'name' | 'domain',
  option: CookieSettings['name'],
  request: RawRequest | PlatformRequest | TenantRequest,
): string | undefined {
  if (typeof option !== 'function') return option;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both platforms have put on it what the type promises
  const answer: unknown = option(request as TenantRequest);
  if (answer === undefined || (typeof answer === 'string' && answer !== '')) return answer;
  throw optionError(
    `cookie.${attribute}`,
    `is a function that returned ${shown(answer)}; it has to return text, or undefined for the default, and at once.`,
  );
}
