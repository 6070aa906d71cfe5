import { type Secrets, deriveKeys } from './hmac.js';
import { type Opened, Sealer } from './sealer.js';

/**
 * Format prefix of sealed payloads. No serializer's text begins with it: JSON, superjson and devalue begin
 * with a bracket.
 */
const PREFIX = 'v1e.';

/**
 * Seals the payloads of records, with keys derived from the application's secrets: the first key seals, all
 * of them open. A payload is bound to the id of its record, and cannot be opened under another id. The keys
 * are not bound to a cookie, so the cookie's name may change.
 */
export class TextSealer {
  readonly #sealer: Sealer;

  /**
   * @param purpose what is sealed; cursors are bound to their list instead of a record. Texts sealed for one
   * purpose do not open for another. The purposes contain a blank, which no cookie name does, so the keys
   * differ from those of all cookies
   */
  constructor(secrets: Secrets, purpose: 'payloads of records' | 'lines of a ledger' | 'cursors of lists') {
    this.#sealer = new Sealer(deriveKeys(secrets, `seal ${purpose}`), null);
  }

  /** Whether a text looks like a sealed payload. */
  isSealed(text: string): boolean {
    return text.startsWith(PREFIX);
  }

  seal(id: string, plain: Buffer): string {
    return PREFIX + this.#sealer.seal(plain, boundTo(id));
  }

  /** Returns null if the text is not ours, was modified, or was sealed for another record. Never throws. */
  open(id: string, text: string): Opened | null {
    return this.#sealer.open(text.slice(PREFIX.length), boundTo(id));
  }
}

/** UTF-16, as in memory: in UTF-8, ids that differ in half a surrogate pair would be the same. */
function boundTo(id: string): Buffer {
  return Buffer.from(`nestjs-session-kit ${PREFIX} ${id}`, 'utf16le');
}
