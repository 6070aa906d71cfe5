/** How many characters of a key an error message or log line shows. */
const MAX_SHOWN = 80;

/**
 * Characters that JSON does not escape, although they move a terminal's cursor, end a line or reverse the
 * text.
 */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Formats a key (or the path of a value, or another short text) for messages. A visitor may have chosen it,
 * so it is escaped, and cut if it is long.
 */
export function shownKey(key: string): string {
  // Cut first: the rest need not be escaped.
  const escaped = escape(key.slice(0, MAX_SHOWN));
  if (key.length <= MAX_SHOWN && escaped.length <= MAX_SHOWN) return escaped;
  return `${wholeStart(escaped)}...`;
}

function escape(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll(INVISIBLE, codeOf);
}

function codeOf(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

/** The beginning of an escaped text, without a partial escape at its end. */
function wholeStart(escaped: string): string {
  let start = '';
  for (const [part] of escaped.matchAll(/\\u[\da-f]{4}|\\.|[^\\]/gu)) {
    if (start.length + part.length > MAX_SHOWN) break;
    start += part;
  }
  return start;
}
