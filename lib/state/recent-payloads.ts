import { type ParsedPayload, type Payload, type SessionSerializer, parsePayload } from './payload.js';
import { RecentTexts } from './recent-texts.js';
import type { Draft } from './session-state.js';

/** How many payloads are remembered, in half of what is kept, and how long they may be: a few megabytes at most. */
const RECENT_HALF = 512;
const MAX_RECENT = 4096;

const recent = new RecentTexts<Payload>(RECENT_HALF);

/**
 * `parsePayload`, which remembers what was read twice: to parse it costs more than all else that a request does for its
 * session. Several requests may be given the same payload: nobody changes it.
 */
export function parseRecent(text: string, serializer: SessionSerializer): ParsedPayload {
  // Only of JSON is it known that a text always says the same.
  if (serializer !== JSON || text.length > MAX_RECENT) return parsePayload(text, serializer);
  const known = recent.get(text);
  if (known !== undefined) return { kind: 'session', payload: known };
  const parsed = parsePayload(text, serializer);
  // Flash messages are handed out without a copy, so a payload with messages is never shared.
  if (parsed.kind === 'session' && parsed.payload.f === undefined) recent.add(text, parsed.payload);
  return parsed;
}

/** Remembers what has just been stored, so that the next request need not read it. */
export function rememberWritten({ text, payload, isExact }: Draft): void {
  if (isExact && text.length <= MAX_RECENT) recent.set(text, payload);
}
