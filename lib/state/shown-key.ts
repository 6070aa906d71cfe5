/** How much of a key an error message or a log line shows, in characters. */
const MAX_SHOWN = 80;

/** What JSON leaves as it is, and what still moves a terminal's cursor, ends a line or turns the text around. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * A key (or the path of a value, or another short text) as messages show it. A visitor may have chosen it: so it is escaped, and a long one
 * says no more than its beginning.
 */
export function shownKey(key: string): string {
  // What is cut away need not be escaped first.
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

/** The beginning of an escaped text, without a part of an escape at its end. */
function wholeStart(escaped: string): string {
  let start = '';
  for (const [part] of escaped.matchAll(/\\u[\da-f]{4}|\\.|[^\\]/gu)) {
    if (start.length + part.length > MAX_SHOWN) break;
    start += part;
  }
  return start;
}
