import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { systemClock } from '../drivers/clock.js';

/** The format of seals (https://github.com/hapijs/iron, "mac.2"). */
const FORMAT = 'Fe26.2';

/** How much clocks may differ, in ms. */
const SKEW_MS = 60_000;

/** The content of a seal. */
interface Unsealed {
  readonly text: string;
  /** The signed part: unique to the seal, however the rest of a cookie is written. */
  readonly signed: string;
  /** Epoch ms; null if it never expires. */
  readonly expiresAt: number | null;
}

/**
 * Opens a seal of iron: `format*password id*salt*iv*ciphertext*expiry*hmac salt*hmac`. Both keys are derived by
 * PBKDF2 with one round (the format defines no more, so passwords are long). The HMAC is compared first, in
 * constant time.
 *
 * @param passwords by their ids
 * @returns null if it was made with none of these passwords, was tampered with or cut short, or has expired.
 * Never throws.
 */
export function unseal(seal: string, passwords: Readonly<Record<string, string>>): Unsealed | null {
  const parts = seal.split('*');
  const [format, id, salt = '', iv = '', ciphertext = '', expiry = '', macSalt = '', mac = ''] = parts;
  if (parts.length !== 8 || format !== FORMAT || !/^\d{0,15}$/.test(expiry)) return null;
  const password = id !== undefined && Object.hasOwn(passwords, id) ? passwords[id] : undefined;
  if (password === undefined) return null;
  const signed = parts.slice(0, 6).join('*');
  const expected = createHmac('sha256', keyOf(password, macSalt)).update(signed).digest();
  const given = Buffer.from(mac, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  const expiresAt = expiry === '' ? null : Number(expiry);
  if (expiresAt !== null && expiresAt <= systemClock.now() - SKEW_MS) return null;
  try {
    const decipher = createDecipheriv('aes-256-cbc', keyOf(password, salt), Buffer.from(iv, 'base64url'));
    const text = decipher.update(ciphertext, 'base64url', 'utf8') + decipher.final('utf8');
    return { text, signed, expiresAt };
  } catch {
    // Sealed with that password, but not in this format.
    return null;
  }
}

function keyOf(password: string, salt: string): Buffer {
  return pbkdf2Sync(password, salt, 1, 32, 'sha1');
}
