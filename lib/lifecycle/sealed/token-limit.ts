import { SessionTooLargeError } from '../../session.errors.js';
import type { Payload, SessionSerializer } from '../../state/payload.js';
import { shownKey } from '../../state/shown-key.js';
import type { Values } from '../../state/values.js';
import type { SessionLog } from '../../drivers/session-log.js';
import type { TokenPlace } from '../token-place.js';

/** The fill level at which a warning is due: a later release that stores a little more would break. */
const WARNED_AT = 0.8;
const LARGEST_KEYS = 3;

/** The limit of tokens in cookies, in words. */
export const IN_COOKIES = { as: 'bytes as cookies', by: "(option 'stealth.maxCookies')" } as const;

/** Limits the size of sessions that their token holds. */
export class TokenLimit {
  readonly #max: number;
  readonly #serializer: SessionSerializer;
  readonly #log: SessionLog | null;
  readonly #words: TokenPlace['words'];
  #warned = false;

  /**
   * @param max characters
   * @param log warned once when a session comes near the limit; null: no warning
   * @param words how the token travels, and what sets the limit
   */
  constructor(
    max: number,
    serializer: SessionSerializer,
    log: SessionLog | null,
    words: TokenPlace['words'] = IN_COOKIES,
  ) {
    this.#max = max;
    this.#words = words;
    this.#serializer = serializer;
    this.#log = log;
  }

  /**
   * @param length the token's length, in characters
   * @param payload its content, for the error message
   * @throws SessionTooLargeError with the sizes and the largest keys
   */
  assertFits(length: number, payload: Payload): void {
    if (length > this.#max) throw new SessionTooLargeError(this.#explain(length, payload));
    if (this.#log === null || this.#warned || length <= this.#max * WARNED_AT) return;
    this.#warned = true;
    this.#log.warn(`${this.#explain(length, payload)} This is said once, outside of production only.`);
  }

  #explain(length: number, payload: Payload): string {
    const { as, by } = this.#words;
    return (
      `The session takes ${length} ${as}, and ${this.#max} are allowed ${by}. ` +
      `Its largest keys: ${this.#largestKeys(payload)}. Keep less in it, or use a driver that stores sessions on the server.`
    );
  }

  #largestKeys(payload: Payload): string {
    return this.#sizesOf(payload)
      .toSorted((left, right) => right.size - left.size)
      .slice(0, LARGEST_KEYS)
      .map(({ name, size }) => `${name} (${size} bytes)`)
      .join(', ');
  }

  #sizesOf({ d, f = [] }: Payload): { name: string; size: number }[] {
    return [
      ...this.#sizes(d, shownKey),
      ...f.flatMap(([, messages, fields = {}]) => [
        ...this.#sizes(messages, (key) => `flash message "${shownKey(key)}"`),
        ...this.#sizes(fields, (key) => `form field "${shownKey(key)}"`),
      ]),
    ];
  }

  #sizes(values: Values, shown: (key: string) => string): { name: string; size: number }[] {
    return Object.entries(values).map(([key, value]) => ({
      name: shown(key),
      size: Buffer.byteLength(this.#serializer.stringify(value) ?? ''),
    }));
  }
}
