import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Secrets } from '../../lib/crypto/hmac.js';
import { TextSealer } from '../../lib/crypto/text-sealer.js';
import type { SessionRecord } from '../../lib/drivers/driver.js';
import { encryptedStore, isOutdated } from '../../lib/drivers/encrypted-store.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { SECRET } from '../support/test-app.js';

const OTHER = 'another secret for tests, as long as it has to be';
const PAYLOAD = '{"v":1,"n":1,"c":1,"d":{"iban":"DE02 1203 0000"}}';

const record = (payload = PAYLOAD): SessionRecord => ({
  payload,
  expiresAt: Date.now() + 3_600_000,
  version: 1,
  lastActivity: 1,
  userId: 'ann',
  ipAddress: '::1',
  userAgent: 'a browser',
});

/** A store, as applications with given secrets see it, and as it looks to somebody who reads it directly. */
function world() {
  const memory = new MemoryDriver();
  const old: number[] = [];
  const application = (secrets: Secrets, seals = true) =>
    encryptedStore(memory, {
      sealer: new TextSealer(secrets, 'payloads of records'),
      seals,
      opensPlain: true,
      onOldSecret: (position) => void old.push(position),
    });
  const rawly = async (id: string): Promise<SessionRecord> => (await memory.read(id)) ?? expect.unreachable();
  /** The same for a store that has never held plain payloads. */
  const ledger = (secrets: Secrets) =>
    encryptedStore(memory, {
      sealer: new TextSealer(secrets, 'lines of a ledger'),
      seals: true,
      opensPlain: false,
    });
  return { memory, application, ledger, rawly, old };
}

describe('a store with encrypted payloads', () => {
  it('encrypts the payload and leaves all other fields as they are', async () => {
    const { application, rawly } = world();
    const written = record();
    await application([SECRET]).write('an id', written);
    const { payload, ...rest } = await rawly('an id');
    expect(payload).toMatch(/^v1e\.[\w-]+$/);
    expect(Buffer.from(payload.slice(4), 'base64url').includes('iban')).toBe(false);
    expect({ payload: PAYLOAD, ...rest }).toEqual(written);
    expect(await application([SECRET]).read('an id')).toEqual(written);
  });

  it('encrypts the same payload differently each time', async () => {
    const { application, rawly } = world();
    for (const id of ['one', 'two']) await application([SECRET]).write(id, record());
    expect((await rawly('one')).payload).not.toBe((await rawly('two')).payload);
  });

  it('returns any text unchanged, including lone surrogates', async () => {
    const store = world().application([SECRET]);
    const lonely = fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), lonely), fc.oneof(fc.uuid(), lonely), async (payload, name) => {
        const id = `${name}${(count += 1)}`;
        await store.write(id, record(payload));
        expect((await store.read(id))?.payload).toBe(payload);
      }),
    );
  });

  it('does not decrypt a payload under another id, whether it was decrypted before or not', async () => {
    const { memory, application, rawly } = world();
    const store = application([SECRET]);
    await store.write('rich', record());
    await memory.write('poor', await rawly('rich'));
    for (const read of [application([SECRET]), store]) {
      await read.read('rich');
      expect((await read.read('poor'))?.payload).toBe((await rawly('rich')).payload);
    }
  });

  it('does not decrypt a payload that was tampered with, or encrypted with a secret it does not have', async () => {
    const { memory, application, rawly } = world();
    await application([SECRET]).write('id', record());
    const { payload, ...rest } = await rawly('id');
    const { length } = payload;
    const store = application([SECRET]);
    for (let place = 4; place < length; place += 7) {
      const changed = `${payload.slice(0, place)}${payload[place] === 'A' ? 'B' : 'A'}${payload.slice(place + 1)}`;
      await memory.destroy('id');
      await memory.write('id', { ...rest, payload: changed });
      expect((await store.read('id'))?.payload).toBe(changed);
    }
    await memory.destroy('id');
    await memory.write('id', { ...rest, payload });
    expect((await application([OTHER]).read('id'))?.payload).toBe(payload);
  });

  it('decrypts with an old secret, reports which one, and encrypts with the first', async () => {
    const { application, old } = world();
    await application([OTHER]).write('id', record());
    const rotated = application([SECRET, OTHER]);
    const read = (await rotated.read('id')) ?? expect.unreachable();
    expect([read.payload, isOutdated(read), old]).toEqual([PAYLOAD, true, [1]]);
    await rotated.write('id', { ...read, version: 2 });
    const newest = (await application([SECRET]).read('id')) ?? expect.unreachable();
    expect([newest.payload, isOutdated(newest), old]).toEqual([PAYLOAD, false, [1]]);
  });

  it('reads plain payloads once encryption is on, and encrypted ones once it is off', async () => {
    const { application, rawly } = world();
    const [on, off] = [application([SECRET]), application([SECRET], false)];
    await off.write('plain', record());
    await on.write('sealed', record());
    expect((await rawly('plain')).payload).toBe(PAYLOAD);
    const outdated: boolean[] = [];
    for (const [store, id] of [
      [on, 'plain'],
      [off, 'sealed'],
      [on, 'sealed'],
      [off, 'plain'],
    ] as const) {
      const read = (await store.read(id)) ?? expect.unreachable();
      expect(read).toEqual({ ...(await rawly(id)), payload: PAYLOAD });
      outdated.push(isOutdated(read));
    }
    expect(outdated).toEqual([true, true, false, false]);
  });

  it('rejects plain payloads where none was ever plain, and payloads encrypted for another purpose', async () => {
    const { memory, application, ledger } = world();
    await memory.write('plain', record());
    await application([SECRET]).write('sealed', record());
    await ledger([SECRET]).write('line', record());
    const lines = ledger([SECRET]);
    expect((await lines.read('plain'))?.payload).toBe('');
    expect((await lines.read('sealed'))?.payload).toMatch(/^v1e\./);
    expect((await lines.read('line'))?.payload).toBe(PAYLOAD);
    const listed = (await lines.listByUser?.('ann', null))?.records.map(({ payload }) => payload) ?? [];
    expect(listed.filter((payload) => payload === PAYLOAD)).toHaveLength(1);
    expect((await application([SECRET]).read('line'))?.payload).toMatch(/^v1e\./);
  });

  it('lists a user’s records decrypted', async () => {
    const { application } = world();
    const store = application([SECRET]);
    await store.write('id', record());
    expect((await store.listByUser?.('ann', null))?.records).toEqual([
      { ...record(), id: 'id', expiresAt: expect.any(Number) },
    ]);
  });

  it('has only the methods of the store below', () => {
    const memory = new MemoryDriver();
    const few = {
      read: (id: string) => memory.read(id),
      write: (id: string, written: SessionRecord) => memory.write(id, written),
      touch: (id: string, expiresAt: number) => memory.touch(id, expiresAt),
      destroy: (id: string) => memory.destroy(id),
    };
    const sealer = new TextSealer([SECRET], 'payloads of records');
    const least = encryptedStore(few, { sealer, seals: true, opensPlain: true });
    expect(Object.keys(least).toSorted()).toEqual(['destroy', 'read', 'touch', 'write']);
  });
});
