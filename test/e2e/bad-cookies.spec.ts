import { Controller, Get, Post } from '@nestjs/common';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { Keyring } from '../../lib/crypto/keyring.js';
import { randomId } from '../../lib/crypto/random-id.js';
import { bytesOfRecord } from '../../lib/drivers/stealth/sealed-record.js';
import { type RawResponse, rawRequest } from '../support/raw-http.js';
import { PAIRS, SECRET, TestApp, setCookies } from '../support/test-app.js';

@Controller()
class PagesController {
  @Get('read')
  read(@Session() session: Session) {
    return { values: session.all(), stored: session.stored };
  }

  @Post('write')
  write(@Session() session: Session) {
    return { count: session.increment('count'), id: session.id };
  }
}

const NAME = 'session';
/** No more cookies of the name than this are tried. */
const MOST_CANDIDATES = 8;

/** Tokens as a real application makes them, which open nothing here. */
const keyring = new Keyring([SECRET], NAME);
const strangeTokens: Record<string, () => string> = {
  'an id that no record has': () => keyring.sign(randomId()),
  'an id of a foreign secret': () => new Keyring([`not ${SECRET}`], NAME).sign(randomId()),
  'an id under another cookie name': () => new Keyring([SECRET], 'other').sign(randomId()),
  'an id with a path in it': () => keyring.sign('../../../../etc/passwd'),
  'an id that is a name of every object': () => keyring.sign('__proto__'),
  'an id of other characters': () => keyring.sign(`a b\u0000\u{1f600}\n%`),
  'a long id': () => keyring.sign('x'.repeat(3000)),
  'a sealed session of a foreign secret': () =>
    new Keyring([`not ${SECRET}`], NAME).seal(
      sealedPayload('{"v":1,"n":1,"c":1,"i":"a","d":{"admin":true}}'),
    ),
  'a sealed text that is none of ours': () => keyring.seal(sealedPayload('no JSON')),
  'a sealed payload without a session': () => keyring.seal(sealedPayload('{}')),
  'a sealed payload of a future format': () =>
    keyring.seal(sealedPayload('{"v":2,"n":1,"c":1,"i":"a","d":{"admin":true}}')),
  'a sealed payload without an id': () =>
    keyring.seal(sealedPayload('{"v":1,"n":1,"c":1,"d":{"admin":true}}')),
  'a sealed session that is over': () =>
    keyring.seal(sealedPayload('{"v":1,"n":1,"c":1,"i":"a","d":{"admin":true}}', 1)),
  'sealed bytes too few for a record': () => keyring.seal(Buffer.from('x')),
  'sealed bytes that name more text than there is': () => keyring.seal(Buffer.alloc(22, 0x20)),
};

function sealedPayload(payload: string, expiresAt = Date.now() + 60_000): Buffer {
  return bytesOfRecord({
    payload,
    expiresAt,
    version: 1,
    lastActivity: 1,
    userId: null,
    ipAddress: null,
    userAgent: null,
  });
}

/** Any byte that a header may hold. */
const byte = fc.oneof(
  { arbitrary: fc.integer({ min: 0x20, max: 0x7e }), weight: 8 },
  { arbitrary: fc.integer({ min: 0x80, max: 0xff }), weight: 3 },
  { arbitrary: fc.constant(0x09), weight: 1 },
);
const bytes = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(byte, { maxLength }).map((codes) => String.fromCharCode(...codes));

const token68 = fc.stringMatching(/^[A-Za-z0-9_-]{0,120}$/);

/** What may follow `session=` and is no session. `good` is the token of a real visitor. */
function badValue(good: string): fc.Arbitrary<string> {
  const at = fc.nat({ max: good.length - 1 });
  return fc.oneof(
    bytes(80),
    token68,
    token68.map((text) => `v1.${text}`),
    token68.map((text) => `v1s.${text}`),
    fc.tuple(token68, token68).map(([id, mac]) => `v1.${id}.${mac}`),
    fc.integer({ min: 7000, max: 8100 }).map((length) => 'x'.repeat(length)),
    fc.constantFrom(
      // Node answers these with 400 before the application sees them.
      'a\u0000b',
      '\u007f',
      '',
      '""',
      '"',
      '%',
      '%zz',
      '%00',
      '"v1.a.b"',
      '__proto__',
      'constructor',
      '[object Object]',
      'null',
      'undefined',
      '{}',
      'j:{"a":1}',
      's:abc.def',
      '=',
      '====',
      'v1.',
      'v1s.',
      'v1..',
      ',',
    ),
    fc.constantFrom(...Object.values(strangeTokens)).map((make) => make()),
    at.map((length) => good.slice(0, length)),
    at.map((start) => good.slice(start + 1)),
    at.map((index) => good.slice(0, index) + flipped(good, index) + good.slice(index + 1)),
    at.map(
      (index) => `${good.slice(0, index)}%${good.charCodeAt(index).toString(16)}${good.slice(index + 1)}`,
    ),
    fc.constant(`${good} x`),
    fc.constant(good + good),
    fc.constant(good.toUpperCase()),
  );
}

function flipped(text: string, index: number): string {
  const code = text.charCodeAt(index);
  // One bit, and never one that makes a byte that would end the header or the pair.
  return String.fromCharCode(code ^ (code === 0x3a || code === 0x2d ? 2 : 1));
}

/** Pairs beside those of the session, some of which look like its pieces. */
const strayPair = fc
  .oneof(
    fc.tuple(bytes(10), bytes(30)).map(([name, value]) => `${name}=${value}`),
    bytes(30),
    fc.constantFrom(
      '__proto__=1',
      'constructor=1',
      'session',
      'session=',
      'sessions=1',
      'Session=1',
      'session.=1',
      'session.x=1',
      '=',
      '=session',
      '',
    ),
  )
  .map((pair) => pair.replaceAll(';', ','));

/** Pieces `session.0` to `session.9` in odd combinations: of garbage, and of a good token cut into pieces. */
function pieces(good: string): fc.Arbitrary<string[]> {
  const piece = fc.tuple(
    fc.integer({ min: 0, max: 9 }),
    fc.oneof(
      badValue(good),
      fc.nat({ max: good.length }).map((at) => good.slice(at, at + 20)),
    ),
  );
  return fc
    .array(piece, { maxLength: 10 })
    .map((list) => list.map(([number, value]) => `${NAME}.${number}=${value}`));
}

/**
 * What a Cookie header holds under our name, implemented apart from the library: otherwise a library
 * that takes too much for a session would hide that from these tests as well.
 */
function candidatesIn(header: string): {
  readonly whole: readonly string[];
  readonly joined: readonly string[];
} {
  const pairs = header.split(';').map((pair) => {
    const [name = '', ...rest] = pair.split('=');
    const value = rest.join('=').trim();
    return { name: name.trim(), value: /^"(.*)"$/s.exec(value)?.[1] ?? value };
  });
  const valuesOf = (wanted: string) => pairs.filter(({ name }) => name === wanted).map(({ value }) => value);
  // A repeated number begins the pieces of another place.
  const places: Map<string, string>[] = [];
  for (const { name, value } of pairs.filter((pair) => /^session\.\d$/.test(pair.name))) {
    if (places.at(-1)?.has(name) !== false) places.push(new Map());
    places.at(-1)?.set(name, value);
  }
  const joined = places.map((place) => {
    let token = '';
    for (let number = 0; place.has(`${NAME}.${number}`); number += 1)
      token += place.get(`${NAME}.${number}`) ?? '';
    return token;
  });
  return { whole: valuesOf(NAME), joined };
}

/** Whether the good session travels in it after all: whole, or in pieces that happen to make it whole again. */
function holds(header: string, good: string): boolean {
  const { whole, joined } = candidatesIn(header);
  return whole.includes(good) || joined.includes(good);
}

/** Garbage of all kinds, and never the good session, in one piece or in several. */
function badHeader(good: string): fc.Arbitrary<string[]> {
  const whole = badValue(good).map((value) => `${NAME}=${value}`);
  return (
    fc
      .tuple(fc.array(whole, { maxLength: 4 }), pieces(good), fc.array(strayPair, { maxLength: 4 }))
      .chain(([wholes, parts, strays]) =>
        fc.shuffledSubarray(
          [...wholes, ...parts, ...strays].map((pair) => pair.replaceAll(/[\r\n]/g, '')),
          { minLength: 0 },
        ),
      )
      .filter((pairs) => !holds(pairs.join('; '), good))
      // Servers answer 431 to more than 16 KB, before the application sees the request.
      .filter((pairs) => pairs.join('; ').length < 15_000)
  );
}

/** The good token cut into two to ten pieces, in any order, with garbage around that is none of its pieces. */
function goodInPieces(good: string): fc.Arbitrary<string> {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: good.length - 1 }), { minLength: 1, maxLength: 9 });
  return cuts
    .map((places) => {
      const ends = [...places.toSorted((left, right) => left - right), good.length];
      return ends.map((end, number) => `${NAME}.${number}=${good.slice(ends[number - 1] ?? 0, end)}`);
    })
    .chain((parts) => fc.tuple(fc.shuffledSubarray(parts, { minLength: parts.length }), badHeader(good)))
    .map(([parts, garbage]) => [...parts, ...garbage.filter((pair) => !pair.includes(`${NAME}.`))].join('; '))
    .filter((header) => header.length < 15_000);
}

/** Expects what holds for every response: no server error, and no Set-Cookie header. */
function expectUnmoved(response: RawResponse): void {
  expect([200, 400]).toContain(response.status);
  expect(response.setCookies).toEqual([]);
}

describe.each(PAIRS)('Garbage cookies, on %s', (platform, driver) => {
  describe(`with ${driver}`, () => {
    let app: TestApp;
    /** The token of a visitor whose session must survive everything unharmed. */
    let good = '';

    beforeAll(async () => {
      app = await TestApp.start(platform, { controllers: [PagesController], options: { driver } });
    });
    beforeEach(async () => {
      const [cookie = ''] = setCookies(await app.request.post('/write').expect(201));
      good = cookie.slice(`${NAME}=`.length, cookie.indexOf(';'));
    });
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
    });

    const readGood = async (): Promise<unknown> =>
      (await app.request.get('/read').set('Cookie', `${NAME}=${good}`)).body;

    it('open no session, cause no error, and get no Set-Cookie header', async () => {
      let served = 0;
      await fc.assert(
        fc.asyncProperty(badHeader(good), async (pairs) => {
          const response = await rawRequest(app.url, 'GET', '/read', pairs.join('; '));
          expectUnmoved(response);
          if (response.status === 200) served += 1;
          if (response.status === 200)
            expect(JSON.parse(response.body)).toEqual({ values: {}, stored: false });
        }),
        { numRuns: 200 },
      );
      expect(served).toBeGreaterThan(100);
      expect(await readGood()).toEqual({ values: { count: 1 }, stored: true });
    });

    it('do not hide a valid one among them', async () => {
      await fc.assert(
        fc.asyncProperty(badHeader(good), badHeader(good), async (before, after) => {
          const header = [...before, `${NAME}=${good}`, ...after].join('; ');
          fc.pre(header.length < 15_000);
          fc.pre(candidatesIn(header).whole.indexOf(good) < MOST_CANDIDATES);
          const response = await rawRequest(app.url, 'GET', '/read', header);
          expectUnmoved(response);
          if (response.status === 200) {
            expect(JSON.parse(response.body)).toEqual({ values: { count: 1 }, stored: true });
          }
        }),
        { numRuns: 150 },
      );
    });

    it('do not keep the pieces of a valid one from being joined', async () => {
      await fc.assert(
        fc.asyncProperty(goodInPieces(good), async (header) => {
          const response = await rawRequest(app.url, 'GET', '/read', header);
          expectUnmoved(response);
          if (response.status === 400) return;
          expect(JSON.parse(response.body)).toEqual({ values: { count: 1 }, stored: true });
        }),
        { numRuns: 50 },
      );
    });

    it('lead to a new session, under an id of its own, when something is written', async () => {
      await fc.assert(
        fc.asyncProperty(badHeader(good), async (pairs) => {
          const response = await rawRequest(app.url, 'POST', '/write', pairs.join('; '));
          expect([201, 400]).toContain(response.status);
          if (response.status === 400) return;
          const { count, id }: { count: number; id: string } = JSON.parse(response.body);
          expect(count).toBe(1);
          expect(id).toMatch(/^[\w-]{43}$/);
          const fresh = response.setCookies.filter((cookie) => !cookie.includes('Max-Age=0;'));
          expect(fresh).toHaveLength(1);
          expect(pairs.join('; ')).not.toContain(id);
          // Other cookies of our name are cleared, so that none is mistaken for a piece later.
          const cleared = response.setCookies.filter((cookie) => cookie.includes('Max-Age=0;'));
          expect(cleared.every((cookie) => /^session\.\d=;/.test(cookie))).toBe(true);
        }),
        { numRuns: 100 },
      );
      expect(await readGood()).toEqual({ values: { count: 1 }, stored: true });
    });

    it.each(Object.entries(strangeTokens))('open nothing with %s', async (_what, make) => {
      const token = make();
      const read = await app.request.get('/read').set('Cookie', `${NAME}=${token}`).expect(200);
      expect(read.body).toEqual({ values: {}, stored: false });
      expect(setCookies(read)).toEqual([]);
      const written = await app.request.post('/write').set('Cookie', `${NAME}=${token}`).expect(201);
      expect(written.body.count).toBe(1);
      expect(token).not.toContain(written.body.id);
    });

    it('open nothing with a token of the other kind of driver', async () => {
      const other = driver === 'memory' ? 'stealth' : 'memory';
      await using foreign = await TestApp.start(platform, {
        controllers: [PagesController],
        options: { driver: other },
      });
      const [cookie = ''] = setCookies(await foreign.request.post('/write').expect(201));
      const read = await app.request
        .get('/read')
        .set('Cookie', cookie.slice(0, cookie.indexOf(';')))
        .expect(200);
      expect(read.body).toEqual({ values: {}, stored: false });
      expect(setCookies(read)).toEqual([]);
    });

    it('cause no error even if there are more of them than headers may hold', async () => {
      const many = `${NAME}=x; `.repeat(1300);
      expectUnmoved(await rawRequest(app.url, 'GET', '/read', many));
      expectUnmoved(await rawRequest(app.url, 'GET', '/read', `${NAME}.0=${'x'.repeat(8000)}`));
      const tooMany = await rawRequest(app.url, 'GET', '/read', `${NAME}=${'x'.repeat(20_000)}`);
      expect(tooMany.status).toBe(431);
      expect(await readGood()).toEqual({ values: { count: 1 }, stored: true });
    });
  });
});
