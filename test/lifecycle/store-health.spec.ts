import { describe, expect, it } from 'vitest';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { GuardedStore } from '../../lib/lifecycle/record-store.js';
import { StoreHealth } from '../../lib/lifecycle/store-health.js';
import { SessionStoreError } from '../../lib/session.errors.js';
import { sampleRecord } from '../conformance/record-samples.js';
import { Deferred } from '../parallel/support/deferred.js';

function makeLog() {
  const lines: string[] = [];
  const log = {
    log: (line: string) => lines.push(`log: ${line}`),
    warn: (line: string) => lines.push(`warn: ${line}`),
    error: (line: string) => lines.push(`error: ${line}`),
  };
  return { lines, log };
}

function failingWith(error: unknown): RecordDriver {
  const fail = async (): Promise<never> => {
    throw error;
  };
  return { read: fail, write: fail, touch: fail, destroy: fail };
}

/** What Node reports of a connection that it could not make. */
const refused = (address: string, port?: number): Error =>
  Object.assign(new Error(`connect ECONNREFUSED at secret`), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
    address,
    port,
  });

/** What a driver may fail with, and what the log says of it. */
const WHYS: [what: string, error: unknown, why: string][] = [
  ['a refused connection', refused('127.0.0.1', 6379), ' (ECONNREFUSED 127.0.0.1:6379)'],
  ['one over IPv6', refused('::1', 6379), ' (ECONNREFUSED [::1]:6379)'],
  ['one to a socket', refused('/run/secret.sock'), ' (ECONNREFUSED)'],
  ['one to what is no address', refused('secret@host', 6379), ' (ECONNREFUSED)'],
  [
    'one behind an error of the client',
    new Error('secret', { cause: refused('10.0.0.1', 1) }),
    ' (ECONNREFUSED 10.0.0.1:1)',
  ],
  [
    'several at once',
    Object.assign(new AggregateError([refused('::1', 1), refused('127.0.0.1', 1)]), { code: 'ECONNREFUSED' }),
    ' (ECONNREFUSED [::1]:1)',
  ],
  [
    'an error with an address that says nothing of a connection',
    Object.assign(new Error('secret'), { code: 'E_X', address: '10.0.0.1', port: 1 }),
    ' (E_X)',
  ],
  ['an error without a code', new TypeError('secret'), ' (TypeError)'],
  ['what is no error', 'secret', ''],
];

/** A store whose reads and writes fail when told to, and what the operator hears of it. */
function makeStore() {
  const { lines, log } = makeLog();
  const trouble = { reading: false, writing: false, slow: null as Promise<void> | null };
  const failing = async <T>(use: 'reading' | 'writing', value: T): Promise<T> => {
    const broken = trouble[use];
    if (trouble.slow !== null) await trouble.slow;
    if (broken) throw Object.assign(new Error('at secret-host, id abc'), { code: 'ECONNREFUSED' });
    return value;
  };
  const driver: RecordDriver = {
    read: () => failing('reading', null),
    write: () => failing('writing', true),
    touch: () => failing('writing', true),
    destroy: () => failing('writing', undefined),
  };
  const store = new GuardedStore(driver, 'test', 1_000, new StoreHealth('test', log));
  const read = () => store.read('id').catch(() => undefined);
  const write = () => store.write('id', sampleRecord(0)).catch(() => undefined);
  return { lines, trouble, read, write, store };
}

describe('the log of a store in trouble', () => {
  it('says once that it fails and once that it is back', async () => {
    const { lines, trouble, read, write } = makeStore();
    await read();
    trouble.reading = trouble.writing = true;
    for (let times = 0; times < 3; times += 1) await Promise.all([read(), write()]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toBe(
      'error: The session store "test" failed (ECONNREFUSED). Is it running, and are its options right? ' +
        'Said once; the next line will say that it is back.',
    );
    trouble.reading = trouble.writing = false;
    for (let times = 0; times < 3; times += 1) await Promise.all([read(), write()]);
    expect(lines.slice(1)).toEqual(['warn: The session store "test" is back.']);
  });

  it('does not say that it is back while it can be read but not written', async () => {
    const { lines, trouble, read, write } = makeStore();
    trouble.writing = true;
    for (let times = 0; times < 3; times += 1) {
      await read();
      await write();
    }
    expect(lines).toHaveLength(1);
    trouble.writing = false;
    await read();
    expect(lines).toHaveLength(1);
    await write();
    expect(lines).toHaveLength(2);
  });

  it('does not take a late success for a recovery', async () => {
    const { lines, trouble, read } = makeStore();
    const late = new Deferred();
    trouble.slow = late.promise;
    const reading = read();
    trouble.slow = null;
    trouble.reading = true;
    await read();
    late.resolve();
    await reading;
    expect(lines).toHaveLength(1);
  });

  it('does not take the late failure of a call made before the recovery for new trouble', async () => {
    const { lines, trouble, read } = makeStore();
    const late = new Deferred();
    trouble.reading = true;
    trouble.slow = late.promise;
    const reading = read();
    trouble.slow = null;
    await read();
    trouble.reading = false;
    await read();
    expect(lines).toHaveLength(2);
    late.resolve();
    await reading;
    await read();
    expect(lines).toHaveLength(2);
  });

  it('names nothing that a client said', async () => {
    const { lines, trouble, read } = makeStore();
    trouble.reading = true;
    await read();
    expect(lines.join()).not.toMatch(/secret-host|abc/);
  });

  it.each(WHYS)('gives the reason of %s', async (_what, error, why) => {
    const { lines, log } = makeLog();
    const store = new GuardedStore(failingWith(error), 'test', 1_000, new StoreHealth('test', log));
    const failure: unknown = await store.read('id').catch((reason: unknown) => reason);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`The session store "test" failed${why}. Is it running,`);
    expect(lines[0]).not.toMatch(/secret|cause/);
    // Who catches it can look: there is a cause.
    expect(failure).toMatchObject({ message: expect.stringContaining('see cause'), cause: error });
  });

  it('says what a driver itself says of its store', async () => {
    const { lines, log } = makeLog();
    const error = new SessionStoreError('Redis refused the database 99.');
    const store = new GuardedStore(failingWith(error), 'test', 1_000, new StoreHealth('test', log));
    await expect(store.read('id')).rejects.toBe(error);
    expect(lines[0]).toMatch(/^error: Redis refused the database 99\. Said once/);
  });

  it('becomes a SessionStoreError also where a driver throws before it returns a promise', async () => {
    const driver = {
      read: () => {
        throw new TypeError('not connected');
      },
    } as unknown as RecordDriver;
    const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
    const store = new GuardedStore(driver, 'test', 1_000, new StoreHealth('test', silent));
    await expect(store.read('id')).rejects.toMatchObject({ name: 'SessionStoreError', statusCode: 503 });
  });
});
