import { type Values, readPath } from '../state/values.js';
import { MESSAGE_ARGUMENTS, countArguments } from './argument-counts.js';
import { fieldPath } from './field-names.js';
import { type FieldErrors, type FormErrors, bagOf, errorsIn, shownErrors } from './form-bags.js';
import { type Fallback, isPresent, orDefault } from './default-value.js';
import { showInLogs } from './show-in-logs.js';
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
  /** What no field of a form is among. */
  readonly #own: Values;

  static {
    countArguments(this.prototype, MESSAGE_ARGUMENTS);
    showInLogs(this.prototype, (messages) => messages.#messages);
  }

  /** Made by the package; an application is handed its messages. */
  constructor(messages: Values, own: Values = {}) {
    this.#messages = messages;
    this.#own = own;
    // What is set on it would be no message, and be lost.
    Object.freeze(this);
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
    return orDefault(this.#read(key), fallback);
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

  #read(key: string): unknown {
    return readField(this.#messages, key);
  }

  /**
   * What the visitor had typed into a form that was sent back: what FormErrorsFilter kept of it, and otherwise `get(key)`.
   *
   * @typeParam V what you know the field to be; nothing checks it. Default unknown
   * @param key the name of the field, as it stands in the form (`user[name]`) or as a dot path (`user.name`)
   * @param fallback in place of a field that is missing or null; a function is called for it. Default undefined
   * @example
   * messages.old('user[email]', '')
   */
  old<V = unknown>(key: string, fallback?: Fallback<NoInfer<V>>): V;
  old(key: string, fallback?: unknown): unknown {
    const field = readField(bagOf(this.#own, 'old'), key);
    return orDefault(field === undefined ? this.#read(key) : field, fallback);
  }

  /**
   * What FormErrorsFilter found wrong in the form that was sent back, by the paths of its fields; '' for the form as a whole.
   *
   * @example
   * return { form, errors: messages.errors() };
   */
  errors(): FormErrors;
  /**
   * What FormErrorsFilter found wrong with one field: a list that prints as text. Nothing that a visitor sends can pass for an error.
   *
   * @param field its name, as it stands in the form (`lines[0][sku]`) or as a dot path (`lines.0.sku`); '' for the form as a whole
   * @returns undefined where nothing is wrong with it
   * @example
   * messages.errors('email')?.[0]
   */
  errors(field: string): FieldErrors | undefined;
  errors(field?: string): FormErrors | FieldErrors | undefined {
    const errors = errorsIn(this.#own);
    return field === undefined ? errors : shownErrors(errors, fieldPath(field));
  }

  /**
   * Whether FormErrorsFilter has sent a form back with errors.
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

/** A field of a form may be asked for by its name in the page, whichever way that was parsed. */
function readField(values: Values, key: string): unknown {
  const value = readPath(values, key);
  return value === undefined && key.includes('[') ? readPath(values, fieldPath(key)) : value;
}
