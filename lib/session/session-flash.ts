import { type Values, assertKey, omit, pick } from '../state/values.js';
import { FlashMessages } from './flash-messages.js';
import { formInput } from './form-input.js';
import type { SessionData } from './session-data.js';
import type { Fallback } from './fallback.js';
import { SessionValues, isSeveral, listOf } from './session-values.js';

/** The flash messages of a session: written by one request, shown by the next, then gone. */
export abstract class SessionFlash<T extends object = SessionData> extends SessionValues<T> {
  #flashMessages: FlashMessages | null = null;
  #of: Values | null = null;

  /**
   * What the previous request flashed; not what this one flashes.
   *
   * @example
   * session.flashMessages.get('status')
   */
  get flashMessages(): FlashMessages {
    const { previous } = this.readable.state.flash;
    if (this.#flashMessages === null || this.#of !== previous) {
      this.#of = previous;
      this.#flashMessages = new FlashMessages(previous);
    }
    return this.#flashMessages;
  }

  /**
   * `flashMessages.get` under the name that forms use: what the visitor had typed, where the previous request called
   * `flashAll` or one like it.
   *
   * @param key the name of the field, as a dot path
   * @param fallback in place of a field that is missing or null; a function is called for it. Default undefined
   * @example
   * <input name="email" value="{{ old('email') }}">
   */
  old<V = unknown>(key: string, fallback?: Fallback<NoInfer<V>>): V {
    return this.flashMessages.get<V>(key, fallback);
  }

  /**
   * A message for this request and the next. Values of every kind survive, 0, false and '' included.
   *
   * @example
   * session.flash('status', 'Saved.').flash({ errors: { title: 'A title is required.' } })
   */
  flash(key: string, value: unknown): this;
  /** Several messages for this request and the next, each as `flash(key, value)` does. */
  flash(messages: Values): this;
  flash(key: string | Values, value?: unknown): this {
    const { flash } = this.writable.state;
    if (isSeveral(key)) {
      for (const [name, each] of Object.entries(key)) flash.flash(name, each);
    } else {
      assertKey(key);
      flash.flash(key, value);
    }
    return this;
  }

  /** A message for this request only, such as for a page that it renders itself. */
  now(key: string, value: unknown): this;
  /** Several messages for this request only. */
  now(messages: Values): this;
  now(key: string | Values, value?: unknown): this {
    const { flash } = this.readable.state;
    if (isSeveral(key)) {
      for (const [name, each] of Object.entries(key)) flash.now(name, each);
    } else {
      assertKey(key);
      flash.now(key, value);
    }
    return this;
  }

  /** Lets all messages of the previous request live one request more. */
  reflash(): this {
    this.writable.state.flash.keep();
    return this;
  }

  /**
   * Lets some messages of the previous request live one request more.
   *
   * @param keys dot paths; those without a message are passed over
   */
  keep(keys: string | readonly string[]): this {
    this.writable.state.flash.keep(typeof keys === 'string' ? [keys] : keys);
    return this;
  }

  /**
   * Flashes the request's body, to refill a form; without what `flash.except` names (passwords, tokens). A body that is
   * no form or object has nothing to flash.
   *
   * @example
   * session.flashAll().flash('errors', { email: 'Give an e-mail address.' });
   */
  flashAll(): this {
    return this.#flashInput(this.#input);
  }

  /** Flashes some fields of the request's body; never what `flash.except` names. */
  flashOnly(keys: string | readonly string[]): this {
    return this.#flashInput(pick(this.#input, listOf(keys)));
  }

  /** Flashes the request's body but some fields; never what `flash.except` names. */
  flashExcept(keys: string | readonly string[]): this {
    return this.#flashInput(omit(this.#input, listOf(keys)));
  }

  get #input(): Values {
    return formInput(this.host.body(), (field) => this.host.isNeverFlashed(field));
  }

  #flashInput(input: Values): this {
    const { flash } = this.writable.state;
    for (const [field, value] of Object.entries(input)) flash.flashField(field, value);
    return this;
  }
}
