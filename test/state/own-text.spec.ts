import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownStart, ownText } from '../../lib/state/own-text.js';
import { anyCharacter } from '../support/any-character.js';

describe('A text detached from its parent string', () => {
  it('is the same text, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.nat({ max: 0xffff }), (text, code) => {
        // Including half of a surrogate pair.
        for (const each of [text, `${text}${String.fromCharCode(code)}${text}`])
          expect(ownText(each)).toBe(each);
      }),
    );
  });

  it('can be cut to a number of characters', () => {
    const text = 'x'.repeat(100);
    expect([ownStart(text, 99), ownStart(text, 100), ownStart(text, 101), ownStart('', 5)]).toEqual([
      'x'.repeat(99),
      text,
      text,
      '',
    ]);
  });
});
