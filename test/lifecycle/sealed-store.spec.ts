import { describe, expect, it } from 'vitest';
import { Keyring } from '../../lib/crypto/keyring.js';
import { systemClock } from '../../lib/drivers/clock.js';
import type { SessionRecord } from '../../lib/drivers/driver.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { sealedStore } from '../../lib/lifecycle/sealed-store.js';
import { CustomDriver } from '../conformance/custom-driver.js';

const [OLD, NEW] = ['the secret of last year, which is long', 'the secret of this year, which is long'];

const record = (payload: string, version = 1): SessionRecord => ({
  payload,
  version,
  expiresAt: Date.now() + 60_000,
  lastActivity: Date.now(),
  userId: 'ann',
  ipAddress: null,
  userAgent: null,
});

describe('a store that sees sealed payloads only', () => {
  const inner = new MemoryDriver({}, systemClock);
  const store = sealedStore(inner, new Keyring([OLD], 'lines'));

  it.each(['', '{"a":1}', 'two\nlines', '\u0000 and \u{1f600}', 'half a letter \ud800'])(
    'gives back what was written, to the letter: %j',
    async (payload) => {
      const id = `id ${payload}`;
      expect(await store.write(id, record(payload))).toBe(true);
      expect((await store.read(id))?.payload).toBe(payload);
      expect((await inner.read(id))?.payload).not.toContain(payload === '' ? '\n' : payload);
    },
  );

  it('leaves the other fields as they are, and finds records by their user', async () => {
    await store.write('of ann', record('{}'));
    expect(await inner.read('of ann')).toMatchObject({ userId: 'ann', version: 1 });
    const page = await store.listByUser?.('ann', null);
    expect(page?.records.find(({ id }) => id === 'of ann')?.payload).toBe('{}');
  });

  it('reads nothing in what was copied to another id, is not sealed, or is sealed by another secret', async () => {
    await store.write('a', record('{"a":1}'));
    const sealed = await inner.read('a');
    if (sealed === null) throw new Error('It was written.');
    await inner.write('b', sealed);
    await inner.write('c', record('{"a":1}'));
    const others = sealedStore(inner, new Keyring([NEW], 'lines'));
    expect((await store.read('b'))?.payload).toBe('');
    expect((await store.read('c'))?.payload).toBe('');
    expect((await others.read('a'))?.payload).toBe('');
  });

  it('reads what was sealed with a secret that is being replaced', async () => {
    await store.write('rotated', record('{"a":1}'));
    const now = sealedStore(inner, new Keyring([NEW, OLD], 'lines'));
    expect((await now.read('rotated'))?.payload).toBe('{"a":1}');
  });

  it('has no more methods than the store that it is before', async () => {
    const plain = sealedStore(new CustomDriver(systemClock), new Keyring([OLD], 'lines'));
    expect('listByUser' in plain || 'destroyVersion' in plain).toBe(false);
    expect(await store.destroyVersion?.('a', 1)).toBe(true);
    expect(await store.read('a')).toBeNull();
  });
});
