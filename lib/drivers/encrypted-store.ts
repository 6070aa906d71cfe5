import type { TextSealer } from '../crypto/text-sealer.js';
import { RecentTexts } from '../state/caches.js';
import type { SessionRecord } from './driver.js';
import type { RecordStore } from './record-store.js';

/**
 * Half the number of recently opened payloads to cache, and the longest payload to cache: a few megabytes at
 * most.
 */
const OPENED_HALF = 512;
const MAX_REMEMBERED = 4096;

/** A payload that no serializer can turn into a session. */
const UNREADABLE = '';

interface OpenedPayload {
  readonly id: string;
  readonly payload: string;
  /** The position of the secret that opened it: 0 for the first. */
  readonly key: number;
}

/** Records whose stored form differs from the form they would be written in now. */
const outdated = new WeakSet<object>();

/**
 * Whether a record should be rewritten with its next renewal: it is sealed with an old secret, plain although
 * payloads are sealed now, or sealed although they are not.
 */
export function isOutdated(record: object): boolean {
  return outdated.has(record);
}

/** How payloads are sealed and opened. */
export interface EncryptionSettings {
  readonly sealer: TextSealer;
  /** Whether payloads are sealed from now on. Sealed payloads are opened either way. */
  readonly seals: boolean;
  /**
   * Whether plain payloads are read. If none was ever written, nobody with write access to the store may pass
   * one off as ours.
   */
  readonly opensPlain: boolean;
  /** Called when an old secret opened a payload, with its position: 1 for the second. */
  readonly onOldSecret?: ((position: number) => void) | undefined;
}

/**
 * A store that seals the payloads of its records, each bound to its id. User, address, times and version stay
 * in clear: the driver's index and version check need them. With `opensPlain`, plain payloads are read as they
 * are, so that encryption can be switched on at any time. A sealed payload that cannot be opened is passed on
 * as it is; whoever parses it finds that it is no session.
 */
export function encryptedStore(
  store: RecordStore,
  { sealer, seals, opensPlain, onOldSecret }: EncryptionSettings,
): RecordStore {
  const recent = new RecentTexts<OpenedPayload>(OPENED_HALF);

  const open = (id: string, text: string): OpenedPayload | null => {
    const known = recent.get(text);
    if (known?.id === id) return known;
    const opened = sealer.open(id, text);
    if (opened === null) return null;
    const found = { id, payload: textOf(opened.plain), key: opened.key };
    if (text.length <= MAX_REMEMBERED) recent.add(text, found);
    return found;
  };

  const opened = <R extends SessionRecord>(id: string, record: R): R => {
    const isSealed = sealer.isSealed(record.payload);
    if (!isSealed) {
      if (!opensPlain) return { ...record, payload: UNREADABLE };
      if (seals) outdated.add(record);
      return record;
    }
    const found = open(id, record.payload);
    if (found === null) return record;
    const plain = { ...record, payload: found.payload };
    if (!seals || found.key > 0) outdated.add(plain);
    if (found.key > 0) onOldSecret?.(found.key);
    return plain;
  };

  const sealed = (id: string, record: SessionRecord): SessionRecord =>
    seals ? { ...record, payload: sealer.seal(id, bytesOf(record.payload)) } : record;

  const { destroyVersion, listByUser } = store;
  return {
    async read(id) {
      const record = await store.read(id);
      return record === null ? null : opened(id, record);
    },
    write: (id, record) => store.write(id, sealed(id, record)),
    touch: (id, expiresAt) => store.touch(id, expiresAt),
    destroy: (id) => store.destroy(id),
    ...(destroyVersion && { destroyVersion: (id, version) => destroyVersion.call(store, id, version) }),
    ...(listByUser && {
      async listByUser(userId, cursor) {
        const page = await listByUser.call(store, userId, cursor);
        return { ...page, records: page.records.map((record) => opened(record.id, record)) };
      },
    }),
  };
}

const UTF8 = 1;
const UTF16 = 2;

/** UTF-8, or UTF-16 for text that UTF-8 cannot represent (half a surrogate pair); the first byte says which. */
function bytesOf(payload: string): Buffer {
  const isPlain = payload.isWellFormed();
  return Buffer.concat([
    Buffer.of(isPlain ? UTF8 : UTF16),
    Buffer.from(payload, isPlain ? 'utf8' : 'utf16le'),
  ]);
}

/** Reverses `bytesOf`. */
function textOf(bytes: Buffer): string {
  return bytes.toString(bytes[0] === UTF8 ? 'utf8' : 'utf16le', 1);
}
