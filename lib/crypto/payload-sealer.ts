import { deriveKey } from './hmac.js';
import { type Opened, Sealer, strictBytes } from './sealer.js';

/** Format of sealed payloads. No serializer's text begins so: JSON, superjson and devalue begin with a bracket. */
const PREFIX = 'v1e.';

/**
 * Seals the payloads of records, with keys derived from the application's secrets: the first seals, all of them open. A
 * payload is bound to the id of its record: under another one it opens nothing. The keys are bound to no cookie, so that
 * its name may change.
 */
export class PayloadSealer {
  readonly #sealer: Sealer;

  /**
   * @param secrets the newest first
   * @param purpose whose payloads they are; or cursors, each bound to its list in place of a record. What is sealed for one purpose
   * opens for no other. No cookie has a blank in its name, so no cookie's keys are the same
   */
  constructor(
    secrets: readonly string[],
    purpose: 'payloads of records' | 'lines of a ledger' | 'cursors of lists',
  ) {
    const keys = secrets.map((secret) => deriveKey(secret, `seal ${purpose}`));
    this.#sealer = new Sealer(keys, null);
  }

  /** Whether a text looks like a sealed payload. */
  isSealed(text: string): boolean {
    return text.startsWith(PREFIX);
  }

  seal(id: string, plain: Buffer): string {
    return PREFIX + this.#sealer.seal(plain, boundTo(id)).toString('base64url');
  }

  /** Null where it is not ours to the last bit, or was sealed for another record. Never throws. */
  open(id: string, text: string): Opened | null {
    const sealed = strictBytes(text.slice(PREFIX.length));
    return sealed === null ? null : this.#sealer.open(sealed, boundTo(id));
  }
}

/** UTF-16, as texts are kept: in UTF-8 ids that differ in half a surrogate pair would be the same. */
function boundTo(id: string): Buffer {
  return Buffer.from(`nestjs-session-kit ${PREFIX} ${id}`, 'utf16le');
}
