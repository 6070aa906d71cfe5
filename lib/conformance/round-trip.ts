import type { SessionRecord } from '../drivers/driver.js';
import { SessionTooLargeError } from '../session.errors.js';
import type { ConformanceSuite } from './suite.js';
import { freshId, sampleText } from './record-samples.js';

/** 100 KB of UTF-8 that hardly compresses: every 16 bytes differ. */
const largePayload = JSON.stringify(
  Array.from({ length: 6_400 }, (_, index) => `${index}`.padStart(13, 'é')),
).slice(0, 100_000);

/** What records differ in from the sample, whose user, address and agent are null. */
const records: [what: string, differing: Partial<SessionRecord>][] = [
  ['no user, address and agent', {}],
  ['an empty user, address and agent, apart from none', { userId: '', ipAddress: '', userAgent: '' }],
  [
    'a user, an address and an agent',
    {
      lastActivity: 1_700_000_000_123,
      userId: 'user|42',
      ipAddress: '2001:0db8:85a3:0000:0000:8a2e:192.168.100.228',
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64) "quoted" é \\',
    },
  ],
  ['a user of 255 characters', { userId: 'ü'.repeat(255) }],
  ['a user of NULs', { userId: '\0'.repeat(255) }],
  ['a user of line ends', { userId: '\r\n'.repeat(127) }],
  ['a user of quotes and backslashes', { userId: `"'\\`.repeat(85) }],
  ['a user of characters beyond 16 bits', { userId: '😀'.repeat(127) }],
  ['a user agent of 2000 characters', { userAgent: 'A1 '.repeat(666) + 'Zz' }],
  ['a payload of nothing at all', { payload: '' }],
  ['a payload of one byte', { payload: '1' }],
  ['a payload with a space on either side', { payload: ' {} ' }],
  ['a payload that is damaged itself: it is not for a driver to judge', { payload: '{"half a paylo' }],
  ['a payload with letters of many scripts', { payload: '{"grüße":"Ωμέγα, здравствуй, 世界, שלום"}' }],
  ['a payload with characters beyond 16 bits', { payload: '{"face":"😀👩‍👩‍👧","old":"𐍈"}' }],
  ['a payload with control characters', { payload: '{"raw":"\u0000\u0001\u001f\u007f\u0085"}' }],
  ['a payload with a NUL at the end', { payload: 'x\u0000' }],
  ['a payload with every kind of line end', { payload: 'a\nb\r\nc\rd\u2028e\u2029f\n' }],
  [
    'a payload with quotes, backslashes and placeholders',
    { payload: `'; DROP TABLE x; -- "\\'\\" \`\${a}\` %s ? $1 :id \\u0000` },
  ],
  ['a payload with a byte order mark', { payload: '\ufeff{}' }],
  ['a payload with composed and decomposed accents', { payload: '\u00e9 e\u0301' }],
];

/**
 * Tests that a record is read back exactly as it was written, up to `maxPayloadBytes`, and that a larger one is
 * refused.
 */
export function describeRoundTrip({ describe, it, expect }: ConformanceSuite): void {
  describe('round trip', () => {
    for (const [what, differing] of records) {
      it(`reads back exactly what was written: ${what}`, async ({ driver, stored }) => {
        const { id, record } = await stored(differing);
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

    it('keeps any text that is well-formed, as an id, a user and a payload', async ({ driver, sample }) => {
      for (let round = 0; round < 40; round += 1) {
        const id = sampleText(`id ${round}`, round + 1);
        await driver.destroy(id);
        const userId = round % 5 === 0 ? null : sampleText(`user ${round}`, 3 * round);
        const record = sample({ payload: sampleText(`payload ${round}`, 7 * round), userId });
        expect([id, await driver.write(id, record)]).toEqual([id, true]);
        expect([id, await driver.read(id)]).toEqual([id, record]);
        await driver.destroy(id);
        expect([id, await driver.read(id)]).toEqual([id, null]);
      }
    });

    it('reads null where the record cannot be understood, and takes a new one once it is destroyed', async ({
      driver,
      stored,
      made,
    }) => {
      const { id, record } = await stored();
      await made.corrupt?.(id);
      // A store of objects has no bytes to damage.
      expect(await driver.read(id)).toEqual(made.corrupt === undefined ? record : null);
      await driver.destroy(id);
      expect(await driver.write(id, record)).toBe(true);
      expect(await driver.read(id)).toEqual(record);
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
