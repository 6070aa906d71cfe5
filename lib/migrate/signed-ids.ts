import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Verifies a text followed by a dot and its HMAC, as cookie-signature (express-session) and @fastify/cookie
 * sign: `value.base64`, without padding. Compares in constant time.
 *
 * @returns the value, or null if none of the secrets has signed it
 */
export function unsigned(text: string, secrets: readonly string[]): string | null {
  const dot = text.lastIndexOf('.');
  if (dot < 1) return null;
  const value = text.slice(0, dot);
  return isMadeBy(secrets, 'sha256', value, text.slice(dot + 1).replace(/=+$/, '')) ? value : null;
}

/**
 * Whether a signature was made with one of the secrets; in constant time.
 *
 * @param signature base64 or base64url, without padding
 */
export function isMadeBy(
  secrets: readonly string[],
  algorithm: string,
  value: string,
  signature: string,
): boolean {
  const given = Buffer.from(signature.replaceAll('-', '+').replaceAll('_', '/'));
  return secrets.some((secret) => {
    const expected = Buffer.from(
      createHmac(algorithm, secret).update(value).digest('base64').replace(/=+$/, ''),
    );
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
}

/** Decodes a cookie value. A value that cannot be decoded is returned as is. */
export function decoded(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
