import type { Keyring } from '../crypto/keyring.js';

/**
 * Where tokens travel: a cookie with its name, path and domain, or a header. A token made for one place does
 * not open in another.
 */
export interface TokenPlace {
  /** Makes and opens its tokens. */
  readonly keyring: Keyring;
  /** The longest token that fits, in characters. */
  readonly maxTokenLength: number;
  /** For messages: the unit (`bytes as cookies`), and what sets the limit. */
  readonly words: { readonly as: string; readonly by: string };
}
