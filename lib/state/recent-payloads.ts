import { TwoGenerationCache } from './caches.js';
import { ownText } from './own-text.js';
import { type ParsedPayload, type Payload, type SessionSerializer, parsePayload } from './payload.js';
import type { Draft } from './session-state.js';

/**
 * How many payloads one generation of a cache holds, and how many characters a payload may have: a few
 * megabytes in all.
 */
const RECENT_HALF = 256;
const MAX_RECENT = 4096;

/** A text and what it was parsed to. */
interface Parsed {
  readonly text: string;
  readonly payload: Payload;
}

/** The latest version that was read under an id. */
interface Latest {
  version: number;
  /**
   * Null until this version is read a second time: if every request writes, the next one reads another
   * version.
   */
  again: Parsed | null;
}

const byId = new TwoGenerationCache<Latest>(RECENT_HALF);
const opened = new WeakMap<object, Parsed>();

/**
 * `parsePayload` for the record of an id, with a cache of payloads that were read twice: parsing costs more
 * than everything else that a request does for its session.
 */
export function parseRecord(
  id: string,
  { payload: text, version }: { readonly payload: string; readonly version: number },
  serializer: SessionSerializer,
): ParsedPayload {
  if (!isRemembered(text, serializer)) return parsePayload(text, serializer);
  const latest = byId.get(id);
  // Another application of this process may use the same id.
  if (latest?.version === version && latest.again?.text === text)
    return { kind: 'session', payload: latest.again.payload };
  const parsed = parsePayload(text, serializer);
  if (latest === undefined) {
    byId.set(ownText(id), { version, again: null });
  } else {
    latest.again = latest.version === version && isShared(parsed) ? { text, payload: parsed.payload } : null;
    latest.version = version;
  }
  return parsed;
}

/** Caches what has just been stored under an id, so that the next request need not parse it. */
export function rememberRecord(id: string, version: number, { text, payload, isExact }: Draft): void {
  if (!isExact || text.length > MAX_RECENT) return;
  const again = { text, payload };
  const latest = byId.get(id);
  if (latest === undefined) {
    byId.set(ownText(id), { version, again });
  } else {
    latest.version = version;
    latest.again = again;
  }
}

/**
 * `parsePayload` for the record in a token. `stealth` returns the same record for a token that it has opened
 * lately, and is not asked to parse that again.
 */
export function parseSealed(
  record: { readonly payload: string },
  serializer: SessionSerializer,
): ParsedPayload {
  const { payload: text } = record;
  if (!isRemembered(text, serializer)) return parsePayload(text, serializer);
  const known = opened.get(record);
  if (known?.text === text) return { kind: 'session', payload: known.payload };
  const parsed = parsePayload(text, serializer);
  if (isShared(parsed)) opened.set(record, { text, payload: parsed.payload });
  return parsed;
}

/** Only JSON is known to always parse a text to the same value. */
function isRemembered(text: string, serializer: SessionSerializer): boolean {
  return serializer === JSON && text.length <= MAX_RECENT;
}

/** Flash messages are handed out without a copy, so a payload with messages is never cached. */
function isShared(parsed: ParsedPayload): parsed is Extract<ParsedPayload, { kind: 'session' }> {
  return parsed.kind === 'session' && parsed.payload.f === undefined;
}
