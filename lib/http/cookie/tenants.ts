import { optionError, shown } from '../../options/read-option.js';
import type { CookieSettings, PlacedCookie, TenantRequest } from '../../options/cookie.options.js';
import { isThenable } from '../../state/is-thenable.js';
import { ownText } from '../../state/own-text.js';
import { TwoGenerationCache } from '../../state/caches.js';
import type { CookieSetup } from './cookie-setup.js';

/**
 * How many tenants' cookies each of the cache's two generations holds. A visitor can name any host, so more
 * are forgotten, and set up again when needed.
 */
const KEPT_HALF = 128;

/** The cookies of tenants, set up by the functions of the option `cookie` when a request first needs them. */
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
   * The cookie setup of a request's tenant.
   *
   * @param request the platform's own, or Node's with the same facts if middleware comes first on Fastify
   * @throws SessionConfigError if a function returned something other than a name or a domain, or one that
   * contradicts the other attributes, or threw no object; also whatever object a function throws
   */
  of(request: object): CookieSetup {
    const name = answerOf('name', this.#options.name, request);
    const domain = answerOf('domain', this.#options.domain, request);
    const key = `${name ?? ''}\n${domain ?? ''}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    // Copies: a substring of a header would keep the whole header in memory.
    const own = { name: name && ownText(name), domain: domain && ownText(domain) };
    const setup = this.#setUp({ ...this.#options, ...own });
    this.#kept.set(ownText(key), setup);
    return setup;
  }
}

function answerOf(
  attribute: 'name' | 'domain',
  option: CookieSettings['name'],
  request: object,
): string | undefined {
  if (typeof option !== 'function') return option;
  let answer: unknown;
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both platforms have put on it what the type promises
    answer = option(request as TenantRequest);
  } catch (error) {
    if (typeof error === 'object' && error !== null) throw error;
    // Passed to `next`, it would be no error (undefined, false) or a command (Express's "route").
    throw optionError(
      `cookie.${attribute}`,
      `is a function that threw ${shown(error)}; it has to throw errors.`,
    );
  }
  if (answer === undefined || (typeof answer === 'string' && answer !== '')) return answer;
  // Nobody awaits it, so its rejection would end the process.
  if (isThenable(answer)) answer.then(undefined, () => undefined);
  throw optionError(
    `cookie.${attribute}`,
    `is a function that returned ${shown(answer)}; it has to return text, or undefined for the default, and at once.`,
  );
}
