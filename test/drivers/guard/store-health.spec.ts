import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RecordDriver } from '../../../lib/drivers/driver.js';
import { guardedDriver } from '../../../lib/drivers/guard/guarded-driver.js';
import { StoreGuard } from '../../../lib/drivers/guard/store-guard.js';
import { SessionStoreError } from '../../../lib/session.errors.js';
import { sampleRecord } from '../../conformance/record-samples.js';
import { StoppedClock } from '../../conformance/stopped-clock.js';
import { Deferred } from '../../parallel/support/deferred.js';

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

/** The error of Node for a connection that could not be made. */
const refused = (address: string, port?: number): Error =>
  Object.assign(new Error(`connect ECONNREFUSED at secret`), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
    address,
    port,
  });

/** Errors of a driver, and what the log says of each. */
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

/** A store whose reads and writes fail on command, and the lines that it logs. */
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
  const clock = new StoppedClock();
  const store = guardedDriver(driver, new StoreGuard({ name: 'test', timeout: 1_000, log, clock }));
  const read = () => store.read('id').catch(() => undefined);
  const write = () => store.write('id', sampleRecord(0)).catch(() => undefined);
  return { lines, trouble, read, write, store, clock };
}

describe('the log of a store in trouble', () => {
  it('says once that the store fails and once that it is back', async () => {
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

  it('does not say that the store is back while reads work but writes fail', async () => {
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

  it('does not say that the store is back while it is full: removals work but writes fail', async () => {
    const { lines, log } = makeLog();
    let isFull = true;
    const full: RecordDriver = {
      ...failingWith(new Error('full')),
      destroy: async () => undefined,
      destroyVersion: async () => true,
      write: async () => {
        if (isFull) throw Object.assign(new Error('at secret-host'), { code: 'ENOSPC' });
        return true;
      },
    };
    const clock = new StoppedClock();
    const store = guardedDriver(full, new StoreGuard({ name: 'test', timeout: 1_000, log, clock }));
    for (let times = 0; times < 3; times += 1) {
      await expect(store.write('id', sampleRecord(0))).rejects.toThrow(SessionStoreError);
      await store.destroy('id');
      await store.destroyVersion?.('id', 1);
    }
    expect(lines).toHaveLength(1);
    isFull = false;
    await store.write('id', sampleRecord(0));
    expect(lines.slice(1)).toEqual(['warn: The session store "test" is back.']);
  });

  it('does not treat a late success as a recovery', async () => {
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

  it('does not treat the late failure of a call made before the recovery as a new outage', async () => {
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

  /** A store of two servers. The first, which is down, holds the ids that begin with `a`. */
  function makeCluster() {
    const { lines, log } = makeLog();
    const clock = new StoppedClock();
    const away = { a: true, b: false };
    const answer = async <T>(id: string, value: T): Promise<T> => {
      if (id.startsWith('a') ? away.a : away.b)
        throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
      return value;
    };
    const driver: RecordDriver = {
      read: (id) => answer(id, null),
      write: (id) => answer(id, true),
      touch: (id) => answer(id, true),
      destroy: (id) => answer(id, undefined),
    };
    const store = guardedDriver(driver, new StoreGuard({ name: 'test', timeout: 1_000, log, clock }));
    const visit = async (id: string): Promise<void> => {
      await store.read(id).catch(() => undefined);
      await store.write(id, sampleRecord(0)).catch(() => undefined);
    };
    return { lines, clock, away, visit };
  }

  it('does not alternate between failing and back while only one of its servers is down', async () => {
    const { lines, clock, away, visit } = makeCluster();
    for (let round = 0; round < 100; round += 1) {
      for (const id of [`a${round}`, `b${round}`, 'a', 'b']) await visit(id);
      clock.advance(30_000);
    }
    expect(lines).toHaveLength(1);
    away.a = false;
    await visit('b');
    expect(lines, 'what worked all the time shows nothing').toHaveLength(1);
    await visit('a');
    expect(lines.slice(1)).toEqual(['warn: The session store "test" is back.']);
  });

  it('does not treat a key that failed in an earlier outage as proof of recovery', async () => {
    const { lines, away, visit } = makeCluster();
    await visit('a');
    away.a = false;
    await visit('a');
    expect(lines).toHaveLength(2);
    away.b = true;
    await visit('b');
    await visit('a');
    expect(lines).toHaveLength(3);
    away.b = false;
    await visit('b');
    expect(lines.slice(3)).toEqual(['warn: The session store "test" is back.']);
  });

  it('says that the store is back on the first read if reads had failed', async () => {
    const { lines, trouble, read, write } = makeStore();
    trouble.reading = trouble.writing = true;
    await write();
    await read();
    trouble.reading = false;
    await read();
    expect(lines.slice(1)).toEqual(['warn: The session store "test" is back.']);
  });

  it('says that the store is back after a minute without failures if the affected visitors do not return', async () => {
    const { lines, clock, away, visit } = makeCluster();
    await visit('a visitor who has left');
    away.a = false;
    clock.advance(59_999);
    await visit('b');
    expect(lines).toHaveLength(1);
    clock.advance(1);
    await visit('b');
    expect(lines).toHaveLength(2);
  });

  /** Fails for a while, then recovers. */
  async function outage({ trouble, read }: ReturnType<typeof makeStore>): Promise<void> {
    trouble.reading = true;
    for (let times = 0; times < 3; times += 1) await read();
    trouble.reading = false;
    for (let times = 0; times < 3; times += 1) await read();
  }

  it('says at the fourth outage within a minute that the store comes and goes, and a minute later how it is', async () => {
    const made = makeStore();
    const { lines, read, clock } = made;
    for (let times = 0; times < 20; times += 1) {
      await outage(made);
      clock.advance(1_000);
    }
    expect(lines).toHaveLength(7);
    expect(lines.filter((line) => line.includes('Said once'))).toHaveLength(3);
    expect(lines.at(-1)).toMatch(/^error: .* It comes and goes: the next line, within a minute,/);
    clock.advance(39_999);
    await read();
    expect(lines).toHaveLength(7);
    clock.advance(1);
    for (let times = 0; times < 3; times += 1) await read();
    expect(lines.slice(7)).toEqual([
      'warn: The session store "test" is back. Further outages since the last line: 16.',
    ]);
  });

  it('says within a minute that a store that came and went now stays down', async () => {
    const made = makeStore();
    const { lines, trouble, read, clock } = made;
    for (let times = 0; times < 5; times += 1) await outage(made);
    trouble.reading = true;
    await read();
    clock.advance(59_999);
    await read();
    expect(lines).toHaveLength(7);
    clock.advance(1);
    for (let times = 0; times < 3; times += 1) await read();
    expect(lines.slice(7)).toEqual([
      'error: The session store "test" failed (ECONNREFUSED). Is it running, and are its options right? ' +
        'Further outages since the last line: 2. Said once; the next line will say that it is back.',
    ]);
    trouble.reading = false;
    await read();
    expect(lines.slice(8)).toEqual(['warn: The session store "test" is back.']);
  });

  it('accounts for every outage in at most nine lines a minute, however often the store comes and goes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(40_000), { maxLength: 60 }), async (pauses) => {
        const made = makeStore();
        const { lines, clock, read } = made;
        const saidAt: number[] = [];
        for (const pause of pauses) {
          await outage(made);
          while (saidAt.length < lines.length) saidAt.push(clock.now());
          clock.advance(pause);
        }
        clock.advance(60_000);
        await read();
        const counted = lines.map((line) => Number(/since the last line: (\d+)/.exec(line)?.[1] ?? 0));
        const said = lines.filter((line) => line.startsWith('error')).length;
        expect(counted.reduce((sum, each) => sum + each, said)).toBe(pauses.length);
        expect(lines.length === 0 || lines.at(-1)?.includes('is back')).toBe(true);
        for (const at of saidAt)
          expect(saidAt.filter((other) => other >= at && other < at + 60_000).length).toBeLessThanOrEqual(9);
      }),
    );
  });

  it('logs nothing more while calls are refused because the store has stopped answering', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { lines, log } = makeLog();
    const never = () => new Promise<never>(() => undefined);
    const driver: RecordDriver = { read: never, write: never, touch: never, destroy: never };
    const store = guardedDriver(driver, new StoreGuard({ name: 'test', timeout: 1_000, log }));
    const calls = (): Promise<string[]> =>
      Promise.all(
        Array.from({ length: 3 }, () =>
          store.read('id').then(
            () => '',
            (error: Error) => `${error.name}: ${error.message}`,
          ),
        ),
      );
    const first = calls();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await first).toEqual(
      Array.from(
        { length: 3 },
        () =>
          'SessionStoreError: The session store "test" did not answer within 1000 ms (option \'storeTimeout\').',
      ),
    );
    const second = calls();
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await second).slice(1)).toEqual(
      Array.from(
        { length: 2 },
        () =>
          'SessionStoreError: The session store "test" has stopped answering. Requests are refused at once until it answers again.',
      ),
    );
    expect(lines).toHaveLength(1);
  });

  /** A store that fails with a given error; null: it works. */
  function makeFickle() {
    const { lines, log } = makeLog();
    const clock = new StoppedClock();
    const now: { error: unknown } = { error: null };
    const call = async <T>(value: T): Promise<T> => {
      if (now.error === null) return value;
      throw now.error;
    };
    const driver: RecordDriver = {
      read: () => call(null),
      write: () => call(true),
      touch: () => call(true),
      destroy: () => call(undefined),
    };
    const store = guardedDriver(driver, new StoreGuard({ name: 'test', timeout: 1_000, log, clock }));
    const meet = async (...errors: unknown[]): Promise<string[]> => {
      for (const error of errors) {
        now.error = error;
        await store.read('id').catch(() => undefined);
      }
      return lines.splice(0);
    };
    return { meet, clock };
  }
  const coded = (code: string): Error => Object.assign(new Error('at secret-host'), { code });
  const redisSays = (text: string): Error => Object.assign(new Error(text), { name: 'ReplyError' });
  const NOAUTH = redisSays('NOAUTH Authentication required.');
  const READONLY = redisSays('READONLY at secret-host');

  it('says once for each new reason that the store fails for', async () => {
    const { meet } = makeFickle();
    expect(await meet(coded('ECONNREFUSED'), NOAUTH, READONLY, NOAUTH, READONLY, coded('ENOSPC'))).toEqual([
      expect.stringContaining('(ECONNREFUSED)'),
      'error: It is another reason now: The session store "test" failed (NOAUTH). Is it running, and are its options right? Said once.',
      expect.stringContaining('(READONLY)'),
    ]);
    expect(await meet(null)).toEqual(['warn: The session store "test" is back.']);
    expect(await meet(NOAUTH, coded('ECONNRESET'))).toEqual([
      expect.stringContaining('(NOAUTH)'),
      expect.stringContaining('(ECONNRESET)'),
    ]);
  });

  it('treats all signs of an unreachable server as one reason', async () => {
    const { meet } = makeFickle();
    const away = [
      ...['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ENOTFOUND', '57P01', '57P03', '08006'].map(coded),
      new Error('Connection is closed.'),
      redisSays('LOADING Redis is loading the dataset in memory'),
    ];
    expect(await meet(...away, ...away)).toHaveLength(1);
  });

  it('adds at most two lines per outage for further reasons, however often they change', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9), { maxLength: 100 }), async (codes) => {
        const { meet, clock } = makeFickle();
        let said = 0;
        for (const code of codes) {
          said += (await meet(coded(`E_${code}`))).length;
          clock.advance(10_000);
        }
        expect(said).toBe(Math.min(3, new Set(codes).size));
      }),
    );
  });

  it('holds back the reasons of a store that comes and goes until its next line is due', async () => {
    const { meet, clock } = makeFickle();
    for (let times = 0; times < 3; times += 1) await meet(coded('ECONNREFUSED'), null);
    expect(await meet(coded('ECONNREFUSED'), NOAUTH)).toEqual([expect.stringContaining('It comes and goes')]);
    clock.advance(60_000);
    expect(await meet(NOAUTH, NOAUTH)).toEqual([expect.stringContaining('(NOAUTH)')]);
  });

  it("repeats nothing of a client's message", async () => {
    const { lines, trouble, read } = makeStore();
    trouble.reading = true;
    await read();
    expect(lines.join()).not.toMatch(/secret-host|abc/);
  });

  it.each(WHYS)('gives the reason of %s', async (_what, error, why) => {
    const { lines, log } = makeLog();
    const store = guardedDriver(failingWith(error), new StoreGuard({ name: 'test', timeout: 1_000, log }));
    const failure: unknown = await store.read('id').catch((reason: unknown) => reason);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`The session store "test" failed${why}. Is it running,`);
    expect(lines[0]).not.toMatch(/secret|cause/);
    // The error that callers catch has the cause.
    expect(failure).toMatchObject({ message: expect.stringContaining('see cause'), cause: error });
  });

  it('quotes a SessionStoreError that the driver throws itself', async () => {
    const { lines, log } = makeLog();
    const error = new SessionStoreError('Redis refused the database 99.');
    const store = guardedDriver(failingWith(error), new StoreGuard({ name: 'test', timeout: 1_000, log }));
    await expect(store.read('id')).rejects.toBe(error);
    expect(lines[0]).toMatch(/^error: Redis refused the database 99\. Said once/);
  });

  it('is also written when a driver throws before it returns a promise, as a SessionStoreError', async () => {
    const driver = {
      read: () => {
        throw new TypeError('not connected');
      },
    } as unknown as RecordDriver;
    const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
    const store = guardedDriver(driver, new StoreGuard({ name: 'test', timeout: 1_000, log: silent }));
    await expect(store.read('id')).rejects.toMatchObject({ name: 'SessionStoreError', statusCode: 503 });
  });
});
