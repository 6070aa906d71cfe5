import { type Values, readPath } from '../state/values.js';
import { type Fallback, isPresent, orFallback } from './fallback.js';

/**
 * What the previous request flashed. Not changed by what this request flashes. Handed out by `@Flash()`,
 * `session.flashMessages`, and to templates.
 *
 * @example
 * form(@Flash() messages: FlashMessages) { return { errors: messages.get('errors', {}) }; }
 */
export class FlashMessages {
  readonly #messages: Values;

  /** Made by the package; an application is handed its messages. */
  constructor(messages: Values) {
    this.#messages = messages;
  }

  /**
   * One message.
   *
   * @typeParam V what you know the message to be; nothing checks it. Default unknown
   * @param key dot path
   * @param fallback in place of a message that is missing or null; a function is called for it. Default undefined
   */
  get<V = unknown>(key: string, fallback?: Fallback<NoInfer<V>>): V;
  get(key: string, fallback?: unknown): unknown {
    return orFallback(readPath(this.#messages, key), fallback);
  }

  /** Whether there is such a message, and it is not null. */
  has(key: string): boolean {
    return isPresent(readPath(this.#messages, key));
  }

  /** A plain object of all messages. */
  all(): Values {
    return { ...this.#messages };
  }

  /** What `JSON.stringify` and a handler that returns its messages give: all of them. */
  toJSON(): Values {
    return this.all();
  }

  /** Whether there is none. */
  get isEmpty(): boolean {
    return Object.keys(this.#messages).length === 0;
  }
}
