import { SessionTooLargeError } from '../session.errors.js';
import type { ConformanceSuite } from './suite.js';
import { freshId, RandomText } from './record-samples.js';

/** 100 KB of UTF-8 that hardly compresses: every 16 bytes differ. */
const largePayload = JSON.stringify(
  Array.from({ length: 6_400 }, (_, index) => `${index}`.padStart(13, 'é')),
).slice(0, 100_000);

const payloads: [what: string, payload: string][] = [
  ['nothing at all', ''],
  ['one byte', '1'],
  ['a space on either side', ' {} '],
  ['letters of many scripts', '{"grüße":"Ωμέγα, здравствуй, 世界, שלום"}'],
  ['characters beyond 16 bits', '{"face":"😀👩‍👩‍👧","old":"𐍈"}'],
  ['NUL and other control characters', '{"raw":"\u0000\u0001\u001f\u007f\u0085"}'],
  ['a NUL at the end', 'x\u0000'],
  ['every kind of line end', 'a\nb\r\nc\rd\u2028e\u2029f\n'],
  ['quotes, backslashes and placeholders', `'; DROP TABLE x; -- "\\'\\" \`\${a}\` %s ? $1 :id \\u0000`],
  ['a byte order mark', '\ufeff{}'],
  ['composed and decomposed accents', '\u00e9 e\u0301'],
];

const users: [what: string, userId: string][] = [
  ['NULs', '\0'.repeat(255)],
  ['line ends', '\r\n'.repeat(127)],
  ['quotes and backslashes', `"'\\`.repeat(85)],
  ['characters beyond 16 bits', '😀'.repeat(127)],
];

/**
 * Tests that a record is read back exactly as it was written, up to `maxPayloadBytes`, and that a larger one is
 * refused.
 */
export function describeRoundTrip({ describe, it, expect }: ConformanceSuite): void {
  describe('round trip', () => {
    it('reads null where nothing was ever written', async ({ driver }) => {
      expect(await driver.read(freshId())).toBe(null);
    });

    it('reads a record back as it was written, with user, address and agent', async ({
      driver,
      clock,
      stored,
    }) => {
      const { id, record } = await stored({
        lastActivity: clock.now() - 1,
        userId: 'user|42',
        ipAddress: '2001:0db8:85a3:0000:0000:8a2e:192.168.100.228',
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64) "quoted" é \\',
      });
      expect(await driver.read(id)).toEqual(record);
    });

    it('reads a record back as it was written, without user, address and agent', async ({
      driver,
      stored,
    }) => {
      const { id, record } = await stored();
      expect(await driver.read(id)).toEqual(record);
    });

    it('keeps an empty user, address and agent apart from none', async ({ driver, stored }) => {
      const { id, record } = await stored({ userId: '', ipAddress: '', userAgent: '' });
      expect(await driver.read(id)).toEqual(record);
    });

    it('keeps a user of 255 characters and a user agent of 2000', async ({ driver, stored }) => {
      const { id, record } = await stored({
        userId: 'ü'.repeat(255),
        userAgent: 'A1 '.repeat(666) + 'Zz',
      });
      expect(await driver.read(id)).toEqual(record);
    });

    for (const [what, userId] of users) {
      it(`keeps a user of 255 characters, whatever they are: ${what}`, async ({ driver, stored }) => {
        const { id, record } = await stored({ userId });
        expect(await driver.read(id)).toEqual(record);
      });
    }

    it('replaces every field with the next version', async ({ driver, sample, stored }) => {
      const { id } = await stored({ userId: 'u1', ipAddress: '127.0.0.1', userAgent: 'a' });
      const next = sample({ payload: 'other', version: 2, userAgent: 'b' });
      next.expiresAt += 12_345;
      next.lastActivity += 7;
      expect(await driver.write(id, next)).toBe(true);
      expect(await driver.read(id)).toEqual(next);
    });

    for (const [what, payload] of payloads) {
      it(`keeps a payload to the letter: ${what}`, async ({ driver, stored }) => {
        const { id } = await stored({ payload });
        expect((await driver.read(id))?.payload).toBe(payload);
      });
    }

    it('keeps a payload of 100 KB, or of the most that the store takes', async ({ driver, sample, made }) => {
      const { maxPayloadBytes = Number.POSITIVE_INFINITY } = made;
      const id = freshId();
      const payload =
        Buffer.byteLength(largePayload) <= maxPayloadBytes ? largePayload : 'x'.repeat(maxPayloadBytes);
      await driver.write(id, sample({ payload }));
      expect((await driver.read(id))?.payload === payload).toBe(true);
    });

    it('refuses a payload that is too large for the store, and keeps what it had', async ({
      driver,
      sample,
      stored,
      made: { maxPayloadBytes },
    }) => {
      const { id, record: kept } = await stored();
      const tooLarge = sample({
        version: 2,
        payload: 'x'.repeat(2 * (maxPayloadBytes ?? 0)),
      });
      const outcome: unknown = await driver.write(id, tooLarge).catch((error: unknown) => error);
      const limited = maxPayloadBytes !== undefined;
      expect(outcome instanceof SessionTooLargeError ? 'refused' : outcome).toBe(limited ? 'refused' : true);
      expect(await driver.read(id)).toEqual(limited ? kept : tooLarge);
    });

    it('keeps any text that is well-formed', async ({ driver, sample }) => {
      const texts = new RandomText(2);
      for (let round = 0; round < 40; round += 1) {
        const id = freshId();
        const userId = round % 5 === 0 ? null : texts.next(0, 127);
        const record = sample({ payload: texts.next(0, 300), userId });
        expect(await driver.write(id, record)).toBe(true);
        expect(await driver.read(id)).toEqual(record);
      }
    });
  });
}

/** Tests that a driver and its caller share no object: neither sees what the other does to a record later. */
export function describeCopies({ describe, it, expect }: ConformanceSuite): void {
  describe('copies', () => {
    it('does not see what happens to a record after it was written', async ({ driver, sample }) => {
      const id = freshId();
      const record = sample();
      const asWritten = { ...record };
      const writing = driver.write(id, record);
      record.payload = 'changed while writing';
      await writing;
      record.version = 7;
      record.userId = 'changed afterwards';
      expect(await driver.read(id)).toEqual(asWritten);
    });

    it('does not see what happens to a record that it gave away', async ({ driver, stored }) => {
      const { id, record } = await stored();
      const given = await driver.read(id);
      expect(given === null).toBe(false);
      Object.assign(given ?? {}, { payload: 'changed', version: 9, expiresAt: 0, userId: 'x' });
      expect(await driver.read(id)).toEqual(record);
    });

    it('does not change what it gave away when the record changes', async ({ driver, stored }) => {
      const { id, record } = await stored();
      const given = await driver.read(id);
      await driver.write(id, { ...record, version: 2, payload: 'second' });
      await driver.touch(id, record.expiresAt + 1_000);
      expect(given).toEqual(record);
    });

    it('takes a frozen record', async ({ driver, sample }) => {
      const id = freshId();
      const record = Object.freeze(sample());
      expect(await driver.write(id, record)).toBe(true);
      expect(await driver.touch(id, record.expiresAt + 1_000)).toBe(true);
    });
  });
}
