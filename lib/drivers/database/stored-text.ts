import { textHash } from '../text-hash.js';

const plainId = /^[\x21-\x7e]{1,255}$/;
const hashPrefix = 'sha256:';
const storedHash = /^sha256:[0-9a-f]{64}$/;

/**
 * The form of an id in the column `id`. Printable ASCII without spaces, up to 255 characters, stays unchanged,
 * so that a session can be found in the table by its id. Any other id (longer, with spaces, which some
 * collations ignore, or with characters that the column cannot hold) becomes `sha256:` and its hash. An id of
 * that form stays unchanged: rows are listed by it.
 */
export function toStoredId(id: string): string {
  if (plainId.test(id) && (!id.startsWith(hashPrefix) || storedHash.test(id))) return id;
  return hashPrefix + textHash(id);
}

const escapedPrefix = 'escaped:';
// With the flag u, halves of a surrogate pair match only where the other half is missing.
const unstorable = /[\0\ud800-\udfff]/u;
const toBeEscaped = /[\\\0\ud800-\udfff]/gu;
// The last alternative, which is empty, finds a backslash that no escape produced.
const escape = /\\(?:(\\)|(0)|u([0-9a-f]{4})|)/g;

/**
 * The form of text in a column: unchanged, unless it contains something that a database cannot hold. PostgreSQL
 * has no NUL character, and UTF-8 has no half of a surrogate pair; such text is stored as `escaped:` and the
 * text with `\0`, `\ud83d` and doubled backslashes. Well-formed text at most doubles in length. The output of
 * JSON.stringify, the default serializer, is never affected.
 */
export function toStoredText(text: string): string {
  if (!unstorable.test(text) && !text.startsWith(escapedPrefix)) return text;
  return escapedPrefix + text.replaceAll(toBeEscaped, escapeOf);
}

/** The text stored in a column, or null if it cannot be decoded. */
export function fromStoredText(stored: string): string | null {
  if (!stored.startsWith(escapedPrefix)) return stored;
  let isDamaged = false;
  const text = stored
    .slice(escapedPrefix.length)
    .replaceAll(escape, (_all, backslash?: string, nul?: string, unit?: string) => {
      if (backslash !== undefined) return backslash;
      if (nul !== undefined) return '\0';
      isDamaged ||= unit === undefined;
      return String.fromCharCode(Number.parseInt(unit ?? '0', 16));
    });
  return isDamaged ? null : text;
}

function escapeOf(character: string): string {
  if (character === '\0') return '\\0';
  return character === '\\' ? '\\\\' : `\\u${character.charCodeAt(0).toString(16)}`;
}

/** Text made fit for any column, such as a user agent; it is for display, not for comparison. */
export function toDisplayText(text: string | null, maxLength: number): string | null {
  return text === null ? null : text.slice(0, maxLength).replaceAll(new RegExp(unstorable, 'gu'), '\u{fffd}');
}
