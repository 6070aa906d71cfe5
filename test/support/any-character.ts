import { integer, oneof } from 'fast-check';

/**
 * Any character, for `fc.string({ unit: anyCharacter })`. Covers the same characters as fast-check's own unit `binary`,
 * which takes a process most of a second on first use.
 */
export const anyCharacter = oneof(
  integer({ max: 0xd7ff, min: 0 }),
  integer({ min: 0xe000, max: 0x10ffff }),
).map((code) => String.fromCodePoint(code));
