import type { Keyring } from '../crypto/keyring.js';

/** Where tokens travel: a cookie of a name, path and domain, or a header. One that was made for a place opens in no other. */
export interface TokenPlace {
  /** Makes and opens its tokens. */
  readonly keyring: Keyring;
  /** The longest token that fits, in characters. */
  readonly maxTokenLength: number;
  /** For messages: what is counted (`bytes as cookies`), and what says how long it may be. */
  readonly words: { readonly as: string; readonly by: string };
}
