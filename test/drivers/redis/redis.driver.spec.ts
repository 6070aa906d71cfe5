import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { systemClock } from '../../../lib/drivers/clock.js';
import { RedisDriver } from '../../../lib/drivers/redis/redis.driver.js';
import { StoppedClock } from '../../conformance/stopped-clock.js';
import type { UserRecords } from '../../../lib/drivers/driver.js';
import type { RedisClient } from '../../../lib/options/redis.options.js';
import { describeWith, startRedis, type TestServer } from '../../servers/index.js';
import { seenCommands } from '../../support/seen-commands.js';
import { openDriver, sampleRecord, unique } from './redis-fixture.js';

const dayMs = 86_400_000;

/** A client of a process that dies after so many commands. */
function mortalClient(client: Redis, commands: number): RedisClient {
  let left = commands;
  const live = <T>(call: () => Promise<T>): Promise<T> => {
    if (left === 0) return Promise.reject(new Error('The process is dead.'));
    left -= 1;
    return call();
  };
  return {
    status: 'ready',
    get: (key) => live(() => client.get(key)),
    del: (key) => live(() => client.del(key)),
    evalsha: (...given) => live(() => client.evalsha(...given)),
    eval: (...given) => live(() => client.eval(...given)),
  };
}

describeWith(['redis'], 'the redis driver', () => {
  let server: TestServer;
  let client: Redis;

  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });

  /** The commands that clients send about one key. */
  const commandsOn = (key: string, work: () => Promise<unknown>): Promise<string[]> =>
    seenCommands(client, (args) => args.includes(key), work);

  it.each([{ stringNumbers: true }, { protocol: 3, replyMapping: 'resp3' }, { protocol: 2 }])(
    'works the same with the ioredis options %j, which change what its commands return',
    async (options) => {
      const driver = await openDriver({ url: server.url, prefix: `${unique()}:`, ...options });
      const expiresAt = Date.now() + 3_600_000;
      expect(await driver.touch('id', expiresAt)).toBe(false);
      expect(await driver.destroyVersion('id', 1)).toBe(false);
      const record = sampleRecord({ userId: 'ann', expiresAt });
      expect(await driver.write('id', record)).toBe(true);
      expect(await driver.write('id', record)).toBe(false);
      expect(await driver.touch('id', expiresAt + 60_000)).toBe(true);
      expect(await driver.read('id')).toEqual({ ...record, expiresAt: expiresAt + 60_000 });
      expect((await driver.listByUser('ann', null)).records.map(({ id }) => id)).toEqual(['id']);
      expect(await driver.destroyVersion('id', 1)).toBe(true);
      expect(await driver.read('id')).toBeNull();
    },
  );

  it('lists ten thousand sessions in pages, and a few at a cost independent of the others', async () => {
    const prefix = `${unique()}:`;
    const driver = await openDriver({ url: server.url, prefix });
    const write = (userId: string) => driver.write(unique(), sampleRecord({ userId }));
    for (let at = 0; at < 3; at += 1) await write('bob');
    /** The number of commands sent to Redis for all pages, and the number of records on each. */
    const listing = async (userId: string) => {
      const commandsSoFar = async (): Promise<number> =>
        Number(/total_commands_processed:(\d+)/.exec(await client.info('stats'))?.[1]);
      const before = await commandsSoFar();
      const sizes: number[] = [];
      for (let cursor: string | null = null; ;) {
        const page: UserRecords = await driver.listByUser(userId, cursor);
        sizes.push(page.records.length);
        ({ cursor } = page);
        if (cursor === null) return { commands: (await commandsSoFar()) - before, sizes };
      }
    };
    // Loads the script.
    await listing('bob');
    const alone = await listing('bob');
    expect(alone.sizes).toEqual([3]);
    for (let at = 0; at < 10_000; at += 500)
      await Promise.all(Array.from({ length: 500 }, () => write('ann')));
    expect(await listing('bob')).toEqual(alone);
    const { commands, sizes } = await listing('ann');
    expect(Math.max(...sizes)).toBeLessThan(1000);
    // Each record is read once or twice, plus one command per page.
    expect(commands).toBeLessThan(11_000);
  });

  it.each([
    ['a redirect of half a minute', 30_000],
    ['a shorter lifetime', 50_000],
    ['a longer lifetime', 2 * dayMs],
  ])(
    'keeps a session listed as long as it lives, at whatever command a process dies that gives it %s',
    async (_what, lifetimeMs) => {
      const isThere: boolean[] = [];
      for (let commands = 0; isThere.length < 5; commands += 1) {
        const [clock, prefix, id] = [new StoppedClock(), `${unique()}:`, unique()];
        const open = (via: RedisClient) =>
          new RedisDriver({ client: via, prefix }, { clock, storeTimeout: 60_000 });
        const driver = open(client);
        const ends = clock.now() + 7_200_000;
        await driver.write(id, sampleRecord({ userId: 'ann', expiresAt: ends }));
        const dying = open(mortalClient(client, commands));
        const next = sampleRecord({ userId: 'ann', version: 2, expiresAt: clock.now() + lifetimeMs });
        isThere.push(await dying.write(id, next).catch(() => false));
        for (let listed = await driver.read(id); listed !== null; listed = await driver.read(id)) {
          // Storing another session of the user prunes the list.
          await driver.write(unique(), sampleRecord({ userId: 'ann', expiresAt: clock.now() + 1000 }));
          const { records } = await driver.listByUser('ann', null);
          expect(
            records.map((record) => record.id),
            `${commands} commands`,
          ).toContain(id);
          clock.set(Math.min(clock.now() + 600_000, Math.max(listed.expiresAt - 1, clock.now() + 1)));
        }
      }
      expect(isThere).toContain(true);
      expect(isThere).toContain(false);
    },
  );

  it("removes a moved session from the user's list soon", async () => {
    const [clock, prefix, id] = [new StoppedClock(), `${unique()}:`, unique()];
    const driver = new RedisDriver({ client, prefix }, { clock, storeTimeout: 60_000 });
    await driver.write(id, sampleRecord({ userId: 'ann', expiresAt: clock.now() + 3_650 * dayMs }));
    await driver.write(id, sampleRecord({ userId: 'ann', version: 2, expiresAt: clock.now() + 30_000 }));
    clock.advance(120_000);
    const other = unique();
    await driver.write(other, sampleRecord({ userId: 'ann' }));
    const [list] = await client.keys(`${prefix}user:*`);
    expect(await client.zrange(list ?? '', 0, -1)).toEqual([other]);
  });

  it("removes an ended session from the user's list, however long it had left to live", async () => {
    const prefix = `${unique()}:`;
    const driver = new RedisDriver({ client, prefix }, { clock: systemClock, storeTimeout: 60_000 });
    const [ended, moved, kept] = [unique(), unique(), unique()];
    const expiresAt = Date.now() + 3_650 * dayMs;
    for (const id of [ended, moved, kept])
      await driver.write(id, sampleRecord({ userId: 'ann "é"', expiresAt }));
    await driver.write(moved, sampleRecord({ userId: 'bob', version: 2, expiresAt }));
    expect(await driver.destroyVersion(kept, 2)).toBe(false);
    for (const [id, version] of [
      [ended, 1],
      [moved, 2],
    ] as const)
      expect(await driver.destroyVersion(id, version)).toBe(true);
    const names = async (): Promise<string[]> => {
      const lists = await client.keys(`${prefix}user:*`);
      return (await Promise.all(lists.map((list) => client.zrange(list, 0, -1)))).flat();
    };
    // The session that changed its user was in both lists.
    await vi.waitFor(async () => expect((await names()).toSorted()).toEqual([moved, kept].toSorted()));
  });

  it('makes one round trip for each operation', async () => {
    const prefix = unique();
    const driver = await openDriver({ client, prefix });
    // The first call of each kind loads its script.
    await driver.write('warm', sampleRecord());
    await driver.touch('warm', Date.now() + dayMs);
    const seen = await commandsOn(`${prefix}id`, async () => {
      await driver.write('id', sampleRecord());
      await driver.read('id');
      await driver.touch('id', Date.now() + dayMs);
      await driver.destroy('id');
    });
    expect(seen).toEqual(['evalsha', 'get', 'evalsha', 'del']);
  });

  it('keeps one key per session, named by the prefix and the id', async () => {
    const driver = await openDriver({ client, prefix: `${unique()}:` });
    const other = await openDriver({ client });
    const id = unique();
    await other.write(id, sampleRecord());
    expect(await client.exists(`session:${id}`)).toBe(1);
    expect(await driver.read(id)).toBeNull();
    await other.destroy(id);
    expect(await client.exists(`session:${id}`)).toBe(0);
  });

  it.each([
    ['31 days', 31 * dayMs],
    ['ten years', 3_653 * dayMs],
  ])('sets the TTL of a key to a lifetime of %s, written or touched', async (_what, lifetimeMs) => {
    const prefix = unique();
    const driver = await openDriver({ client, prefix });
    await driver.write('written', sampleRecord({ expiresAt: Date.now() + lifetimeMs }));
    await driver.write('touched', sampleRecord());
    await driver.touch('touched', Date.now() + lifetimeMs);
    for (const id of ['written', 'touched']) {
      const remaining = await client.pttl(`${prefix}${id}`);
      expect(remaining).toBeLessThanOrEqual(lifetimeMs);
      expect(remaining).toBeGreaterThan(lifetimeMs - 10_000);
    }
  });

  it('keeps working after SCRIPT FLUSH', async () => {
    const driver = await openDriver({ client, prefix: unique() });
    const record = sampleRecord();
    expect(await driver.write('id', record)).toBe(true);
    await client.script('FLUSH');
    expect(await driver.write('id', { ...record, version: 2 })).toBe(true);
    await client.script('FLUSH');
    expect(await driver.touch('id', record.expiresAt + 1)).toBe(true);
    await client.script('FLUSH');
    expect(await driver.write('id', { ...record, version: 2 })).toBe(false);
  });

  it('treats a key of another type as no record, and replaces it', async () => {
    const prefix = unique();
    const driver = await openDriver({ client, prefix });
    await client.hset(`${prefix}id`, 'field', 'value');
    expect(await driver.read('id')).toBeNull();
    expect(await driver.touch('id', Date.now() + dayMs)).toBe(false);
    const record = sampleRecord();
    expect(await driver.write('id', record)).toBe(true);
    expect(await driver.read('id')).toEqual(record);
  });

  it('treats a truncated record as no record', async () => {
    const prefix = unique();
    const driver = await openDriver({ client, prefix });
    await driver.write('id', sampleRecord());
    const whole = (await client.get(`${prefix}id`)) ?? '';
    for (const length of [0, 10, 40, whole.length - 1]) {
      await client.set(`${prefix}id`, whole.slice(0, length));
      expect(await driver.read('id')).toBeNull();
    }
  });

  it('stores payloads and ids with lone surrogates unchanged', async () => {
    const driver = await openDriver({ client, prefix: unique() });
    const [one, other] = ['id\ud800', 'id\udfff'];
    await driver.write(one, sampleRecord({ payload: 'half \ud83d of a smile' }));
    expect((await driver.read(one))?.payload).toBe('half \ud83d of a smile');
    expect(await driver.read(other)).toBeNull();
  });

  it('keeps a record apart from the list of a user, whatever its id is', async () => {
    const prefix = unique();
    const driver = await openDriver({ client, prefix });
    await driver.write('id', sampleRecord({ userId: 'ann' }));
    const [list = ''] = await client.keys(`${prefix}user:*`);
    const id = list.slice(prefix.length);
    const record = sampleRecord({ payload: 'no list', userId: 'ann' });
    expect(await driver.write(id, record)).toBe(true);
    expect(await driver.read(id)).toEqual(record);
    const listed = (await driver.listByUser('ann', null)).records.map((each) => each.id);
    expect(listed.toSorted()).toEqual(['id', id].toSorted());
  });

  it.each([
    ['no Error', 'GET session:hunter2', /^Error: The Redis client failed with something that is no Error$/],
    ['an Error with a cause', new Error('GET hunter2', { cause: new Error('why') }), /^Error: GET <key>$/],
  ])('shows no id when a client fails with %s', async (_what, thrown, shown) => {
    const failing = vi.fn<() => Promise<never>>().mockRejectedValue(thrown);
    const via = { status: 'ready', get: failing, del: failing, eval: failing, evalsha: failing };
    const driver = await openDriver({ client: via, prefix: '' });
    const error: unknown = await driver.read('hunter2').catch((failure: unknown) => failure);
    expect(String(error)).toMatch(shown);
  });

  it('reports a write as stored when the client resends it after a lost connection', async () => {
    // By default ioredis resends after a reconnect: the first answer is lost, the second counts.
    const twice: RedisClient = {
      status: 'ready',
      get: (key) => client.get(key),
      del: (key) => client.del(key),
      eval: (source, keys, ...rest) => client.eval(source, keys, ...rest),
      evalsha: async (sha1, keys, ...rest) => {
        await client.evalsha(sha1, keys, ...rest);
        return client.evalsha(sha1, keys, ...rest);
      },
    };
    const prefix = unique();
    const driver = await openDriver({ client, prefix });
    const resending = await openDriver({ client: twice, prefix });
    const record = sampleRecord();
    await driver.write('id', record);
    const next = { ...record, version: 2 };
    expect(await resending.write('id', next)).toBe(true);
    expect(await driver.write('id', next)).toBe(false);
    expect(await resending.write('id', next)).toBe(false);
  });

  it("leaves the application's own client open", async () => {
    const driver = await openDriver({ client, prefix: unique() });
    await driver.close();
    expect(await client.ping()).toBe('PONG');
  });
});
