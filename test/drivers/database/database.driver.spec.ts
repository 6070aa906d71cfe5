import { inspect } from 'node:util';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DatabaseDriver } from '../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../lib/drivers/database/session.entity.js';
import { SessionStoreError } from '../../../lib/session.errors.js';
import { clock, contextWith, hour, recordWith } from './records.js';
import { createDatabase, describeOnEachDatabase, type TestDatabase } from './test-databases.js';

describeOnEachDatabase('the driver database', (type) => {
  const databases: TestDatabase[] = [];
  const sources: DataSource[] = [];

  async function connect(options: object): Promise<DataSource> {
    const database = await createDatabase(type);
    databases.push(database);
    const source = await new DataSource(Object.assign({}, database.options, options)).initialize();
    sources.push(source);
    return source;
  }

  let source: DataSource;
  let driver: DatabaseDriver;

  beforeAll(async () => {
    source = await connect({ entities: [SessionEntity], synchronize: true });
    driver = new DatabaseDriver({ dataSource: source }, contextWith());
    await driver.open();
  });
  afterAll(async () => {
    await Promise.all(sources.map((each) => each.destroy()));
    await Promise.all(databases.map((each) => each.drop()));
  });

  it('stores ids of printable ASCII as they are and hashes all others', async () => {
    const plain = `${'A1-_'.repeat(63)}z~!`;
    const others = [`${plain}z`, 'with space', 'größe', 'nul\0', '', 'sha256:abc', '\u{1f600}'];
    for (const id of [plain, ...others])
      expect(await driver.write(id, recordWith({ userId: 'ids' }))).toBe(true);
    const rows = await source.getRepository(SessionEntity).findBy({ userId: 'ids' });
    const stored = rows.map(({ id }) => id);
    expect(stored).toContain(plain);
    expect(stored.filter((id) => /^sha256:[0-9a-f]{64}$/.test(id))).toHaveLength(others.length);
  });

  it('distinguishes ids that differ only in case', async () => {
    await driver.write('CaseOnly', recordWith({ payload: 'upper' }));
    expect(await driver.read('caseonly')).toBe(null);
    expect(await driver.write('caseonly', recordWith({ payload: 'lower' }))).toBe(true);
    expect((await driver.read('CaseOnly'))?.payload).toBe('upper');
  });

  it.each([
    ['astral characters', '{"a":"😀𝒳"}'],
    ['NUL', 'a\0b\\u0000'],
    ['half a surrogate pair', 'x\ud83dy'],
    ['its own mark', 'escaped:"x"'],
    ['what looks escaped beside what has to be', '\\0 \\\\0 \\ud83d \\ \0\ud83d\\'],
    ['2 MB', JSON.stringify({ text: '😀é'.repeat(350_000) })],
  ])('stores a payload with %s unchanged', async (kind, payload) => {
    const id = `payload-${kind.replaceAll(' ', '-')}`;
    await driver.write(id, recordWith({ payload }));
    expect((await driver.read(id))?.payload === payload).toBe(true);
    await driver.write(id, recordWith({ payload: `${payload}.`, version: 2 }));
    expect((await driver.read(id))?.payload === `${payload}.`).toBe(true);
  });

  it('truncates the IP address and the user agent to the size of their columns', async () => {
    const ipAddress = '2001:0db8:85a3:0000:0000:8a2e:192.168.100.228, 127.0.0.1';
    await driver.write(
      'bounds',
      recordWith({ ipAddress, userAgent: `\0${'é'.repeat(20_000)}`, userId: null }),
    );
    const record = await driver.read('bounds');
    expect(record?.ipAddress).toBe(ipAddress.slice(0, 45));
    expect(record?.userAgent).toBe(`\u{fffd}${'é'.repeat(15_999)}`);
    expect(record?.userId).toBe(null);
  });

  it.each([
    ['letters of three bytes', '世'.repeat(255)],
    ['NULs', '\0'.repeat(255)],
    ['backslashes and a NUL', `\0${'\\'.repeat(254)}`],
    ['the mark of escaped text in front', `escaped:${'\\'.repeat(247)}`],
    ['a character that was cut in half', `\0${'\\'.repeat(253)}\ud83d`],
  ])('stores a user id of 255 characters unchanged: %s', async (kind, userId) => {
    const id = `user-${kind.replaceAll(' ', '-')}`;
    expect(await driver.write(id, recordWith({ userId }))).toBe(true);
    expect((await driver.read(id))?.userId === userId).toBe(true);
  });

  it('stores sessions that expire after January 2038', async () => {
    const late = Date.UTC(2040, 0, 1);
    const record = recordWith({ lastActivity: late, expiresAt: late + hour });
    expect(await driver.write('late', record)).toBe(true);
    expect(await driver.read('late')).toEqual(record);
  });

  it('keeps the sessions of two data sources apart', async () => {
    const other = await connect({ entities: [SessionEntity], synchronize: true });
    const otherDriver = new DatabaseDriver({ dataSource: other }, contextWith());
    await driver.write('shared-id', recordWith({ payload: 'here' }));
    expect(await otherDriver.read('shared-id')).toBe(null);
    await otherDriver.write('shared-id', recordWith({ payload: 'there' }));
    expect((await driver.read('shared-id'))?.payload).toBe('here');
  });

  it('loses no update of parallel requests that begin before it is opened', async () => {
    const fresh = new DatabaseDriver({ dataSource: source }, contextWith());
    await fresh.write('counter', recordWith({ payload: '0' }));
    const increment = async (): Promise<void> => {
      for (;;) {
        const record = await fresh.read('counter');
        if (record === null) throw new Error('The counter is gone.');
        const next = { ...record, payload: String(Number(record.payload) + 1), version: record.version + 1 };
        if (await fresh.write('counter', next)) return;
      }
    };
    await Promise.all(Array.from({ length: 15 }, increment));
    expect((await fresh.read('counter'))?.payload).toBe('15');
  });

  it('collects garbage while other processes collect and requests write', async () => {
    const second = await new DataSource(source.options).initialize();
    sources.push(second);
    const drivers = [driver, new DatabaseDriver({ dataSource: second }, contextWith())];
    const rows = Array.from({ length: 600 }, (_, at) => ({
      id: `old-${at}`,
      ...recordWith({ expiresAt: clock.now() - at }),
    }));
    await source.getRepository(SessionEntity).insert(rows);
    const ids = Array.from({ length: 60 }, (_, at) => `new-${at}`);
    const outcomes = await Promise.all([
      ...ids.map((id, at) => drivers[at % 2]?.write(id, recordWith())),
      ...drivers.map((each) => each.collectGarbage(clock.now())),
      ...ids.map((id, at) => drivers[at % 2]?.write(`old-${at * 7}`, recordWith({ payload: id }))),
    ]);
    const collected = outcomes.filter((outcome) => typeof outcome === 'number');
    await driver.collectGarbage(clock.now());
    expect(outcomes.filter((outcome) => outcome !== true)).toEqual(collected);
    const alive = [...ids, ...ids.map((_, at) => `old-${at * 7}`)];
    const records = await Promise.all(alive.map((id) => driver.read(id)));
    expect(records.every((record) => record !== null)).toBe(true);
    expect(await source.getRepository(SessionEntity).existsBy({ id: 'old-1' })).toBe(false);
  });

  it('names the remedy when the table is missing, and works once it exists', async () => {
    const empty = await connect({ entities: [SessionEntity] });
    const early = new DatabaseDriver({ dataSource: empty }, contextWith());
    await early.open();
    await expect(early.read('some-id')).rejects.toThrow(SessionStoreError);
    await expect(early.write('some-id', recordWith())).rejects.toThrow(
      /'sessions'.*CreateSessionsTable1700000000000.*synchronize/,
    );
    await empty.synchronize();
    expect(await early.write('some-id', recordWith())).toBe(true);
  });

  it('keeps ids, payloads and users out of its errors when a statement fails', async () => {
    const broken = await connect({});
    await broken.query('CREATE TABLE sessions (id varchar(10) PRIMARY KEY, expires_at bigint)');
    const failing = new DatabaseDriver({ dataSource: broken }, contextWith());
    const record = recordWith({ payload: 'secret-payload', userId: 'secret-user' });
    for (const version of [1, 2]) {
      const error: unknown = await failing
        .write('secret-id', { ...record, version })
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('secret');
    }
  });
});
