import type { FlashState } from '../state/flash-state.js';
import { PathTree, within, without } from '../state/path-tree.js';
import { type Values, assertKey, isObject } from '../state/values.js';
import { valuesByKey } from '../state/values-by-key.js';
import { fieldPath } from './field-names.js';
import { FlashMessages } from './flash-messages.js';
import { fieldPaths, inputOf } from './form-input.js';
import { type GivenKeys, givenKeys } from './given-keys.js';
import type { SessionData } from './session-data.js';
import type { Fallback } from './default-value.js';
import { SessionUpdating } from './session-updating.js';

/** The key under which Passport stores the signed-in user. */
const PASSPORT_KEY = 'passport';

/** The flash messages of a session: written by one request, shown by the next, then gone. */
export abstract class SessionFlash<T extends object = SessionData> extends SessionUpdating<T> {
  #flashMessages: FlashMessages | null = null;
  #of: Values | null = null;

  /**
   * The messages that the previous request flashed, without those flashed by this one. None once this request has
   * ended the session (`signOut`, `invalidate`); an object taken before that stays as it is.
   *
   * @example
   * session.flashMessages.get('status')
   */
  get flashMessages(): FlashMessages {
    const { previous, previousMessages } = this.hosted.readable.flash;
    if (this.#flashMessages === null || this.#of !== previous) {
      this.#of = previous;
      this.#flashMessages = new FlashMessages(previous, previousMessages);
    }
    return this.#flashMessages;
  }

  /**
   * Gets what the visitor typed into a form field, if the previous request called `flashAll`, `flashOnly` or
   * `flashExcept`. The same as `flashMessages.get`, except that input kept by FormErrorsFilter takes
   * precedence.
   *
   * @param key the name of the field, as in the form (`user[name]`) or as a dot path (`user.name`)
   * @param fallback used if the field is missing or null; a function is called to get it. Default undefined
   * @throws SessionValueError for `__proto__`, `prototype` or `constructor` in the path, and for a key that
   * is not a string
   * @example
   * <input name="email" value="{{ old('email') }}">
   */
  old<V = unknown>(key: string, fallback?: Fallback<NoInfer<V>>): V {
    return this.flashMessages.old<V>(key, fallback);
  }

  /**
   * Flashes a message for this request and the next. All values are kept, including 0, false and ''.
   *
   * @param key dot path; objects missing on the way are created
   * @param value any value that the serializer can store, for example a string
   * @throws SessionValueError if there is no value, or the key is invalid
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.flash('status', 'Saved.').flash({ errors: { title: 'A title is required.' } })
   */
  flash(key: string, value: unknown): this;
  /**
   * Flashes several messages, each like `flash(key, value)`.
   *
   * @param messages a plain object of messages by key
   * @throws SessionValueError if it is not such an object, or a key is invalid
   * @throws SessionReadonlyError if the session is read-only
   */
  flash(messages: Values): this;
  flash(key: string | Values, value?: unknown): this {
    const { flash } = this.hosted.writable;
    for (const [name, each] of givenMessages('flash', key, value, flash)) flash.flash(name, each);
    return this;
  }

  /**
   * Flashes a message for this request only, for example for a page that it renders itself.
   *
   * @param key dot path; objects missing on the way are created
   * @param value any value, for example a string
   * @throws SessionValueError if there is no value, or the key is invalid
   * @example
   * session.now('status', 'Saved.');
   */
  now(key: string, value: unknown): this;
  /**
   * Flashes several messages for this request only.
   *
   * @param messages a plain object of messages by key
   * @throws SessionValueError if it is not such an object, or a key is invalid
   */
  now(messages: Values): this;
  now(key: string | Values, value?: unknown): this {
    const { flash } = this.hosted.readable;
    for (const [name, each] of givenMessages('now', key, value, flash)) flash.now(name, each);
    return this;
  }

  /**
   * Keeps all messages of the previous request for one more request.
   *
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.reflash(); // before redirecting once more
   */
  reflash(): this {
    this.hosted.writable.flash.keep();
    return this;
  }

  /**
   * Keeps some messages of the previous request for one more request.
   *
   * @param keys dot paths: one, several, or a list of them; keys without a message are skipped
   * @throws SessionValueError if an argument is not a key, or no key is given; to keep all messages use
   * `reflash`
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.keep('status', 'errors.email')
   */
  keep(...keys: GivenKeys): this {
    const { flash } = this.hosted.writable;
    const paths = givenKeys('keep', keys);
    // A field may be named as in the form.
    flash.keep([...paths, ...paths.map(fieldPath)]);
    return this;
  }

  /**
   * Flashes the request's body, to refill a form. Leaves out the fields that `flash.except` names (passwords,
   * tokens), and the fields that say who is signed in (the path of the option `userKey`, and `passport`),
   * since reading methods see flashed fields too. Strings, numbers, booleans, null, lists and plain objects
   * are flashed; files and everything else are left out. A body that is not a form or object has nothing to
   * flash.
   *
   * The last call of `flashAll`, `flashOnly` and `flashExcept` decides what is kept. A field never replaces a
   * message of the application, whichever came first.
   *
   * @throws SessionReadonlyError if the session is read-only
   * @throws SessionError outside of an HTTP request (a job, a message on a socket): there is no form
   * @example
   * session.flashAll().flash('errors', { email: 'Give an e-mail address.' });
   */
  flashAll(): this {
    return this.#flashFields((input) => input);
  }

  /**
   * Flashes some fields of the request's body, instead of those flashed before; never fields that
   * `flash.except` names.
   *
   * @param keys names of fields, or paths into them, in which `*` stands for any name or index: one, several, or
   * a list; missing ones are skipped
   * @throws SessionValueError if an argument is not a key, or no key is given
   * @throws SessionReadonlyError if the session is read-only
   * @throws SessionError outside of an HTTP request (a job, a message on a socket): there is no form
   * @example
   * session.flashOnly('email', 'address.city', 'items.*.qty')
   */
  flashOnly(...keys: GivenKeys): this {
    const names = givenKeys('flashOnly', keys);
    return this.#flashFields((input) => within(input, PathTree.of(fieldPaths(input, names))));
  }

  /**
   * Flashes the request's body except some fields, instead of those flashed before; never fields that
   * `flash.except` names.
   *
   * @param keys names of fields, or paths into them, in which `*` stands for any name or index: one, several, or
   * a list
   * @throws SessionValueError if an argument is not a key, or no key is given
   * @throws SessionReadonlyError if the session is read-only
   * @throws SessionError outside of an HTTP request (a job, a message on a socket): there is no form
   * @example
   * session.flashExcept('comment', 'payment.card', 'guests.*.passport')
   */
  flashExcept(...keys: GivenKeys): this {
    const names = givenKeys('flashExcept', keys);
    return this.#flashFields((input) => without(input, PathTree.of(fieldPaths(input, names))));
  }

  #flashFields(chosen: (input: Values) => Values): this {
    const { flash } = this.hosted.writable;
    const input = inputOf(this.hosted.host);
    // Reading methods see fields too: a field at the user's path would sign in a stranger.
    const harmless = without(input, PathTree.of([this.hosted.lifecycle.userKey, PASSPORT_KEY]));
    flash.flashFields(chosen(harmless));
    return this;
  }
}

/** The messages that a method was given: several by key, or one with its key. */
function givenMessages(
  method: string,
  key: string | Values,
  value: unknown,
  { messages }: FlashState,
): [key: string, message: unknown][] {
  if (isObject(key)) return Object.entries(valuesByKey(method, key, messages));
  assertKey(key);
  return [[key, value]];
}
