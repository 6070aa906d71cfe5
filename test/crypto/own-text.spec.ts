import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownText } from '../../lib/own-text.js';

describe('A text that stands on its own', () => {
  it('is the same text, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: 0xffff }), (text, code) => {
        // Also with half of a surrogate pair in it.
        for (const each of [text, `${text}${String.fromCharCode(code)}${text}`])
          expect(ownText(each)).toBe(each);
      }),
    );
  });
});
