import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathOfThisSite } from '../../lib/session/path-of-this-site.js';

const SITE = 'https://shop.example';

describe('a path of this site', () => {
  it.each([
    '/',
    '/orders',
    '/orders?page=2&sort=a%20b#last',
    '/@evil.example',
    '/?next=//evil.example',
    '/a//b',
    '/%2F%5Cevil.example',
    '/100%',
    '/%ff%zz',
    '/user:secret@evil.example/',
  ])('is %j', (url) => expect(pathOfThisSite(url)).toBe(url));

  it.each([
    ['/a/../b', '/b'],
    ['/Straße?ä=ö#ü', '/Stra%C3%9Fe?%C3%A4=%C3%B6#%C3%BC'],
    ['/日本/😀', '/%E6%97%A5%E6%9C%AC/%F0%9F%98%80'],
    ['/\u2028<script>"', '/%E2%80%A8%3Cscript%3E%22'],
    ['/half a pair \ud800'.replaceAll(' ', '-'), '/half-a-pair-%EF%BF%BD'],
    ['/／evil.example', '/%EF%BC%8Fevil.example'],
  ])('is %j, written as browsers do', (url, path) => expect(pathOfThisSite(url)).toBe(path));

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
    `/${'日'.repeat(300)}`,
  ])('is not %j', (url) => expect(pathOfThisSite(url)).toBeUndefined());

  it.each([undefined, null, 1, {}, ['/orders'], new String('/orders')])('is not %o', (url) =>
    expect(pathOfThisSite(url)).toBeUndefined(),
  );

  it('never leads off the site, whatever it consists of', () => {
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
        const path = pathOfThisSite(url);
        if (path === undefined) return;
        expect(new URL(url, `${SITE}/sign-in`).href).toBe(SITE + path);
        // The result is stable, and safe in a header.
        expect(pathOfThisSite(path)).toBe(path);
        expect(path).toMatch(/^[!-~]+$/);
      }),
      { numRuns: 2000 },
    );
  });
});
