import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CookieCodec } from '../../lib/http/cookie/cookie-codec.js';
import { SessionConfigError } from '../../lib/session.errors.js';
import { anyCharacter } from '../support/any-character.js';

const cookie = new CookieCodec({}, 3);

describe('Reading the Cookie header', () => {
  it('finds nothing without a session cookie', () => {
    for (const header of [
      undefined,
      '',
      ' ',
      ';',
      'a=b',
      'a=session',
      'sessions=x',
      'mysession=x',
      'session',
      'session;',
      'Session=x',
      'session.x=1',
      'session.10=x',
      'session-0=x',
      'session.=x',
      // With the prefix `__Host-`, a browser would let a subdomain set these.
      '\tsession=x',
      '\u00a0session=x',
    ]) {
      expect(cookie.read(header), header).toEqual({ tokens: [], names: [] });
    }
  });

  it.each([
    ['session=abc', ['abc']],
    ['a=b; session=abc; c=d', ['abc']],
    ['a=b;session=abc;c=d', ['abc']],
    ['  session=abc  ', ['abc']],
    ['session = abc', ['abc']],
    ['session="abc"', ['abc']],
    ['session="', ['"']],
    ['session=', ['']],
    ['session=a=b==', ['a=b==']],
    ['session=%61', ['%61']],
    ['a="x; session=abc"', ['abc"']],
    ['session=one; session=two', ['one', 'two']],
  ])('finds in %j the tokens %j', (header, tokens) => {
    expect(cookie.read(header).tokens).toEqual(tokens);
    expect(cookie.read(header).names).toEqual(['session']);
  });

  it('joins pieces in the order of their numbers, up to the first missing one', () => {
    expect(cookie.read('session.1=b; session.0=a; session.2=c').tokens).toEqual(['abc']);
    expect(cookie.read('session.0=a; session.2=c').tokens).toEqual(['a']);
    expect(cookie.read('session.1=b; session.2=c').tokens).toEqual([]);
    expect(cookie.read('session.1=b; session.2=c').names).toEqual(['session.1', 'session.2']);
  });

  it('joins the pieces of each place separately, those with the more specific path first', () => {
    expect(cookie.read('session.0=a; session.1=b; session.0=x; session.1=y').tokens).toEqual(['ab', 'xy']);
    expect(cookie.read('session.0=a; session.1=b; session.0=x; session.1=y; session.2=z').tokens).toEqual([
      'ab',
      'xyz',
    ]);
    expect(cookie.read('session.1=b; session.0=a; session.2=c; session.0=x; session=w').tokens).toEqual([
      'w',
      'abc',
      'x',
    ]);
  });

  it('returns a whole token before one in pieces, and the names of all session cookies', () => {
    expect(cookie.read('session.0=a; session=whole; session.1=b')).toEqual({
      tokens: ['whole', 'ab'],
      names: ['session.0', 'session', 'session.1'],
    });
  });

  it('reads at most eight cookies of its name', () => {
    const eight = ['0', '1', '2', '3', '4', '5', '6', '7'];
    const header = Array.from({ length: 100 }, (_, index) => `session=${index}`).join('; ');
    expect(cookie.read(header).tokens).toEqual(eight);
    expect(cookie.read(header.replaceAll('session=', 'session.0=')).tokens).toEqual(eight);
  });

  it('accepts any header without an error, and finds the session among other cookies', () => {
    const pair = fc
      .tuple(fc.string({ unit: anyCharacter }), fc.string({ unit: anyCharacter }))
      .map(([name, value]) => `${name}=${value}`.replaceAll(';', ','));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 6 }), fc.array(pair, { maxLength: 6 }), (before, after) => {
        const { tokens } = cookie.read([...before, 'session=token', ...after].join('; '));
        expect(tokens).toContain('token');
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 200 }), (header) => {
        cookie.read(header);
        cookie.read(`session${header}`);
        cookie.read(`session.0=${header}`);
      }),
    );
  });

  it.each([
    'session;',
    'session=;',
    'session.0=;',
    'session.0=',
    'session=a; ',
    'sessions;',
    '; session',
    '=session;',
  ])('reads each character of the longest header that servers accept at most three times (%j)', (pair) => {
    const header = pair.repeat(16_000 / pair.length);
    // oxlint-disable-next-line typescript/unbound-method -- It is called with its string below.
    const { indexOf } = String.prototype;
    let looked = 0;
    const search = vi.spyOn(String.prototype, 'indexOf').mockImplementation(function indexOfCounted(
      this: string,
      text,
      from = 0,
    ) {
      const at = indexOf.call(this, text, from);
      looked += (at === -1 ? this.length : at) - from;
      return at;
    });
    onTestFinished(() => search.mockRestore());
    cookie.read(header);
    search.mockRestore();
    expect(looked).toBeGreaterThan(0);
    expect(looked).toBeLessThanOrEqual(3 * header.length);
  });
});

describe('Writing Set-Cookie', () => {
  it('sends one cookie with the configured attributes', () => {
    expect(cookie.set('token', 7200, [])).toEqual([
      'session=token; Max-Age=7200; Path=/; HttpOnly; SameSite=Lax',
    ]);
    expect(cookie.set('token', undefined, [])).toEqual(['session=token; Path=/; HttpOnly; SameSite=Lax']);
    const all = new CookieCodec(
      {
        name: 's',
        path: '/a',
        domain: 'example.com',
        httpOnly: false,
        secure: true,
        sameSite: 'none',
        partitioned: true,
        priority: 'high',
      },
      3,
    );
    const [sent = ''] = all.set('token', 1, []);
    expect(sent).toMatch(/^s=token; Max-Age=1; /);
    expect(sent.split('; ').slice(2).toSorted()).toEqual([
      'Domain=example.com',
      'Partitioned',
      'Path=/a',
      'Priority=High',
      'SameSite=None',
      'Secure',
    ]);
  });

  it.each([
    ['lax', 'SameSite=Lax'],
    ['strict', 'SameSite=Strict'],
    [true, 'SameSite=Strict'],
  ] as const)('writes sameSite %s as %s', (sameSite, attribute) => {
    expect(new CookieCodec({ sameSite }, 3).set('t', 1, [])[0]).toContain(attribute);
  });

  it('omits SameSite if it is false', () => {
    expect(new CookieCodec({ sameSite: false }, 3).set('t', 1, [])[0]).not.toContain('SameSite');
  });

  it('sets Secure in production only, unless configured otherwise', () => {
    const before = process.env['NODE_ENV'];
    try {
      process.env['NODE_ENV'] = 'production';
      expect(new CookieCodec({}, 3).secure).toBe(true);
      expect(new CookieCodec({ secure: false }, 3).secure).toBe(false);
      process.env['NODE_ENV'] = 'development';
      expect(new CookieCodec({}, 3).secure).toBe(false);
    } finally {
      if (before === undefined) delete process.env['NODE_ENV'];
      else process.env['NODE_ENV'] = before;
    }
  });

  it.each([
    [{}, 'session'],
    [{ secure: true }, '__Host-session'],
    [{ secure: true, path: '/' }, '__Host-session'],
    [{ secure: true, path: '/shop' }, 'session'],
    [{ secure: true, domain: 'example.com' }, 'session'],
    [{ secure: true, name: 'sid' }, 'sid'],
    [{ secure: true, sameSite: 'none', partitioned: true }, '__Host-session'],
  ] as const)('uses the __Host- prefix by default where it is allowed: %j: %s', (options, name) => {
    const named = new CookieCodec(options, 3);
    expect(named.name).toBe(name);
    expect(named.set('t', 1, [])[0]).toMatch(new RegExp(`^${name}=t;`));
    expect(named.read(`${name}=t`).tokens).toEqual(['t']);
  });

  it('expires stale pieces with a whole token, and a stale whole token with pieces', () => {
    const whole = cookie.set('token', 60, ['session', 'session.0', 'session.1']);
    expect(whole.map(nameOf)).toEqual(['session', 'session.0', 'session.1']);
    expect(whole.map(isExpired)).toEqual([false, true, true]);
    const pieces = cookie.set('x'.repeat(5000), 60, ['session', 'session.1', 'session.2']);
    expect(pieces.map(nameOf)).toEqual(['session.0', 'session.1', 'session', 'session.2']);
    expect(pieces.map(isExpired)).toEqual([false, false, true, true]);
  });

  it('round-trips a token of any length, in cookies of at most 4096 bytes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: cookie.maxTokenLength }),
        fc.integer({ min: 0, max: 9_999_999_999 }),
        (length, maxAge) => {
          const token = Array.from({ length }, (_, index) => String.fromCharCode(97 + (index % 26))).join('');
          const sent = cookie.set(token, maxAge, []);
          expect(sent.length).toBeLessThanOrEqual(3);
          for (const header of sent) expect(Buffer.byteLength(header)).toBeLessThanOrEqual(4096);
          const header = sent.map((each) => each.slice(0, each.indexOf(';'))).join('; ');
          expect(cookie.read(header).tokens).toEqual([token]);
        },
      ),
    );
  });

  it('uses the maximum number of cookies for the longest token', () => {
    for (const maxPieces of [1, 2, 3]) {
      const limited = new CookieCodec({}, maxPieces);
      expect(limited.set('x'.repeat(limited.maxTokenLength), 9_999_999_999, [])).toHaveLength(maxPieces);
    }
  });
});

describe('A cookie whose attributes contradict each other', () => {
  it.each([
    [{ sameSite: 'none', secure: false }, /sameSite 'none' needs secure: true/],
    [{ partitioned: true, secure: false }, /partitioned: true needs secure: true/],
    [{ name: '__Secure-s', secure: false }, /"__Secure-s" needs secure: true/],
    [{ name: '__Host-s', secure: false }, /"__Host-s" needs secure: true/],
    [{ name: '__Host-s', secure: true, path: '/a' }, /path '\/'/],
    [{ name: '__Host-s', secure: true, domain: 'example.com' }, /no domain/],
    [{ name: '__HOST-s', secure: true, domain: 'example.com' }, /no domain/],
    [{ name: '__Http-s', secure: false }, /"__Http-s" needs secure: true and httpOnly: true/],
    [{ name: '__http-s', secure: true, httpOnly: false }, /httpOnly: true/],
    [{ name: '__Host-Http-s', secure: true, httpOnly: false }, /"__Host-Http-s" needs .*httpOnly: true/],
    [{ name: '__Host-Http-s', secure: true, path: '/a' }, /path '\/'/],
    [{ name: '__HOST-HTTP-s', secure: true, domain: 'example.com' }, /no domain/],
    [{ name: 'a b' }, /'cookie\.name' got "a b", which cannot be written as a cookie; it takes letters/],
    [{ name: 'a=b' }, /cannot be written as a cookie/],
    [{ name: 'a;b' }, /cannot be written as a cookie/],
    [{ path: '/;' }, /'cookie\.path' got "\/;", which cannot be written as a cookie; it takes a path/],
    [
      { domain: 'exa mple' },
      /'cookie\.domain' got "exa mple", which cannot be written as a cookie; it takes a host/,
    ],
    [{ domain: 'example.com; Secure' }, /cannot be written as a cookie/],
  ] as const)('is refused at boot: %j', (options, message) => {
    const make = (): CookieCodec => new CookieCodec(options, 3);
    expect(make).toThrow(SessionConfigError);
    expect(make).toThrow(message);
  });

  it('is refused at boot if its name or attributes leave no room for a token', () => {
    for (const options of [
      { name: 'n'.repeat(3600) },
      { name: 'n'.repeat(5000) },
      { path: `/${'p'.repeat(4096)}` },
    ]) {
      expect(() => new CookieCodec(options, 3)).toThrow(
        /^The option 'cookie' got too much: name and attributes take \d+ of the 4096 bytes/,
      );
    }
    const long = new CookieCodec({ name: 'n'.repeat(3500) }, 3);
    const sent = long.set('x'.repeat(1200), 9_999_999_999, []);
    expect(sent).toHaveLength(3);
    for (const header of sent) expect(Buffer.byteLength(header)).toBeLessThanOrEqual(4096);
  });

  it.each([
    { name: '__Host-s', secure: true },
    { name: '__Host-s', secure: true, httpOnly: false },
    { name: '__Secure-s', secure: true, path: '/a', domain: 'example.com', httpOnly: false },
    { name: '__Http-s', secure: true, path: '/a', domain: 'example.com' },
    { name: '__Host-Http-s', secure: true },
    { name: '__Httpd-s', secure: false, httpOnly: false },
    { sameSite: 'none', secure: true, partitioned: true },
  ] as const)('is accepted if they agree: %j', (options) => {
    expect(new CookieCodec(options, 3).set('t', 1, [])).toHaveLength(1);
  });
});

const nameOf = (header: string): string => header.slice(0, header.indexOf('='));

const isExpired = (header: string): boolean =>
  header.includes('; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT');
