import { hkdfSync } from 'node:crypto';
import { Hmac } from './hmac.js';

const KEY_BYTES = 32;

/** A key made of a secret for one purpose (HKDF-SHA256, RFC 5869): what is made for one purpose is not accepted for another. */
export function deriveKey(secret: string, purpose: string): Hmac {
  return new Hmac(new Uint8Array(hkdfSync('sha256', secret, 'nestjs-session-kit', purpose, KEY_BYTES)));
}
