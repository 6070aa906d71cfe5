/** V8 copies what is cut off a text up to this length; longer pieces only point into it. */
const LONGEST_COPIED = 12;

/**
 * A text that stands on its own. What is cut out of a text points into it and keeps all of it alive: a session id that a
 * cache remembers would keep the whole Cookie header. So whatever outlives its request is copied where it is cut.
 */
export function ownText(text: string): string {
  if (text.length <= LONGEST_COPIED) return text;
  const copy = Buffer.from(text).toString();
  // UTF-8 has no half of a surrogate pair.
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le');
}

/** A value to keep. A text may be cut from a request, and what is stored may be remembered for longer than that. */
export function ownValue(value: unknown): unknown {
  return typeof value === 'string' ? ownText(value) : value;
}

/** The first characters of a text, standing on their own where that takes cutting. The text itself has to stand on its own. */
export function ownStart(text: string, length: number): string {
  return text.length <= length ? text : ownText(text.slice(0, length));
}

const HALF_A_PAIR = /[\uD800-\uDBFF]$/;

/** The first characters of a text, and in place of half a character at their end `instead`: it would be stored as none. */
export function startOf(text: string, length: number, instead = ''): string {
  return text.slice(0, length).replace(HALF_A_PAIR, instead);
}
