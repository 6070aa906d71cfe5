import { type Values, readPath } from '../state/values.js';
import { MESSAGE_ARGUMENTS, countArguments } from './argument-counts.js';
import { fieldPath } from './field-names.js';
import { type Fallback, isPresent, orFallback } from './fallback.js';
import { type GivenKeys, givenKeys } from './given-keys.js';

/**
 * What the previous request flashed. Not changed by what this request flashes. Handed out by `@Flash()`,
 * `session.flashMessages`, and to templates.
 *
 * @example
 * form(@Flash() messages: FlashMessages) { return { errors: messages.get('errors', {}) }; }
 */
export class FlashMessages {
  readonly #messages: Values;

  static {
    countArguments(this.prototype, MESSAGE_ARGUMENTS);
  }

  /** Made by the package; an application is handed its messages. */
  constructor(messages: Values) {
    this.#messages = messages;
  }

  /**
   * One message.
   *
   * @typeParam V what you know the message to be; nothing checks it. Default unknown
   * @param key dot path; of a form's field also its name, such as `user[name]`
   * @param fallback in place of a message that is missing or null; a function is called for it. Default undefined
   * @example
   * messages.get('errors.email', '')
   */
  get<V = unknown>(key: string, fallback?: Fallback<NoInfer<V>>): V;
  get(key: string, fallback?: unknown): unknown {
    return orFallback(this.#read(key), fallback);
  }

  /**
   * Whether there is such a message, and it is not null. Of several keys, or a list of them: whether all are.
   *
   * @throws SessionValueError where something is no key, or there is none
   * @example
   * messages.has('status') // 0, false and '' are there too
   */
  has(...keys: GivenKeys): boolean {
    return givenKeys('has', keys).every((key) => isPresent(this.#read(key)));
  }

  /** A field of a form may be asked for by its name in the page, whichever way that was parsed. */
  #read(key: string): unknown {
    const message = readPath(this.#messages, key);
    return message === undefined && key.includes('[') ? readPath(this.#messages, fieldPath(key)) : message;
  }

  /**
   * A plain object of all messages.
   *
   * @example
   * return { messages: messages.all() };
   */
  all(): Values {
    return { ...this.#messages };
  }

  /** What `JSON.stringify` and a handler that returns its messages give: all of them. */
  toJSON(): Values {
    return this.all();
  }

  /**
   * Whether there is none.
   *
   * @example
   * if (!messages.isEmpty) view.show(messages.all());
   */
  get isEmpty(): boolean {
    return Object.keys(this.#messages).length === 0;
  }
}
