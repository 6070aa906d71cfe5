import { createHash } from 'node:crypto';

/**
 * A name for any text, of fixed length and of harmless characters: SHA-256 of its UTF-16 code units. In UTF-8
 * all halves of surrogate pairs would become the same character.
 */
export function textHash(text: string, encoding: 'hex' | 'base64url' = 'hex'): string {
  return createHash('sha256').update(text, 'utf16le').digest(encoding);
}
