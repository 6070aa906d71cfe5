import { type Arbitrary, array, integer, oneof } from 'fast-check';

/**
 * Any well-formed text of so many code points, NUL and those beyond 16 bits included. fast-check's own `string` with the
 * unit `binary` takes seconds to be made.
 */
export function wellFormedText(range: { minLength?: number; maxLength: number }): Arbitrary<string> {
  const codePoint = oneof(
    integer({ min: 0, max: 0x7f }),
    integer({ min: 0x80, max: 0xd7ff }),
    integer({ min: 0xe000, max: 0x10_ffff }),
  );
  return array(codePoint, { ...range, size: 'max' }).map((points) => String.fromCodePoint(...points));
}
