import { PathTree, within, without } from '../state/path-tree.js';
import { type Values, assertKey, isObject } from '../state/values.js';
import { valuesByKey } from '../state/values-by-key.js';
import { fieldPath } from './field-names.js';
import { FlashMessages } from './flash-messages.js';
import { BAGS, type FormErrors } from './form-bags.js';
import { formInput } from './form-input.js';
import { type GivenKeys, givenKeys } from './given-keys.js';
import type { SessionData } from './session-data.js';
import type { Fallback } from './default-value.js';
import { maskedErrors, shorteningsOf } from './refused-form.js';
import { SessionUpdating } from './session-updating.js';

/** Where Passport keeps who is signed in. */
const PASSPORT_KEY = 'passport';

/** The flash messages of a session: written by one request, shown by the next, then gone. */
export abstract class SessionFlash<T extends object = SessionData> extends SessionUpdating<T> {
  #flashMessages: FlashMessages | null = null;
  #of: Values | null = null;

  /**
   * What the previous request flashed; not what this one flashes.
   *
   * @example
   * session.flashMessages.get('status')
   */
  get flashMessages(): FlashMessages {
    const { previous, previousMessages } = this.readable.flash;
    if (this.#flashMessages === null || this.#of !== previous) {
      this.#of = previous;
      this.#flashMessages = new FlashMessages(previous, previousMessages);
    }
    return this.#flashMessages;
  }

  /**
   * `flashMessages.get` under the name that forms use: what the visitor had typed, where the previous request called
   * `flashAll` or one like it. Where FormErrorsFilter has sent a form back, what that kept of it is looked at first.
   *
   * @param key the name of the field, as it stands in the form (`user[name]`) or as a dot path (`user.name`)
   * @param fallback in place of a field that is missing or null; a function is called for it. Default undefined
   * @example
   * <input name="email" value="{{ old('email') }}">
   */
  old<V = unknown>(key: string, fallback?: Fallback<NoInfer<V>>): V {
    return this.flashMessages.old<V>(key, fallback);
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
    const { flash } = this.writable;
    if (isObject(key)) {
      for (const [name, each] of Object.entries(valuesByKey('flash', key))) flash.flash(name, each);
    } else {
      assertKey(key);
      flash.flash(key, value);
    }
    return this;
  }

  /**
   * A message for this request only, such as for a page that it renders itself.
   *
   * @example
   * session.now('status', 'Saved.');
   */
  now(key: string, value: unknown): this;
  /** Several messages for this request only. */
  now(messages: Values): this;
  now(key: string | Values, value?: unknown): this {
    const { flash } = this.readable;
    if (isObject(key)) {
      for (const [name, each] of Object.entries(valuesByKey('now', key))) flash.now(name, each);
    } else {
      assertKey(key);
      flash.now(key, value);
    }
    return this;
  }

  /**
   * Lets all messages of the previous request live one request more.
   *
   * @example
   * session.reflash(); // before redirecting once more
   */
  reflash(): this {
    this.writable.flash.keep();
    return this;
  }

  /**
   * Lets some messages of the previous request live one request more.
   *
   * @param keys dot paths, one or several, or a list of them; those without a message are passed over
   * @throws SessionValueError where something is no key, or there is none; for all messages there is `reflash`
   * @example
   * session.keep('status', 'errors.email')
   */
  keep(...keys: GivenKeys): this {
    const { flash } = this.writable;
    const paths = givenKeys('keep', keys);
    // A field may be named as it stands in the form.
    flash.keep([...paths, ...paths.map(fieldPath)]);
    return this;
  }

  /**
   * Flashes the request's body, to refill a form; without what `flash.except` names (passwords, tokens), and without
   * what says who is signed in (the path of the option `userKey`, and `passport`): reading methods see flashed fields as
   * well. Text, numbers, booleans, null, lists and plain objects are flashed; files and all else are left out. A body
   * that is no form or object has nothing to flash.
   *
   * Of `flashAll`, `flashOnly` and `flashExcept` the last call says what is kept. A message of the application's own is
   * never replaced by a field, whichever came first.
   *
   * @example
   * session.flashAll().flash('errors', { email: 'Give an e-mail address.' });
   */
  flashAll(): this {
    return this.#flashFields((input) => input);
  }

  /**
   * Flashes some fields of the request's body, in place of those flashed before; never what `flash.except` names.
   *
   * @param keys names of fields, or paths into them, one or several, or a list; those that are missing are passed over
   * @throws SessionValueError where something is no key, or there is none
   * @example
   * session.flashOnly('email', 'address.city')
   */
  flashOnly(...keys: GivenKeys): this {
    const paths = pathsOf('flashOnly', keys);
    return this.#flashFields((input) => within(input, paths));
  }

  /**
   * Flashes the request's body but some fields, in place of those flashed before; never what `flash.except` names.
   *
   * @param keys names of fields, or paths into them, one or several, or a list
   * @throws SessionValueError where something is no key, or there is none
   * @example
   * session.flashExcept('comment', 'payment.card')
   */
  flashExcept(...keys: GivenKeys): this {
    const paths = pathsOf('flashExcept', keys);
    return this.#flashFields((input) => without(input, paths));
  }

  /**
   * What is wrong with the form of this request, and what was typed into it, for the page that shows it again: each in a bag of
   * its own, which no field can be taken for, and neither with a password. Where the session has no room for all of it (a cookie), what was typed is left out and the errors are cut:
   * the larger first.
   *
   * @internal
   */
  flashRefusedForm(errors: FormErrors): this {
    const { flash } = this.writable;
    const withheld = new Set<string>();
    const input = this.#input(withheld);
    const masked = maskedErrors(errors, withheld);
    flash.flash(BAGS.old, input);
    flash.flash(BAGS.errors, masked);
    this.lifecycle.session.spares = shorteningsOf(input, masked);
    return this;
  }

  #input(withheld?: Set<string>): Values {
    return formInput(this.host.body?.(), (field) => this.host.isNeverFlashed?.(field) ?? true, withheld);
  }

  #flashFields(chosen: (input: Values) => Values): this {
    const { flash } = this.writable;
    const input = this.#input();
    // Reading methods see fields too: one at the path of the user would sign a stranger in.
    const harmless = without(input, PathTree.of([this.lifecycle.userKey, PASSPORT_KEY]));
    flash.flashFields(chosen(harmless));
    return this;
  }
}

function pathsOf(method: string, keys: GivenKeys): PathTree {
  return PathTree.of(givenKeys(method, keys).map(fieldPath));
}
