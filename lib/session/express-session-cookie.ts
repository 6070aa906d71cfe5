import { SessionError } from '../session.errors.js';
import type { CookieAttributes } from './session-host.js';

/** What a session's cookie can be asked and told of its lifetime. */
export interface CookieLifetime {
  /** How long the session lives without a visit, in ms. */
  duration(): number;
  /** Epoch ms. */
  expiresAt(): number;
  /** Whether the cookie has no lifetime and ends with the browser. */
  endsWithBrowser(): boolean;
  setDuration(ms: number): unknown;
  /** Back to the lifetime that the options say. */
  unsetDuration(): void;
}

/**
 * `request.session.cookie` as express-session has it. Its lifetime is this session's own (`setDuration`); what is the
 * same for all sessions comes from the option `cookie` and is read-only.
 */
export class ExpressSessionCookie {
  readonly #lifetime: CookieLifetime;
  readonly #attributes: CookieAttributes;

  /** Made by the package. */
  constructor(lifetime: CookieLifetime, attributes: CookieAttributes) {
    this.#lifetime = lifetime;
    this.#attributes = attributes;
    Object.preventExtensions(this);
  }

  /** How much of the lifetime is left, in ms; null where the cookie ends with the browser. */
  get maxAge(): number | null {
    return this.#lifetime.endsWithBrowser() ? null : this.#lifetime.expiresAt() - Date.now();
  }

  /** A lifetime of its own for this session, in ms; null, undefined and false go back to the one that the options say. */
  set maxAge(ms: number | null | undefined | false) {
    if (ms === null || ms === undefined || ms === false) this.#lifetime.unsetDuration();
    else this.#lifetime.setDuration(ms);
  }

  /** The whole lifetime, in ms; null where the cookie ends with the browser. */
  get originalMaxAge(): number | null {
    return this.#lifetime.endsWithBrowser() ? null : this.#lifetime.duration();
  }

  /** The same as setting `maxAge`. */
  set originalMaxAge(ms: number | null | undefined | false) {
    this.maxAge = ms;
  }

  /** When the session ends unless it is visited again; null where the cookie ends with the browser. */
  get expires(): Date | null {
    return this.#lifetime.endsWithBrowser() ? null : new Date(this.#lifetime.expiresAt());
  }

  /** The lifetime until then, as one of this session's own; null and false as for `maxAge`. */
  set expires(date: Date | null | undefined | false) {
    this.maxAge = date instanceof Date ? date.getTime() - Date.now() : date;
  }

  get path(): string {
    return this.#attributes.path;
  }

  set path(_path: unknown) {
    throw fixed('path');
  }

  get domain(): string | undefined {
    return this.#attributes.domain;
  }

  set domain(_domain: unknown) {
    throw fixed('domain');
  }

  get httpOnly(): boolean {
    return this.#attributes.httpOnly;
  }

  set httpOnly(_httpOnly: unknown) {
    throw fixed('httpOnly');
  }

  get secure(): boolean {
    return this.#attributes.secure;
  }

  set secure(_secure: unknown) {
    throw fixed('secure');
  }

  get sameSite(): string | boolean {
    return this.#attributes.sameSite;
  }

  set sameSite(_sameSite: unknown) {
    throw fixed('sameSite');
  }

  /** As express-session's cookie is written. */
  toJSON(): Record<string, unknown> {
    const { originalMaxAge, expires, httpOnly, path, domain, secure, sameSite } = this;
    return { originalMaxAge, expires, httpOnly, path, domain, secure, sameSite };
  }
}

function fixed(name: string): SessionError {
  return new SessionError(
    `request.session.cookie.${name} cannot be set for one session: set the option 'cookie.${name}'. ` +
      'A lifetime of its own a session has by cookie.maxAge.',
  );
}
