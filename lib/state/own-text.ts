/** V8 copies slices up to this length; longer slices only reference the original string. */
const LONGEST_COPIED = 12;

/**
 * Copies a string that may be a slice. A slice references the original string and keeps all of it alive: a
 * cached session id would keep the whole Cookie header. So slices that outlive their request are copied.
 */
export function ownText(text: string): string {
  if (text.length <= LONGEST_COPIED) return text;
  const copy = Buffer.from(text).toString();
  // UTF-8 cannot encode half of a surrogate pair.
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le');
}

/** The first characters of a text, as a copy if the text is cut. The text itself must not be a slice. */
export function ownStart(text: string, length: number): string {
  return text.length <= length ? text : ownText(text.slice(0, length));
}

const HALF_A_PAIR = /[\uD800-\uDBFF]$/;

/**
 * The first characters of a text. Half a surrogate pair at the end, which could not be stored, is replaced by
 * `instead`.
 */
export function startOf(text: string, length: number, instead = ''): string {
  return text.slice(0, length).replace(HALF_A_PAIR, instead);
}
