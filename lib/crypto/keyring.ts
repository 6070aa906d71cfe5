import { hash, timingSafeEqual } from 'node:crypto';
import { ownText } from '../state/own-text.js';
import { type Hmac, type Keys, type Secrets, deriveKeys } from './hmac.js';
import { RecentTexts } from '../state/caches.js';
import { type Opened, Sealer } from './sealer.js';

/** Format prefixes of signed ids and sealed tokens. Tokens of another format are not opened. */
const SIGNED_PREFIX = 'v1.';
const SEALED_PREFIX = 'v1s.';

/** Separates a signed id from the tag of its place. No encoded id contains it. */
const PLACE_TAG_SIGN = '@';
/** 128 bits: among tenants, a place with the same tag as another would open ids signed for the other. */
const PLACE_TAG_LENGTH = 22;

/** A signed id, or a sealed session. */
export type TokenKind = 'signed' | 'sealed';

/** Half the size of the cache of verified ids, which takes about a megabyte. */
const VERIFIED_HALF = 2048;

/** A cache of recently verified signed ids, each with the keyring that verified it. */
export type VerifiedIds = RecentTexts<{ readonly id: string; readonly by: Keyring }>;

/** Creates a cache of verified ids, for one keyring or shared by several. */
export function verifiedIds(): VerifiedIds {
  return new RecentTexts(VERIFIED_HALF);
}

/**
 * Signs and seals the tokens that travel in a cookie, with keys derived from the application's secrets.
 * Tokens are made with the first secret and opened with any of them, so that secrets can be rotated.
 *
 * Keys are derived once (HKDF-SHA256, RFC 5869), each for one purpose and one cookie name: a token made for
 * one cookie or purpose is not accepted for another. Browsers keep cookies with the same name but a different
 * path or domain side by side. So a sealed token is also bound to path and domain, and an older cookie left
 * at another place opens nothing. A signed id only opens its record, so it is valid wherever a cookie with
 * this name is set; it only carries a tag of its place. Among tenants, whose places belong to different
 * people, a signed id is bound to its place too.
 */
export class Keyring {
  readonly #signing: Keys;
  readonly #cookieName: string;
  readonly #path: string;
  readonly #domain: string | null;
  /** Whether signed ids of another place open nothing here. */
  readonly #isAmongTenants: boolean;
  /** The tag of the place in signed ids; empty for the usual place (path `/`, no domain). */
  readonly #placeTag: string;
  /** Associated data: a token opens only in the place that it was sealed for. */
  readonly #sealedFor: Buffer;
  readonly #sealer: Sealer;
  readonly #verified: VerifiedIds;

  /**
   * @param cookieName bound into every key and token
   * @param path of the cookie, bound into sealed tokens
   * @param domain of the cookie, bound into sealed tokens; null for the host alone
   * @param amongTenants the cache shared by all tenants of an application; signed ids are then bound to path
   * and domain too. Null if there are no tenants
   */
  constructor(
    secrets: Secrets,
    cookieName: string,
    path = '/',
    domain: string | null = null,
    amongTenants: VerifiedIds | null = null,
  ) {
    this.#cookieName = cookieName;
    this.#path = path;
    this.#domain = domain;
    this.#isAmongTenants = amongTenants !== null;
    this.#verified = amongTenants ?? verifiedIds();
    this.#placeTag = path === '/' && domain === null ? '' : PLACE_TAG_SIGN + placeTagOf(path, domain);
    this.#signing = deriveKeys(secrets, `sign ${cookieName}`);
    const place = JSON.stringify([cookieName, path, domain]);
    this.#sealedFor = Buffer.from(`nestjs-session-kit ${SEALED_PREFIX} ${place}`);
    this.#sealer = new Sealer(deriveKeys(secrets, `seal ${cookieName}`), this.#sealedFor);
  }

  /** Returns a keyring for the same place with another secret. */
  withSecret(secret: string): Keyring {
    const amongTenants = this.#isAmongTenants ? verifiedIds() : null;
    return new Keyring([secret], this.#cookieName, this.#path, this.#domain, amongTenants);
  }

  /**
   * Signs an id with HMAC-SHA256: `v1.<id>.<signature>`, with a tag after the id if the place is not the
   * usual one.
   */
  sign(id: string): string {
    const signed = encodeURIComponent(id) + this.#placeTag;
    return `${SIGNED_PREFIX}${signed}.${macOf(signed, this.#signing[0])}`;
  }

  /**
   * Returns the id of a signed token, or null if the signature is not ours or, among tenants, the token
   * belongs to another place. Compares in constant time.
   */
  verify(token: string): string | null {
    const known = this.#verified.get(token);
    if (known?.by === this) return known.id;
    if (!token.startsWith(SIGNED_PREFIX) || (this.#isAmongTenants && !this.isMarkedHere(token))) return null;
    const end = token.lastIndexOf('.');
    if (end <= SIGNED_PREFIX.length) return null;
    const signed = token.slice(SIGNED_PREFIX.length, end);
    if (this.#signerOf(signed, token.slice(end + 1)) === -1) return null;
    // Only ids encoded by sign() carry our signature, so decoding cannot fail.
    const [encoded = ''] = signed.split(PLACE_TAG_SIGN, 1);
    const id = ownText(encoded.includes('%') ? decodeURIComponent(encoded) : encoded);
    this.#verified.add(token, { id, by: this });
    return id;
  }

  /** The index of the secret that signed: 0 for the first, -1 for none. Compares in constant time. */
  #signerOf(signed: string, given: string): number {
    const signature = Buffer.from(given);
    return this.#signing.findIndex((signing) => {
      const expected = Buffer.from(macOf(signed, signing));
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    });
  }

  /**
   * The index of the secret that a token was made with: 0 for the first; null if the token is not valid here.
   * Called only if something listens for it, and for renewals.
   */
  secretOf(token: string): number | null {
    if (token.startsWith(SEALED_PREFIX)) return this.#opened(token)?.key ?? null;
    if (this.verify(token) === null) return null;
    const end = token.lastIndexOf('.');
    return this.#signerOf(token.slice(SIGNED_PREFIX.length, end), token.slice(end + 1));
  }

  /** The kind of a token by its format, whoever made it; null if it is neither. */
  static kindOf(token: string): TokenKind | null {
    if (token.startsWith(SIGNED_PREFIX)) return 'signed';
    return token.startsWith(SEALED_PREFIX) ? 'sealed' : null;
  }

  /** Encrypts with AES-256-GCM (NIST SP 800-38D) and a separate key for each message. */
  seal(plain: Buffer): string {
    return SEALED_PREFIX + this.#sealer.seal(plain);
  }

  /** Decrypts a sealed token. Returns null if it is not ours or was modified. Never throws. */
  open(token: string): Buffer | null {
    return this.#opened(token)?.plain ?? null;
  }

  #opened(token: string): Opened | null {
    if (!token.startsWith(SEALED_PREFIX)) return null;
    return this.#sealer.open(token.slice(SEALED_PREFIX.length), this.#sealedFor);
  }

  /**
   * Whether the tag of a signed id is that of the cookie's current place. Sealed tokens have no tag, as
   * they do not open at any other place.
   */
  isMarkedHere(token: string): boolean {
    if (!token.startsWith(SIGNED_PREFIX)) return true;
    const tag = token.indexOf(PLACE_TAG_SIGN);
    return this.#placeTag === '' ? tag === -1 : token.startsWith(`${this.#placeTag}.`, tag);
  }

  /**
   * Converts a token of another place, for a session that moves with its cookie.
   *
   * @param from the keyring of that place
   * @returns null if there is nothing to convert: the other keyring did not make the token, or it is already
   * valid here. A token of an application's own driver, which is not bound to a place, is returned unchanged
   */
  renew(token: string, from: Keyring): string | null {
    if (token.startsWith(SEALED_PREFIX)) {
      const plain = from.open(token);
      return plain === null ? null : this.seal(plain);
    }
    if (from.#cookieName === this.#cookieName && !this.#isAmongTenants) return null;
    if (!token.startsWith(SIGNED_PREFIX)) return token;
    const id = from.verify(token);
    return id === null ? null : this.sign(id);
  }
}

/**
 * A tag that only tells places with the same cookie name apart. It needs no secret, as it is signed with the
 * id.
 */
function placeTagOf(path: string, domain: string | null): string {
  const place = JSON.stringify([path, domain]);
  return hash('sha256', place, 'base64url').slice(0, PLACE_TAG_LENGTH);
}

function macOf(text: string, key: Hmac): string {
  return key.of(Buffer.from(text), 'base64url');
}
