import { textHash } from '../text-hash.js';

const plainId = /^[\x21-\x7e]{1,255}$/;
const hashPrefix = 'sha256:';
const storedHash = /^sha256:[0-9a-f]{64}$/;

/**
 * An id as the column `id` keeps it. Printable ASCII without spaces, up to 255 characters, stays as it is, so that a
 * session can be found in the table by its id. Everything else (longer, spaces, which some collations do not count,
 * characters that the column cannot hold) becomes `sha256:` and its hash. That stays as it is:
 * it is what rows are listed by.
 */
export function toStoredId(id: string): string {
  if (plainId.test(id) && (!id.startsWith(hashPrefix) || storedHash.test(id))) return id;
  return hashPrefix + textHash(id);
}

const escapedPrefix = 'escaped:';
// With the flag u, halves of a surrogate pair match only where the other half is missing.
const unstorable = /[\0\ud800-\udfff]/u;
const toBeEscaped = /[\\\0\ud800-\udfff]/gu;
// The last alternative, nothing: a backslash that no escape made.
const escape = /\\(?:(\\)|(0)|u([0-9a-f]{4})|)/g;

/**
 * Text as a column keeps it: as it is, but where it has what a database cannot hold. PostgreSQL has no NUL character,
 * and UTF-8 no half of a surrogate pair; such text is kept as `escaped:` and the text with `\0`, `\ud83d` and, for a
 * backslash, two of them: of well-formed text never more than twice its length. What JSON.stringify makes, as the
 * default serializer does, has none of it.
 */
export function toStoredText(text: string): string {
  if (!unstorable.test(text) && !text.startsWith(escapedPrefix)) return text;
  return escapedPrefix + text.replaceAll(toBeEscaped, escapeOf);
}

/** The text of what a column keeps, or null where that cannot be understood. */
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

/** What a browser calls itself, fit for any column; it is kept to be looked at, not to be compared. */
export function toDisplayText(text: string | null, maxLength: number): string | null {
  return text === null ? null : text.slice(0, maxLength).replaceAll(new RegExp(unstorable, 'gu'), '\u{fffd}');
}
