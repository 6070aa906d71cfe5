import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Secrets } from '../../lib/crypto/hmac.js';
import { Keyring } from '../../lib/crypto/keyring.js';
import { StealthDriver } from '../../lib/drivers/stealth/stealth.driver.js';
import type { CookieAttributes } from '../../lib/options/cookie.options.js';
import { CookieCodec } from '../../lib/http/cookie/cookie-codec.js';
import { Lifetimes } from '../../lib/lifecycle/lifetimes.js';
import { WatchedSessions } from '../../lib/lifecycle/watching/watched-sessions.js';
import { RecentFates } from '../../lib/lifecycle/recent-fates.js';
import { SealedBackend } from '../../lib/lifecycle/sealed/sealed-backend.js';
import { VISITOR } from '../../lib/lifecycle/caller.js';
import { SessionLifecycle } from '../../lib/lifecycle/session-lifecycle.js';
import { ConsistencyErrors } from '../../lib/lifecycle/consistency-errors.js';
import { TokenLimit } from '../../lib/lifecycle/sealed/token-limit.js';
import { SessionTooLargeError } from '../../lib/session.errors.js';
import { StoppedClock } from '../conformance/stopped-clock.js';
import { LIFETIMES } from '../parallel/support/world.js';
import { BrowserJar } from './browser-jar.js';

const SECRET = 'the first secret, which is long enough';

/** An application with sealed sessions, without HTTP. */
class SealedWorld {
  readonly clock = new StoppedClock();
  readonly log: string[] = [];
  readonly cookie: CookieCodec;
  readonly #keyring: Keyring;

  constructor(options: CookieAttributes = {}, maxPieces = 3, secrets: Secrets = [SECRET]) {
    this.cookie = new CookieCodec(options, maxPieces);
    this.#keyring = new Keyring(secrets, this.cookie.name);
  }

  /** One request: opens what the jar sends, changes and commits the session, and returns the cookies to the jar. */
  async request(
    jar: BrowserJar,
    handle: (life: SessionLifecycle) => void = () => undefined,
  ): Promise<string[]> {
    const note = (message: string): void => void this.log.push(message);
    const live = new WatchedSessions(this.clock, false);
    const runtime = {
      clock: this.clock,
      driver: 'test',
      keyring: this.#keyring,
      serializer: JSON,
      log: { warn: note, error: note },
      faults: new ConsistencyErrors({ warn: note, error: note }, this.clock),
      lifetimes: new Lifetimes(this.clock, LIFETIMES),
      watched: live,
      fates: new RecentFates(this.clock, live),
      degrade: false,
      userKey: 'userId',
      tokenLimit: new TokenLimit(this.cookie.maxTokenLength, JSON, null),
    };
    const driver = new StealthDriver(this.#keyring, this.clock);
    const backend = new SealedBackend(runtime, driver);
    const life = new SessionLifecycle(backend, VISITOR);
    const { tokens, names } = this.cookie.read(jar.header);
    for (const token of tokens) if (life.session.base === null) await life.loads.byToken(token);
    handle(life);
    await life.commit();
    const instruction = life.cookieInstruction(names.length > 0);
    const headers =
      instruction.kind === 'set'
        ? this.cookie.set(instruction.token, instruction.maxAge, names)
        : instruction.kind === 'expire'
          ? this.cookie.expire(names)
          : [];
    jar.take(headers);
    return headers;
  }

  async valuesIn(jar: BrowserJar): Promise<Record<string, unknown>> {
    let values: Record<string, unknown> = {};
    await this.request(jar, (life) => (values = life.state.values));
    return values;
  }
}

const key = fc
  .string({ minLength: 1, maxLength: 20 })
  .filter((name) => !/__proto__|prototype|constructor|\./.test(name));
const values = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 });

/** The value as JSON stores it: -0 is 0. */
const stored = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('A session sealed into cookies', () => {
  it('round-trips any values, flash messages, id, beginning and lifetime', async () => {
    await fc.assert(
      fc.asyncProperty(
        values,
        values,
        fc.option(fc.integer({ min: 1000, max: 1e12 })),
        async (data, flash, duration) => {
          fc.pre(Object.keys(data).length > 0);
          const world = new SealedWorld();
          const jar = new BrowserJar();
          let id = '';
          await world.request(jar, (life) => {
            for (const [name, value] of Object.entries(data)) life.state.put(name, value);
            for (const [name, value] of Object.entries(flash)) life.state.flash.flash(name, value);
            if (duration !== null) life.state.facts.duration = duration;
            id = life.session.id;
          });
          const began = world.clock.now();
          world.clock.advance(500);
          await world.request(jar, (life) => {
            expect(life.state.values).toEqual(stored(data));
            expect(life.state.flash.previous).toEqual(stored(flash));
            expect({ id: life.session.id, createdAt: life.state.facts.createdAt }).toEqual({
              id,
              createdAt: began,
            });
            expect(life.session.duration).toBe(duration ?? 7_200_000);
          });
        },
      ),
    );
  });

  it('still opens after a forged copy of it was refused', async () => {
    const world = new SealedWorld();
    const jar = new BrowserJar();
    await world.request(jar, (life) => life.state.put('a', 1));
    const forged = new BrowserJar();
    const token = (jar.header ?? '').slice('session='.length);
    const other = token.at(-5) === 'A' ? 'B' : 'A';
    forged.take([`session=${token.slice(0, -5)}${other}${token.slice(-4)}; Path=/`]);
    expect(await world.valuesIn(forged)).toEqual({});
    expect(await world.valuesIn(jar)).toEqual({ a: 1 });
  });

  it('ends exactly when its lifetime is over', async () => {
    const world = new SealedWorld();
    const jar = new BrowserJar();
    await world.request(jar, (life) => life.state.put('a', 1));
    const copy = new BrowserJar();
    copy.take([`${jar.header}; Path=/`]);
    world.clock.advance(7_200_000 - 1);
    expect(await world.valuesIn(jar)).toEqual({ a: 1 });
    world.clock.advance(1);
    expect(await world.valuesIn(copy)).toEqual({});
    expect(await world.valuesIn(jar)).toEqual({ a: 1 });
  });

  it('moves to the new secret on the first write after a rotation', async () => {
    const next = 'the next secret, which is long enough, too';
    const jar = new BrowserJar();
    await new SealedWorld({}, 3, [SECRET]).request(jar, (life) => life.state.put('a', 1));
    const rotating = new SealedWorld({}, 3, [next, SECRET]);
    expect(await rotating.valuesIn(jar)).toEqual({ a: 1 });
    await rotating.request(jar, (life) => life.state.put('b', 2));
    expect(await new SealedWorld({}, 3, [next]).valuesIn(jar)).toEqual({ a: 1, b: 2 });
  });

  it('does not open under another cookie name or secret', async () => {
    const jar = new BrowserJar();
    await new SealedWorld().request(jar, (life) => life.state.put('a', 1));
    const renamed = new BrowserJar();
    renamed.take([`${jar.header?.replace('session=', 'other=')}; Path=/`]);
    expect(await new SealedWorld({ name: 'other' }).valuesIn(renamed)).toEqual({});
    expect(await new SealedWorld({}, 3, [`not ${SECRET}`]).valuesIn(jar)).toEqual({});
  });
});

describe('A session too long for one cookie', () => {
  /** Text that takes a known number of characters in the payload. */
  const filler = (length: number): string => 'x'.repeat(length);

  const attributes = fc.record(
    {
      name: fc.stringMatching(/^[A-Za-z0-9_-]{1,200}$/),
      path: fc.stringMatching(/^\/[a-z]{0,100}$/),
      domain: fc.constantFrom('example.com', `${'a'.repeat(60)}.${'b'.repeat(60)}.example.com`),
      secure: fc.constant(true),
      httpOnly: fc.boolean(),
      sameSite: fc.constantFrom(...(['lax', 'strict', 'none', true, false] as const)),
      partitioned: fc.boolean(),
      priority: fc.constantFrom(...(['low', 'medium', 'high'] as const)),
    },
    { requiredKeys: ['secure'] },
  );

  it('is split into cookies that browsers accept, and round-trips, whatever the attributes', async () => {
    await fc.assert(
      fc.asyncProperty(
        attributes.filter(({ name = '' }) => !/^__(host|secure)-/i.test(name)),
        fc.integer({ min: 1, max: 6000 }),
        fc.constantFrom(1, 7_200_000, 3_153_600_000_000),
        async (options, length, duration) => {
          const world = new SealedWorld(options);
          const jar = new BrowserJar();
          const sent = await world.request(jar, (life) => {
            life.state.put('text', filler(length));
            life.state.facts.duration = duration;
          });
          expect(sent.every((header) => Buffer.byteLength(header) <= 4096)).toBe(true);
          expect(await world.valuesIn(jar)).toEqual({ text: filler(length) });
        },
      ),
    );
  });

  it('fills each cookie before it takes another, and takes all that are allowed before it fails', async () => {
    const world = new SealedWorld({ name: 'n', secure: true }, 3);
    const sizes = new Map<number, number>();
    let limit = 0;
    for (let length = 2800; length < 10_000; length += 1) {
      const jar = new BrowserJar();
      try {
        const sent = await world.request(jar, (life) => life.state.put('text', filler(length)));
        sizes.set(
          sent.length,
          Math.max(sizes.get(sent.length) ?? 0, ...sent.map((each) => Buffer.byteLength(each))),
        );
      } catch (error) {
        expect(error).toBeInstanceOf(SessionTooLargeError);
        limit = length;
        break;
      }
    }
    expect([...sizes.keys()]).toEqual([1, 2, 3]);
    // Room is reserved for ten digits of `Max-Age`, of which four are used here.
    for (const size of sizes.values()) expect(size).toBeGreaterThan(4096 - 10);
    expect(limit).toBeGreaterThan(8500);
  });

  it('takes no more cookies than the option allows', async () => {
    const world = new SealedWorld({}, 1);
    const jar = new BrowserJar();
    await world.request(jar, (life) => life.state.put('text', filler(2800)));
    expect(jar.names).toEqual(['session']);
    await expect(world.request(jar, (life) => life.state.put('text', filler(3100)))).rejects.toThrow(
      SessionTooLargeError,
    );
    expect(await world.valuesIn(jar)).toEqual({ text: filler(2800) });
  });

  it('is refused beyond the limit, with both sizes and the largest keys, but not their content', async () => {
    const world = new SealedWorld();
    const jar = new BrowserJar();
    await world.request(jar, (life) => life.state.put('kept', true));
    const failure: unknown = await world
      .request(jar, (life) => {
        life.state.put('small', 'secret-s');
        life.state.put('large', `secret-l${filler(20_000)}`);
        life.state.put('medium', `secret-m${filler(3000)}`);
        life.state.put('little', 'x');
      })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SessionTooLargeError);
    expect(failure).toMatchObject({ statusCode: 503 });
    const { message } = failure as Error;
    expect(message).toMatch(/takes 3\d{4} bytes as cookies, and 1\d{4} are allowed/);
    expect(message).toMatch(/largest keys: large \(20010 bytes\), medium \(3010 bytes\), small \(10 bytes\)/);
    expect(message).not.toContain('secret');
    expect(message).not.toContain('xxx');
    expect(await world.valuesIn(jar)).toEqual({ kept: true });
  });

  it('leaves no obsolete piece behind', async () => {
    const world = new SealedWorld();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 8500 }), { minLength: 2, maxLength: 6 }),
        async (lengths) => {
          const jar = new BrowserJar();
          for (const length of lengths) {
            const sent = await world.request(jar, (life) => life.state.put('text', filler(length)));
            const set = sent.filter((header) => !header.includes('Max-Age=0;'));
            expect(jar.names.toSorted()).toEqual(
              set.map((header) => header.slice(0, header.indexOf('='))).toSorted(),
            );
            expect(await world.valuesIn(jar)).toEqual({ text: filler(length) });
          }
          await world.request(jar, (life) => void life.destroy());
          expect(jar.names).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('expires pieces with exactly the attributes that they were set with', async () => {
    const world = new SealedWorld({
      domain: 'example.com',
      path: '/shop',
      secure: true,
      sameSite: 'none',
      partitioned: true,
    });
    const jar = new BrowserJar();
    const sent = await world.request(jar, (life) => life.state.put('text', filler(8000)));
    expect(sent).toHaveLength(3);
    const gone = await world.request(jar, (life) => void life.destroy());
    const attributesOf = (header: string): string[] =>
      header
        .split('; ')
        .slice(1)
        .filter((each) => !/^(Max-Age|Expires)=/.test(each));
    expect(gone.map((header) => header.slice(0, header.indexOf(';')))).toEqual([
      'session.0=',
      'session.1=',
      'session.2=',
    ]);
    expect(gone.map(attributesOf)).toEqual(sent.map(attributesOf));
    expect(attributesOf(gone[0] ?? '').toSorted()).toEqual(
      ['Domain=example.com', 'HttpOnly', 'Partitioned', 'Path=/shop', 'SameSite=None', 'Secure'].toSorted(),
    );
  });

  it('is lost as a whole when any piece is missing, changed or in another place', async () => {
    const world = new SealedWorld();
    const jar = new BrowserJar();
    await world.request(jar, (life) => life.state.put('text', filler(8000)));
    const pieces = (jar.header ?? '').split('; ');
    expect(pieces).toHaveLength(3);
    const [first = '', second = '', third = ''] = pieces;
    const swapped = [first, second.replace('.1=', '.2='), third.replace('.2=', '.1=')];
    const changed = [first, second.slice(0, -1) + (second.endsWith('A') ? 'B' : 'A'), third];
    for (const broken of [[first, second], [first, third], [second, third], [first], swapped, changed]) {
      const other = new BrowserJar();
      other.take(broken.map((pair) => `${pair}; Path=/`));
      expect(await world.valuesIn(other)).toEqual({});
    }
    expect(world.log).toEqual([]);
  });
});
