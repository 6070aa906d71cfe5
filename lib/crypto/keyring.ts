import { createHash, timingSafeEqual } from 'node:crypto';
import { ownText } from '../state/own-text.js';
import { type Hmac, deriveKey } from './hmac.js';
import { RecentTokens } from './recent-tokens.js';
import { type Opened, Sealer, strictBytes } from './sealer.js';

/** Format of signed ids and of sealed tokens. Tokens of another format are not opened. */
const SIGNED_PREFIX = 'v1.';
const SEALED_PREFIX = 'v1s.';

/** Stands between a signed id and the mark of its place. No encoded id has it in it. */
const MARK_SIGN = '@';
/** 128 bits: among tenants a place that has the mark of another one would open what was signed there. */
const MARK_LENGTH = 22;

/** A signed id, or a sealed session. */
export type TokenKind = 'signed' | 'sealed';

/** About a megabyte of verified ids. */
const VERIFIED_HALF = 2048;

/** Signed ids that were verified lately, each with the keyring that did it. */
export type VerifiedIds = RecentTokens<{ readonly id: string; readonly by: Keyring }>;

/** What keyrings remember by, one of its own each or several in one. */
export function verifiedIds(): VerifiedIds {
  return new RecentTokens(VERIFIED_HALF);
}

/**
 * Signs and seals what travels in a cookie, with keys derived from the application's secrets. The first secret makes
 * tokens; all of them open tokens, so that secrets can be rotated.
 *
 * Keys are derived once (HKDF-SHA256, RFC 5869), each for one purpose and one cookie name: what was made for one
 * cookie or purpose is not accepted for another. A browser keeps cookies of one name that differ in path or domain side by
 * side: so a sealed token is bound to these as well, and an older cookie that still lies elsewhere opens nothing. A signed
 * id opens no more than its record, so it is good wherever a cookie of the name lies; it only says where it was set. Among
 * tenants, whose places are those of different people, a signed id is bound to its place as well.
 */
export class Keyring {
  /** The newest first. */
  readonly #signing: readonly [Hmac, ...Hmac[]];
  readonly #cookieName: string;
  readonly #path: string;
  readonly #domain: string | null;
  /** Whether signed ids of another place open nothing here. */
  readonly #isAmongTenants: boolean;
  /** What signed ids say of their place: nothing where it is the usual one. */
  readonly #mark: string;
  readonly #sealer: Sealer;
  readonly #verified: VerifiedIds;

  /**
   * @param secrets the newest first; 32 characters or more each (checked by the options)
   * @param cookieName bound into every key and token
   * @param path of the cookie, bound into sealed tokens
   * @param domain of the cookie, bound into sealed tokens; null for the host alone
   * @param amongTenants what all tenants of an application remember by: signed ids are bound to path and domain too. Null
   * where there are no tenants
   */
  constructor(
    secrets: readonly string[],
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
    this.#mark = path === '/' && domain === null ? '' : MARK_SIGN + markOf(path, domain);
    const [newest, ...older] = secrets.map((secret) => deriveKey(secret, `sign ${cookieName}`));
    if (newest === undefined) throw new RangeError('A keyring needs at least one secret.');
    this.#signing = [newest, ...older];
    const sealing = secrets.map((secret) => deriveKey(secret, `seal ${cookieName}`));
    const place = JSON.stringify([cookieName, path, domain]);
    this.#sealer = new Sealer(sealing, Buffer.from(`nestjs-session-kit ${SEALED_PREFIX} ${place}`));
  }

  /** The keyring of the same place with another secret. */
  withSecret(secret: string): Keyring {
    const amongTenants = this.#isAmongTenants ? verifiedIds() : null;
    return new Keyring([secret], this.#cookieName, this.#path, this.#domain, amongTenants);
  }

  /** Signs an id with HMAC-SHA256: `v1.<id>.<signature>`, with a mark behind the id where the place is not the usual one. */
  sign(id: string): string {
    const signed = encodeURIComponent(id) + this.#mark;
    return `${SIGNED_PREFIX}${signed}.${macOf(signed, this.#signing[0])}`;
  }

  /**
   * The id of a signed token, or null where the signature is not ours or, among tenants, its place is another one. Compares in
   * constant time.
   */
  verify(token: string): string | null {
    const known = this.#verified.get(token);
    if (known?.by === this) return known.id;
    if (!token.startsWith(SIGNED_PREFIX) || (this.#isAmongTenants && !this.isMarkedHere(token))) return null;
    const end = token.lastIndexOf('.');
    if (end <= SIGNED_PREFIX.length) return null;
    const signed = token.slice(SIGNED_PREFIX.length, end);
    if (this.#signerOf(signed, token.slice(end + 1)) === -1) return null;
    // Only what sign() encoded carries a signature of ours, so this decodes.
    const [encoded = ''] = signed.split(MARK_SIGN, 1);
    const id = ownText(encoded.includes('%') ? decodeURIComponent(encoded) : encoded);
    this.#verified.add(token, { id, by: this });
    return id;
  }

  /** Which secret has signed: 0 for the first, -1 for none. Compares in constant time. */
  #signerOf(signed: string, given: string): number {
    const signature = Buffer.from(given);
    return this.#signing.findIndex((signing) => {
      const expected = Buffer.from(macOf(signed, signing));
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    });
  }

  /** Which secret a token was made with: 0 for the first; null where it is not good here. Asked only where somebody wants to know. */
  secretOf(token: string): number | null {
    if (token.startsWith(SEALED_PREFIX)) return this.#opened(token)?.key ?? null;
    if (this.verify(token) === null) return null;
    const end = token.lastIndexOf('.');
    return this.#signerOf(token.slice(SIGNED_PREFIX.length, end), token.slice(end + 1));
  }

  /** What a token looks like, whoever made it; null for neither. */
  static kindOf(token: string): TokenKind | null {
    if (token.startsWith(SIGNED_PREFIX)) return 'signed';
    return token.startsWith(SEALED_PREFIX) ? 'sealed' : null;
  }

  /** Encrypts with AES-256-GCM (NIST SP 800-38D) and a key of its own for each message. */
  seal(plain: Buffer): string {
    return SEALED_PREFIX + this.#sealer.seal(plain).toString('base64url');
  }

  /** Decrypts a sealed token. Null where it is not ours to the last bit. Never throws. */
  open(token: string): Buffer | null {
    return this.#opened(token)?.plain ?? null;
  }

  #opened(token: string): Opened | null {
    if (!token.startsWith(SEALED_PREFIX)) return null;
    const sealed = strictBytes(token.slice(SEALED_PREFIX.length));
    return sealed === null ? null : this.#sealer.open(sealed);
  }

  /** Whether a signed id says that it was set where the cookie is now. A sealed token opens nowhere else, so it need not say. */
  isMarkedHere(token: string): boolean {
    if (!token.startsWith(SIGNED_PREFIX)) return true;
    const mark = token.indexOf(MARK_SIGN);
    return this.#mark === '' ? mark === -1 : token.startsWith(`${this.#mark}.`, mark);
  }

  /**
   * What a token of another place becomes here, for a session that moves with its cookie.
   *
   * @param from the keyring of that place
   * @returns null where there is nothing to be made of it: that keyring did not make it, or it is good here as it is. A
   * token of an application's own driver, which is bound to nothing, comes back as it was
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

/** Tells places of one name apart, and no more: it is signed along with the id. */
function markOf(path: string, domain: string | null): string {
  const place = JSON.stringify([path, domain]);
  return createHash('sha256').update(place).digest('base64url').slice(0, MARK_LENGTH);
}

function macOf(text: string, key: Hmac): string {
  return key.of(Buffer.from(text), 'base64url');
}
