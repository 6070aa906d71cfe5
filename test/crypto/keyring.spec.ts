import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Keyring } from '../../lib/crypto/keyring.js';
import { anyCharacter } from '../support/any-character.js';

const SECRET = 'the first secret, which is long enough';
const OTHER = 'another secret, which is long enough too';

const secret = fc.string({ minLength: 32, maxLength: 64 });
const cookieName = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const id = fc.string({ minLength: 1, maxLength: 80, unit: anyCharacter });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 2000 }).map((array) => Buffer.from(array));

/** What a cookie may hold without quotes or escapes (RFC 6265, 4.1.1). */
const COOKIE_VALUE = /^[\x21\x23-\x2B\x2D-\x3A\x3C-\x5B\x5D-\x7E]*$/;

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Returns a text with one character replaced. */
function changed(text: string, place: number, by: string): string {
  const at = place % text.length;
  const replacement = text[at] === by ? (by === 'A' ? 'B' : 'A') : by;
  return text.slice(0, at) + replacement + text.slice(at + 1);
}

const place = fc.nat({ max: 100_000 });
const character = fc.constantFrom(...BASE64URL.split(''), '.', '=', '+', '/', ' ', '%', '"', '\u0000', 'é');

const tampered = (token: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc.tuple(place, character).map(([at, by]) => changed(token, at, by)),
    place.map((length) => token.slice(0, length % token.length)),
    place.map((start) => token.slice((start % token.length) + 1)),
    fc.string({ minLength: 1, maxLength: 5 }).map((tail) => token + tail),
    fc.string({ minLength: 1, maxLength: 5 }).map((head) => head + token),
    place.map((at) => token.slice(0, at % token.length) + token.slice((at % token.length) + 1)),
  );

const path = fc.constantFrom('/', '/shop', '/shop/', '/a b');
const domain = fc.constantFrom(null, 'shop.test', 'test');
const twoPlaces = fc
  .tuple(cookieName, cookieName, path, path, domain, domain)
  .map(([name, otherName, here, there, own, other]) => ({
    ownPlace: [name, here, own] as const,
    otherPlace: [otherName, there, other] as const,
  }))
  .filter(({ ownPlace, otherPlace }) => ownPlace.some((part, index) => part !== otherPlace[index]));

describe('A signed id', () => {
  it('verifies for any path and domain of its cookie name, though each place has its own token', () => {
    fc.assert(
      fc.property(secret, twoPlaces, id, (text, { ownPlace, otherPlace }, value) => {
        const token = new Keyring([text], ...ownPlace).sign(value);
        expect(token).toMatch(COOKIE_VALUE);
        const elsewhere = new Keyring([text], ...otherPlace);
        expect(elsewhere.verify(token)).toBe(ownPlace[0] === otherPlace[0] ? value : null);
        expect(elsewhere.sign(value)).not.toBe(token);
      }),
    );
  });

  it('is recovered from its token, whatever it is, and the token fits into a cookie', () => {
    fc.assert(
      fc.property(secret, cookieName, id, (text, name, value) => {
        const token = new Keyring([text], name).sign(value);
        expect(token).toMatch(COOKIE_VALUE);
        expect(new Keyring([text], name).verify(token)).toBe(value);
      }),
    );
  });

  it('has one token under one secret', () => {
    const keyring = new Keyring([SECRET], 'session');
    expect(keyring.sign('an-id')).toBe(new Keyring([SECRET], 'session').sign('an-id'));
    expect(keyring.sign('an-id')).not.toBe(keyring.sign('an-ie'));
  });

  it('is not accepted from a token that was changed anywhere, cut or lengthened', () => {
    const keyring = new Keyring([SECRET], 'session');
    fc.assert(
      fc.property(
        id.chain((value) => fc.tuple(fc.constant(value), tampered(keyring.sign(value)))),
        ([value, token]) => {
          expect(keyring.verify(token)).toBeNull();
          // Neither a refused nor an accepted token affects later ones.
          expect(keyring.verify(keyring.sign(value))).toBe(value);
          expect(keyring.verify(token)).toBeNull();
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is not accepted under a foreign secret or another cookie name', () => {
    fc.assert(
      fc.property(secret, secret, cookieName, cookieName, id, (ours, theirs, name, otherName, value) => {
        fc.pre(ours !== theirs && name !== otherName);
        const token = new Keyring([ours], name).sign(value);
        expect(new Keyring([theirs], name).verify(token)).toBeNull();
        expect(new Keyring([ours], otherName).verify(token)).toBeNull();
      }),
    );
  });

  it('is accepted under every secret of the list, and signed with the first', () => {
    const before = new Keyring([OTHER], 'session');
    const rotated = new Keyring([SECRET, OTHER], 'session');
    const after = new Keyring([SECRET], 'session');
    expect(rotated.verify(before.sign('an-id'))).toBe('an-id');
    expect(after.verify(rotated.sign('an-id'))).toBe('an-id');
    expect(after.verify(before.sign('an-id'))).toBeNull();
    expect(before.verify(rotated.sign('an-id'))).toBeNull();
  });

  it('is never found in garbage, which throws no error', () => {
    const keyring = new Keyring([SECRET], 'session');
    const garbage = fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 300 }),
      fc.base64String({ maxLength: 300 }).map((text) => `v1.${text}`),
      fc.tuple(fc.string(), fc.string()).map(([left, right]) => `v1.${left}.${right}`),
      fc.constantFrom(
        '',
        'v1',
        'v1.',
        'v1..',
        'v1...',
        'v2.a.b',
        'v1.%.x',
        `v1.${'a'.repeat(8192)}.b`,
        '__proto__',
      ),
    );
    fc.assert(
      fc.property(garbage, (token) => {
        expect(keyring.verify(token)).toBeNull();
        expect(keyring.open(token)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

describe('A sealed token', () => {
  it('opens to its original content, byte for byte, and fits into a cookie', () => {
    fc.assert(
      fc.property(secret, cookieName, bytes, (text, name, plain) => {
        const token = new Keyring([text], name).seal(plain);
        expect(token).toMatch(COOKIE_VALUE);
        expect(new Keyring([text], name).open(token)).toEqual(plain);
      }),
    );
  });

  it('is never the same twice, and reveals nothing of its content', () => {
    const keyring = new Keyring([SECRET], 'session');
    const plain = Buffer.from('a text that anyone could read '.repeat(10));
    const tokens = Array.from({ length: 300 }, () => keyring.seal(plain));
    expect(new Set(tokens).size).toBe(tokens.length);
    // Key and nonce are derived from the salt, which must differ each time.
    expect(new Set(tokens.map((token) => token.slice(4, 4 + 21))).size).toBe(tokens.length);
    for (const token of tokens) {
      const text = Buffer.from(token.slice(4), 'base64url').toString('latin1');
      expect(text).not.toContain('anyone');
    }
  });

  it('does not open once it was changed anywhere, cut or lengthened', () => {
    const keyring = new Keyring([SECRET], 'session');
    fc.assert(
      fc.property(
        bytes.map((plain) => keyring.seal(plain)).chain((token) => tampered(token)),
        (token) => {
          expect(keyring.open(token)).toBeNull();
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('does not open with any single bit flipped', () => {
    const keyring = new Keyring([SECRET], 'session');
    const sealed = Buffer.from(keyring.seal(Buffer.from('userId=1')).slice(4), 'base64url');
    const opened: number[] = [];
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const flipped = Buffer.from(sealed);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      if (keyring.open(`v1s.${flipped.toString('base64url')}`) !== null) opened.push(bit);
    }
    expect(opened).toEqual([]);
  });

  it('does not open in another encoding of the same bytes', () => {
    const keyring = new Keyring([SECRET], 'session');
    const token = keyring.seal(Buffer.from('userId=1'));
    const body = token.slice(4);
    expect(keyring.open(`v1s.${body}=`)).toBeNull();
    expect(keyring.open(`v1s.${Buffer.from(body, 'base64url').toString('base64')}`)).toBeNull();
    expect(keyring.open(`v1s.${body.slice(0, 8)} ${body.slice(8)}`)).toBeNull();
  });

  it('does not open under a foreign secret or another cookie name', () => {
    fc.assert(
      fc.property(secret, secret, cookieName, cookieName, bytes, (ours, theirs, name, otherName, plain) => {
        fc.pre(ours !== theirs && name !== otherName);
        const token = new Keyring([ours], name).seal(plain);
        expect(new Keyring([theirs], name).open(token)).toBeNull();
        expect(new Keyring([ours], otherName).open(token)).toBeNull();
      }),
    );
  });

  it('does not open if the cookie has another name, path or domain', () => {
    fc.assert(
      fc.property(secret, twoPlaces, bytes, (text, { ownPlace, otherPlace }, plain) => {
        const token = new Keyring([text], ...ownPlace).seal(plain);
        expect(new Keyring([text], ...ownPlace).open(token)).toEqual(plain);
        expect(new Keyring([text], ...otherPlace).open(token)).toBeNull();
      }),
    );
  });

  it('is opened by every secret of the list, and sealed with the first', () => {
    const plain = Buffer.from('userId=1');
    const before = new Keyring([OTHER], 'session');
    const rotated = new Keyring([SECRET, OTHER], 'session');
    const after = new Keyring([SECRET], 'session');
    expect(rotated.open(before.seal(plain))).toEqual(plain);
    expect(after.open(rotated.seal(plain))).toEqual(plain);
    expect(after.open(before.seal(plain))).toBeNull();
    expect(before.open(rotated.seal(plain))).toBeNull();
  });

  it('is not accepted as a signed id, nor a signed id as a sealed token', () => {
    const keyring = new Keyring([SECRET], 'session');
    const sealed = keyring.seal(Buffer.from('an-id'));
    const signed = keyring.sign('an-id');
    expect(keyring.verify(sealed)).toBeNull();
    expect(keyring.open(signed)).toBeNull();
    expect(keyring.verify(sealed.replace('v1s.', 'v1.'))).toBeNull();
    expect(keyring.open(signed.replace('v1.', 'v1s.'))).toBeNull();
  });
});

describe('Renewing a token from another place', () => {
  const here = new Keyring([SECRET], 'session', '/');
  const renamed = new Keyring([SECRET], 'old', '/');
  const moved = new Keyring([OTHER, SECRET], 'session', '/shop');

  it('gives a token of this place with the same content', () => {
    for (const there of [renamed, moved]) {
      const renewed = new Keyring([SECRET, OTHER], 'session').renew(
        there.seal(Buffer.from('content')),
        there,
      );
      expect(new Keyring([SECRET], 'session').open(renewed ?? '')).toEqual(Buffer.from('content'));
    }
    expect(here.verify(here.renew(renamed.sign('an-id'), renamed) ?? '')).toBe('an-id');
  });

  it('gives none if it was not made there', () => {
    for (const stranger of [new Keyring([OTHER], 'old', '/'), here, moved]) {
      expect(here.renew(stranger.seal(Buffer.from('content')), renamed)).toBeNull();
      expect(here.renew(stranger.sign('an-id'), renamed)).toBeNull();
    }
    expect(here.renew('v1.an-id.forged', renamed)).toBeNull();
    expect(here.renew('v1s.forged', renamed)).toBeNull();
  });

  it('gives a token that is not bound to a place unchanged, and only under another name', () => {
    expect(here.renew('token-of-a-driver', renamed)).toBe('token-of-a-driver');
    // Under the same name, it was already tried.
    expect(here.renew('token-of-a-driver', moved)).toBeNull();
    expect(here.renew(moved.sign('an-id'), moved)).toBeNull();
  });
});
