import { integer, oneof } from 'fast-check';

/**
 * Any character, for `fc.string({ unit: anyCharacter })`. Of the same characters as fast-check's own unit `binary`, which costs
 * a process most of a second when it is first asked for.
 */
export const anyCharacter = oneof(
  integer({ max: 0xd7ff, min: 0 }),
  integer({ min: 0xe000, max: 0x10ffff }),
).map((code) => String.fromCodePoint(code));
