import { type Values, readPath } from '../state/values.js';
import { MESSAGE_ARGUMENTS, countArguments } from './argument-counts.js';
import { fieldPath } from './field-names.js';
import { type FieldErrors, type FormErrors, bagOf, errorsIn, withoutBags } from './form-bags.js';
import { type Fallback, isPresent, orDefault } from './default-value.js';
import { showInLogs } from './show-in-logs.js';
import { type GivenKeys, givenKeys } from './given-keys.js';

/**
 * The messages that the previous request flashed. Messages flashed by this request do not change them.
 * Available through `@Flash()`, `session.flashMessages`, and in templates.
 *
 * @example
 * form(@Flash() messages: FlashMessages) { return { errors: messages.get('errors', {}) }; }
 */
export class FlashMessages {
  readonly #messages: Values;
  /** The messages without fields of forms. */
  readonly #own: Values;

  static {
    countArguments(this.prototype, MESSAGE_ARGUMENTS);
    showInLogs(this.prototype, (messages) => messages.#messages);
  }

  /** Created by the package; applications are given their messages. */
  constructor(messages: Values, own: Values = {}) {
    this.#messages = withoutBags(messages, own);
    this.#own = own;
    // A property set on it would not be a message, and would be lost.
    Object.freeze(this);
  }

  /**
   * Gets one message.
   *
   * @typeParam V what you know the message to be; nothing checks it. Default unknown
   * @param key dot path; for a form field also its name, such as `user[name]`
   * @param fallback used if the message is missing or null; a function is called to get it. Default undefined
   * @throws SessionValueError for `__proto__`, `prototype` or `constructor` in the path, and for a key that
   * is not a string
   * @example
   * messages.get('errors.email', '')
   */
  get<V = unknown>(key: string, fallback?: Fallback<NoInfer<V>>): V;
  get(key: string, fallback?: unknown): unknown {
    return orDefault(this.#read(key), fallback);
  }

  /**
   * Whether a message exists and is not null. For several keys, or a list of them: whether all of them do.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError if an argument is not a key, or no key is given
   * @example
   * messages.has('status') // 0, false and '' are there too
   */
  has(...keys: GivenKeys): boolean {
    return givenKeys('has', keys).every((key) => isPresent(this.#read(key)));
  }

  #read(key: string): unknown {
    return readField(this.#messages, key);
  }

  /**
   * Gets what the visitor typed into a form that was sent back: the input that FormErrorsFilter kept, or else
   * `get(key)`.
   *
   * @typeParam V what you know the field to be; nothing checks it. Default unknown
   * @param key the name of the field, as in the form (`user[name]`) or as a dot path (`user.name`)
   * @param fallback used if the field is missing or null; a function is called to get it. Default undefined
   * @throws SessionValueError for `__proto__`, `prototype` or `constructor` in the path, and for a key that
   * is not a string
   * @example
   * messages.old('user[email]', '')
   */
  old<V = unknown>(key: string, fallback?: Fallback<NoInfer<V>>): V;
  old(key: string, fallback?: unknown): unknown {
    const field = readField(bagOf(this.#own, 'old'), key);
    return orDefault(field === undefined ? this.#read(key) : field, fallback);
  }

  /**
   * The errors that FormErrorsFilter found in the form that was sent back, by field path; '' for the form as
   * a whole.
   *
   * @example
   * return { form, errors: messages.errors() };
   */
  errors(): FormErrors;
  /**
   * The errors that FormErrorsFilter found in one field: a list that prints as text. Nothing that a visitor
   * sends can pass for an error.
   *
   * @param field its name, as in the form (`lines[0][sku]`) or as a dot path (`lines.0.sku`); '' for the form
   * as a whole
   * @returns undefined if the field has no errors
   * @example
   * messages.errors('email')?.[0]
   */
  errors(field: string): FieldErrors | undefined;
  errors(field?: string): FormErrors | FieldErrors | undefined {
    const errors = errorsIn(this.#own);
    if (field === undefined) return errors;
    const path = fieldPath(field);
    return Object.hasOwn(errors, path) ? errors[path] : undefined;
  }

  /**
   * Whether FormErrorsFilter sent a form back with errors.
   *
   * @example
   * const title = messages.hasErrors ? 'Look again' : 'Sign up';
   */
  get hasErrors(): boolean {
    return Object.keys(errorsIn(this.#own)).length > 0;
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

  /** The result of `JSON.stringify`, and the response of a handler that returns its messages: all of them. */
  toJSON(): Values {
    return this.all();
  }

  /**
   * Whether there are no messages.
   *
   * @example
   * if (!messages.isEmpty) view.show(messages.all());
   */
  get isEmpty(): boolean {
    return Object.keys(this.#messages).length === 0;
  }
}

/** A form field may be looked up by its name in the page, however that was parsed. */
function readField(values: Values, key: string): unknown {
  const value = readPath(values, key);
  return value === undefined && key.includes('[') ? readPath(values, fieldPath(key)) : value;
}
