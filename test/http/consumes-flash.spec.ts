import { describe, expect, it } from 'vitest';
import { consumesFlash } from '../../lib/http/consumes-flash.js';

const uses = (headers: Record<string, string>, method = 'GET', sent: readonly string[] = []): boolean =>
  consumesFlash({ method, headers }, { hasHeader: (name) => sent.includes(name) }, undefined);

describe('flash messages are used up', () => {
  it.each(['document', 'iframe', 'frame', 'fencedframe', 'empty'])(
    'by a request that can show them, for %s',
    (destination) => {
      expect(uses({ 'sec-fetch-dest': destination })).toBe(true);
    },
  );

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])('by a %s without further headers', (method) => {
    expect(uses({}, method)).toBe(true);
    expect(uses({ purpose: 'checkout', 'hx-preloaded': 'false' }, method)).toBe(true);
  });
});

describe('flash messages are not used up', () => {
  it('by a response with a file, which accepts ranges', () => {
    expect(uses({}, 'GET', ['accept-ranges', 'last-modified'])).toBe(false);
    expect(uses({}, 'GET', ['last-modified'])).toBe(true);
  });

  it.each(['HEAD', 'OPTIONS'])('by %s', (method) => {
    expect(uses({}, method)).toBe(false);
  });

  it.each(
    (
      'audio audioworklet embed font image json manifest object paintworklet report script serviceworker sharedworker ' +
      'style track video webidentity worker xslt'
    ).split(' '),
  )('by a subresource that a browser fetches for a page: %s', (destination) => {
    expect(uses({ 'sec-fetch-dest': destination })).toBe(false);
  });

  it.each([
    { 'sec-purpose': 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender;anonymous-client-ip' },
    { purpose: 'prefetch' },
    { purpose: 'Prefetch' },
    { purpose: 'preview' },
    { 'x-purpose': 'preview' },
    { 'x-purpose': 'prefetch' },
    { 'sec-purpose': 'prerender' },
    { 'x-moz': 'prefetch' },
    { 'x-sec-purpose': 'prefetch' },
    { 'hx-preloaded': 'true' },
    { 'sec-purpose': '', purpose: 'prefetch' },
  ])('by a prefetch: %j', (headers) => {
    expect(uses({ ...headers, 'sec-fetch-dest': 'document' })).toBe(false);
  });
});
