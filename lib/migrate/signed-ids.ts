import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Verifies what carries its HMAC behind a dot, as cookie-signature (express-session) and @fastify/cookie sign: `value.base64`, without
 * the padding. Compares in constant time.
 *
 * @returns the value, or null where none of the secrets has signed it
 */
export function unsigned(text: string, secrets: readonly string[]): string | null {
  const dot = text.lastIndexOf('.');
  if (dot < 1) return null;
  const value = text.slice(0, dot);
  return isMadeBy(secrets, 'sha256', value, text.slice(dot + 1).replace(/=+$/, '')) ? value : null;
}

/**
 * Whether one of several secrets has made a signature, in constant time.
 *
 * @param signature base64, or base64url, without padding
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

/** The text of a cookie, as those who set it wrote it. What cannot be decoded is as it is. */
export function decoded(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
