import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPathOfThisSite } from '../../lib/session/path-of-this-site.js';

const SITE = 'https://shop.example';

describe('a path of this site', () => {
  it.each([
    '/',
    '/orders',
    '/orders?page=2&sort=a%20b',
    '/a/../b',
    '/@evil.example',
    '/Straße',
    '/?next=//evil.example',
    '/a//b',
  ])('is %j', (url) => expect(isPathOfThisSite(url)).toBe(true));

  it.each([
    '',
    'orders',
    'https://evil.example/',
    'HTTPS:/evil.example',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\r\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    '/ /evil.example',
    '/\u0000/evil.example',
    'javascript:alert(1)',
    'java\tscript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    './/evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/%2e//evil.example',
    '?next',
    '#here',
    '/a\r\nSet-Cookie: a=b',
    `/${'a'.repeat(2000)}`,
  ])('is not %j', (url) => expect(isPathOfThisSite(url)).toBe(false));

  it.each([undefined, null, 1, {}, ['/orders'], new String('/orders')])('is not %o', (url) =>
    expect(isPathOfThisSite(url)).toBe(false),
  );

  it('stays on the site, whatever it is made of', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '\t',
      '\n',
      '\r',
      ' ',
      ':',
      '@',
      '.',
      '?',
      '#',
      '%09',
      '%2f',
      'evil.example',
      'javascript',
      '\u0000',
      '\u00a0',
      '／',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const url = pieces.join('');
        if (isPathOfThisSite(url)) expect(new URL(url, `${SITE}/sign-in`).origin).toBe(SITE);
      }),
      { numRuns: 2000 },
    );
  });
});
