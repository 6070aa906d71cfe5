import { randomUUID } from 'node:crypto';
import { MemcacheClient } from 'memcache-client';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { MemcachedClient } from '../../../lib/options/memcached.options.js';
import { SessionTooLargeError } from '../../../lib/session.errors.js';
import { describeWith, startMemcached, type TestServer } from '../../servers/index.js';
import { openDriver, sampleRecord } from './memcached-fixture.js';

const dayMs = 86_400_000;

/** Forwards everything to a client and records the commands. */
function countingClient(client: MemcacheClient): MemcachedClient & { readonly commands: string[] } {
  const commands: string[] = [];
  return {
    commands,
    gets: (key) => (commands.push('gets'), client.gets(key)),
    add: (key, value, options) => (commands.push('add'), client.add(key, value, options)),
    cas: (key, value, options) => (commands.push('cas'), client.cas(key, value, options)),
    delete: (key) => (commands.push('delete'), client.delete(key)),
  };
}

describeWith(['memcached'], 'the memcached driver', () => {
  let server: TestServer;
  let client: MemcacheClient;

  beforeAll(async () => {
    server = await startMemcached();
    client = new MemcacheClient({ server: `${server.host}:${server.port}`, lifetime: 600 });
  });
  afterAll(async () => {
    client.shutdown();
    await server.stop();
  });

  it('makes one round trip for each read, write and destroy', async () => {
    const counting = countingClient(client);
    const driver = await openDriver({ client: counting, prefix: randomUUID() });
    await driver.write('id', sampleRecord());
    await driver.read('id');
    await driver.write('id', sampleRecord({ version: 2 }));
    await driver.destroy('id');
    expect(counting.commands).toEqual(['add', 'gets', 'cas', 'delete']);
  });

  it('stores a write whose version was touched after it was read', async () => {
    const prefix = randomUUID();
    const counting = countingClient(client);
    const [writer, toucher] = [
      await openDriver({ client: counting, prefix }),
      await openDriver({ client, prefix }),
    ];
    const record = sampleRecord();
    await writer.write('id', record);
    await writer.read('id');
    expect(await toucher.touch('id', record.expiresAt + 5_000)).toBe(true);
    const next = { ...record, version: 2, payload: 'written' };
    expect(await writer.write('id', next)).toBe(true);
    expect(counting.commands).toEqual(['add', 'gets', 'cas', 'gets', 'cas']);
    expect(await toucher.read('id')).toEqual(next);
  });

  it('does not undo a write between the two steps of a touch', async () => {
    const prefix = randomUUID();
    const writer = await openDriver({ client, prefix });
    const record = sampleRecord();
    const next = { ...record, version: 2, payload: 'written in between' };
    let interrupted = false;
    const interruptedClient: MemcachedClient = {
      ...countingClient(client),
      gets: async (key) => {
        const item = await client.gets(key);
        if (!interrupted) await writer.write('id', next);
        interrupted = true;
        return item;
      },
    };
    const toucher = await openDriver({ client: interruptedClient, prefix });
    await writer.write('id', record);
    expect(await toucher.touch('id', record.expiresAt + 5_000)).toBe(true);
    expect(await writer.read('id')).toEqual({ ...next, expiresAt: record.expiresAt + 5_000 });
  });

  it('lets one of fifty parallel writes win and fifty parallel touches all succeed', async () => {
    const prefix = randomUUID();
    const driver = await openDriver({ servers: server.url, prefix });
    const record = sampleRecord();
    await driver.write('id', record);
    const writes = Array.from({ length: 50 }, (_, index) =>
      driver.write('id', { ...record, version: 2, payload: `${index}` }),
    );
    const touches = Array.from({ length: 50 }, (_, index) => driver.touch('id', record.expiresAt + index));
    const stored = await Promise.all(writes);
    expect(stored.filter(Boolean)).toHaveLength(1);
    expect(await Promise.all(touches)).not.toContain(false);
    expect(await driver.read('id')).toMatchObject({ version: 2, payload: String(stored.indexOf(true)) });
  });

  it.each([
    ['29 days', 29 * dayMs],
    ['31 days', 31 * dayMs],
    ['ten years', 3_653 * dayMs],
    ['a hundred years', 36_525 * dayMs],
  ])('keeps a record for %s, written or touched', async (_what, lifetimeMs) => {
    const driver = await openDriver({ client, prefix: randomUUID() });
    const long = sampleRecord({ expiresAt: Date.now() + lifetimeMs });
    await driver.write('written', long);
    await driver.write('touched', sampleRecord());
    expect(await driver.touch('touched', long.expiresAt)).toBe(true);
    expect(await driver.read('written')).toEqual(long);
    expect(await driver.read('touched')).toMatchObject({ expiresAt: long.expiresAt });
  });

  it('refuses a record that is too large, names both sizes, and keeps the old record', async () => {
    const driver = await openDriver({ client, prefix: randomUUID() });
    const record = sampleRecord();
    await driver.write('id', record);
    const large = driver.write('id', { ...record, version: 2, payload: 'x'.repeat(1_100_000) });
    await expect(large).rejects.toThrow(SessionTooLargeError);
    await expect(large).rejects.toThrow(/takes 1100\d{3} bytes in memcached, which keeps at most 1048576/);
    expect(await driver.read('id')).toEqual(record);
  });

  it('sends nothing that is larger than maxItemBytes', async () => {
    const counting = countingClient(client);
    const driver = await openDriver({ client: counting, prefix: randomUUID(), maxItemBytes: 2_048 });
    await expect(driver.write('id', sampleRecord({ payload: 'x'.repeat(2_000) }))).rejects.toThrow(
      'which keeps at most 2048',
    );
    expect(counting.commands).toEqual([]);
  });

  it('measures items in bytes, not characters', async () => {
    const driver = await openDriver({ client, prefix: randomUUID() });
    await expect(driver.write('id', sampleRecord({ payload: 'é'.repeat(600_000) }))).rejects.toThrow(
      SessionTooLargeError,
    );
    expect(await driver.write('id', sampleRecord({ payload: 'e'.repeat(600_000) }))).toBe(true);
  });

  it('throws the same error when only the server knows its limit', async () => {
    const driver = await openDriver({ client, prefix: randomUUID(), maxItemBytes: 10_000_000 });
    await expect(driver.write('id', sampleRecord({ payload: 'x'.repeat(1_100_000) }))).rejects.toThrow(
      SessionTooLargeError,
    );
  });

  it('accepts the largest item that the server accepts', async () => {
    const driver = await openDriver({ client, prefix: 'p:' });
    const id = randomUUID();
    const onePayloadTooLarge = async (length: number) =>
      driver.write(id, sampleRecord({ payload: 'x'.repeat(length) })).then(
        () => false,
        (error: unknown) => error instanceof SessionTooLargeError,
      );
    // The key takes 38 bytes, the packed record 60 besides its payload, the item 59 besides both.
    const largest = 1_048_576 - 38 - 60 - 59;
    expect(await onePayloadTooLarge(largest + 1)).toBe(true);
    expect(await onePayloadTooLarge(largest)).toBe(false);
  });

  it("leaves the application's own client open", async () => {
    const driver = await openDriver({ client, prefix: randomUUID() });
    await driver.close();
    expect(await client.version()).toContain('VERSION');
  });

  it('treats an item that is not text as no record', async () => {
    const prefix = randomUUID();
    const driver = await openDriver({ client, prefix });
    await client.set(`${prefix}id`, { an: 'object' });
    expect(await driver.read('id')).toBeNull();
    expect(await driver.touch('id', Date.now() + dayMs)).toBe(false);
    expect(await driver.write('id', sampleRecord())).toBe(true);
  });

  it('distinguishes ids that differ only in lone surrogates', async () => {
    const driver = await openDriver({ client, prefix: randomUUID() });
    await driver.write('id\ud800', sampleRecord());
    expect(await driver.read('id\udfff')).toBeNull();
    expect(await driver.read('id\ud800')).not.toBeNull();
  });

  it('keeps sessions apart by prefix, `session:` by default', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    const driver = await openDriver({ client, prefix: one });
    await driver.write('id', sampleRecord());
    expect(await (await openDriver({ client, prefix: other })).read('id')).toBeNull();
    const usual = await openDriver({ client });
    const id = randomUUID();
    await usual.write(id, sampleRecord());
    onTestFinished(() => usual.destroy(id));
    expect(await client.gets(`session:${id}`)).toBeDefined();
  });
});
