// The manual of OstroJS's sessions, from top to bottom, in this package's terms.
import { basename } from 'node:path';
import { Controller, Get, Injectable, type OnModuleInit, Req } from '@nestjs/common';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type RecordDriver,
  type RequestSession,
  Session,
  SessionManager,
  type SessionModuleOptions,
  type SessionRecord,
} from 'nestjs-session-kit';
import { systemClock } from '../../lib/drivers/clock.js';
import { CreateSessionsTable1700000000000 } from '../../lib/drivers/database/index.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { describeWith, startMemcached, startRedis, type TestServer } from '../servers/index.js';
import { SchematicTester } from '../schematics/schematic-tester.js';
import { HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { loadedModule } from '../support/loaded-snippet.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS } from '../support/test-app.js';

/** A driver as in OstroJS's example: every method of the contract. */
class MongoSessionHandler implements RecordDriver {
  readonly calls: unknown[][] = [];
  readonly #inner = new CustomDriver(systemClock);

  async open(config: unknown) {
    this.calls.push(['open', config]);
  }
  async close() {
    this.calls.push(['close']);
  }
  async read(id: string) {
    const record = await this.#inner.read(id);
    this.calls.push(['read', record?.payload ?? null]);
    return record;
  }
  async write(id: string, record: SessionRecord) {
    this.calls.push(['write', record.payload]);
    return this.#inner.write(id, record);
  }
  async touch(id: string, expiresAt: number) {
    return this.#inner.touch(id, expiresAt);
  }
  async destroy(id: string) {
    this.calls.push(['destroy']);
    return this.#inner.destroy(id);
  }
  async collectGarbage(now: number) {
    this.calls.push(['collectGarbage', now]);
    return 3;
  }

  named(name: string): unknown[][] {
    return this.calls.filter(([each]) => each === name);
  }
}

@Controller()
class CartController {
  @Get('cart')
  cart(@Req() request: { session: RequestSession }, @Session() session: Session) {
    return {
      same: request.session.id === session.id,
      items: request.session.get('cartItems'),
      again: session.get('cartItems'),
    };
  }
}

describe.each(PLATFORMS)("the manual of OstroJS's sessions on %s", (platform) => {
  let app: HandlerApp;
  const start = (setup: HandlerAppSetup) => HandlerApp.start(platform, setup);

  beforeAll(async () => {
    app = await start({ controllers: [CartController] });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Sends a visitor to two servers in turn, as behind a load balancer, and expects one session. */
  async function expectShared(
    options: Partial<SessionModuleOptions>,
    imports: () => NonNullable<HandlerAppSetup['imports']> = () => [],
  ): Promise<void> {
    await using first = await start({ options, imports: imports() });
    await using second = await start({ options, imports: imports() });
    const { value: id, asHeaders: headers } = await first
      .visitor()
      .handle((session) => session.put('seen', ['first']).id);
    await second.visitor().in((session) => session.push('seen', 'second'), { headers });
    expect(await first.visitor().in((session) => [session.id, session.get('seen')], { headers })).toEqual([
      id,
      ['first', 'second'],
    ]);
    await second.visitor().in((session) => session.destroy(), { headers });
    expect(await first.visitor().in((session) => session.all(), { headers })).toEqual({});
  }

  describe('the drivers', () => {
    // OstroJS stores sessions in files by default. Here the default is `stealth`: see Lunox's manual.
    it('keeps sessions in files', async () => {
      await using folder = await TempFolder.make();
      await expectShared({ driver: 'file', file: { location: folder.path } });
    });

    describeWith(['redis'], 'keeps sessions in Redis', () => {
      let server: TestServer;
      beforeAll(async () => {
        server = await startRedis();
      });
      afterAll(async () => {
        await server.stop();
      });

      it('for any number of servers', async () => {
        await expectShared({ driver: 'redis', redis: { url: server.url } });
      });
    });

    describeWith(['memcached'], 'keeps sessions in memcached', () => {
      let server: TestServer;
      beforeAll(async () => {
        server = await startMemcached();
      });
      afterAll(async () => {
        await server.stop();
      });

      it('for any number of servers', async () => {
        await expectShared({ driver: 'memcached', memcached: { servers: `${server.host}:${server.port}` } });
      });
    });

    // PostgreSQL and MariaDB: test/conformance/database-*.spec.ts and test/drivers/database.
    describe('keeps sessions in a database', () => {
      const databaseAt = (database: string) => [
        TypeOrmModule.forRoot({
          type: 'better-sqlite3',
          database,
          enableWAL: true,
          migrations: [CreateSessionsTable1700000000000],
          migrationsRun: true,
          retryAttempts: 0,
        }),
      ];
      const withDatabase = (): HandlerAppSetup => ({
        options: { driver: 'database' },
        imports: databaseAt(':memory:'),
      });

      it('for every server that can reach it', async () => {
        await using folder = await TempFolder.make();
        await expectShared({ driver: 'database' }, () => databaseAt(`${folder.path}/shared.sqlite`));
      });

      it("in a table created by a migration, with the user's columns beside the session", async () => {
        vi.useFakeTimers({ toFake: ['Date'] });
        await using database = await start(withDatabase());
        const table = database.app.get<DataSource>(getDataSourceToken());
        const columns: { name: string; type: string; notnull: number; pk: number }[] = await table.query(
          'PRAGMA table_info(sessions)',
        );
        const described = columns.map(({ name, type, notnull, pk }) =>
          [name, type.toLowerCase(), pk > 0 && 'primary', notnull === 0 && 'nullable']
            .filter(Boolean)
            .join(' '),
        );
        expect(described).toEqual(
          expect.arrayContaining([
            'id varchar(255) primary',
            expect.stringMatching(/^user_id varchar\(\d+\) nullable$/),
            'ip_address varchar(45) nullable',
            'user_agent text nullable',
            'payload text',
            'last_activity integer',
          ]),
        );
        const indexed: { name: string }[] = await table.query(
          'SELECT column.name FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS column',
          ['sessions'],
        );
        expect(indexed.map(({ name }) => name)).toEqual(
          expect.arrayContaining(['id', 'user_id', 'last_activity']),
        );

        const visitor = database.visitor();
        const headers = { 'user-agent': 'a browser' };
        const anonymous = await visitor.in((session) => session.put('a', 1).id, { headers });
        const row = async () => (await table.query('SELECT * FROM sessions'))[0];
        expect(await row()).toMatchObject({
          id: anonymous,
          user_id: null,
          ip_address: expect.stringMatching(/127\.0\.0\.1$/),
          user_agent: 'a browser',
          payload: expect.stringContaining('"a":1'),
          last_activity: Math.floor(Date.now() / 1000),
        });
        await visitor.in((session) => session.put('userId', 42), { headers });
        expect(await row()).toMatchObject({ id: anonymous, user_id: '42' });
        expect(await visitor.in((session) => session.all())).toEqual({ a: 1, userId: 42 });
      });

      it('in a table whose migration is generated by a command', async () => {
        await using tester = await SchematicTester.make();
        const { files } = await tester.run('session-table', {}, await tester.application('esm'));
        const written = Object.entries(files).find(([path]) => path.startsWith('/src/migrations/'));
        const [path = '', text = ''] = written ?? [];
        const exported = await loadedModule<Record<string, new () => unknown>>(basename(path), text);
        await using database = await start({
          options: { driver: 'database' },
          imports: [
            TypeOrmModule.forRoot({
              type: 'better-sqlite3',
              database: ':memory:',
              migrations: Object.values(exported),
              migrationsRun: true,
            }),
          ],
        });
        const visitor = database.visitor();
        await visitor.in((session) => session.put('a', 1));
        expect(await visitor.in((session) => session.get('a'))).toBe(1);
        const table = database.app.get<DataSource>(getDataSourceToken());
        expect(await table.query('SELECT name FROM migrations')).toEqual([
          { name: expect.stringMatching(/^CreateSessionsTable\d{13}$/) },
        ]);
      });
    });
  });

  it('gives a handler its session, on the request and as a parameter', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put('cartItems', ['tea']));
    const { body } = await visitor.agent.get('/cart').expect(200);
    expect(body).toEqual({ same: true, items: ['tea'], again: ['tea'] });
  });

  describe('a new id', () => {
    it('is created by regenerate, which keeps the data', async () => {
      const visitor = app.visitor();
      const planted = await visitor.handle((session) => session.put({ cart: ['tea'] }).id);
      const signedIn = await visitor.in((session) => session.regenerate().put('userId', 1).id);
      expect(signedIn).not.toBe(planted.value);
      expect(await visitor.in((session) => session.all())).toEqual({ cart: ['tea'], userId: 1 });
      // Whoever planted the old id gets none of the data.
      expect(await app.visitor().in((session) => session.all(), { headers: planted.asHeaders })).toEqual({});
    });

    it('is also created by invalidate, which drops the data', async () => {
      const visitor = app.visitor();
      const before = await visitor.handle((session) => session.put({ userId: 1 }).flash('status', 'x').id);
      const after = await visitor.in((session) => session.invalidate().id);
      expect(after).not.toBe(before.value);
      expect(await visitor.in((session) => [session.id, session.all()])).toEqual([after, {}]);
      expect(await app.manager.read(before.value)).toBeNull();
      expect(await app.visitor().in((session) => session.all(), { headers: before.asHeaders })).toEqual({});
    });
  });

  it('forgets one key, several, or flushes everything', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put({ name: 'a', status: 'b', age: 3, kept: 4 }));
    await visitor.in((session) => session.forget('name'));
    expect(await visitor.in((session) => session.all())).toEqual({ status: 'b', age: 3, kept: 4 });
    await visitor.in((session) => session.forget(['status', 'age', 'absent']));
    expect(await visitor.in((session) => session.all())).toEqual({ kept: 4 });
    await visitor.in((session) => session.flush());
    expect(await visitor.in((session) => session.all())).toEqual({});
  });

  describe('flash data', () => {
    const status = (session: RequestSession) => session.get('status', null);

    it('is available in the same and the next request, then gone', async () => {
      const visitor = app.visitor();
      expect(await visitor.in((session) => status(session.flash('status', 'Task was successful!')))).toBe(
        'Task was successful!',
      );
      expect(await visitor.in(status)).toBe('Task was successful!');
      expect(await visitor.in(status)).toBeNull();
    });

    it('lives one request longer with each reflash', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.flash({ status: 'ok', username: 'ada' }));
      const both = { status: 'ok', username: 'ada' };
      expect(await visitor.in((session) => session.reflash().all())).toEqual(both);
      expect(await visitor.in((session) => session.reflash().all())).toEqual(both);
      expect(await visitor.in((session) => session.all())).toEqual(both);
      expect(await visitor.in((session) => session.all())).toEqual({});
    });

    it('can be kept selectively with keep', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.flash({ username: 'ada', email: 'a@example.org', status: 'ok' }));
      await visitor.in((session) => session.keep(['username', 'email']));
      expect(await visitor.in((session) => session.all())).toEqual({
        username: 'ada',
        email: 'a@example.org',
      });
      expect(await visitor.in((session) => session.all())).toEqual({});
    });

    it('set with now does not outlive the request', async () => {
      const visitor = app.visitor();
      const { value, cookies } = await visitor.handle((session) =>
        status(session.now('status', 'Task was successful!')),
      );
      expect(value).toBe('Task was successful!');
      expect(cookies).toEqual([]);
      expect(await visitor.in(status)).toBeNull();
    });
  });

  it('increments and decrements by one or by a given amount', async () => {
    const visitor = app.visitor();
    const counted = await visitor.in((session) => [
      session.increment('count'),
      session.increment('count', 2),
      session.decrement('count'),
      session.decrement('count', 2),
    ]);
    expect(counted).toEqual([1, 3, 2, 0]);
    expect(await visitor.in((session) => session.get('count'))).toBe(0);
  });

  it('pulls a value out, or returns the default', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put('key', 'value'));
    expect(
      await visitor.in((session) => [session.pull('key', 'default'), session.pull('key', 'default')]),
    ).toEqual(['value', 'default']);
    expect(await visitor.in((session) => session.all())).toEqual({});
  });

  it('pushes onto a list at a path, created if missing', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put('user', { name: 'Ada', teams: ['testers'] }));
    await visitor.in((session) => session.push('user.teams', 'developers').push('guest.teams', 'readers'));
    expect(await visitor.in((session) => session.all())).toEqual({
      user: { name: 'Ada', teams: ['testers', 'developers'] },
      guest: { teams: ['readers'] },
    });
  });

  it('stores a value for later requests', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put('key', 'value'));
    expect(await visitor.in((session) => session.get('key'))).toBe('value');
  });

  it('reports what it has, what exists, and what is missing', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put({ users: ['ada'], nobody: null }));
    const seen = await visitor.in((session) =>
      ['users', 'nobody', 'absent'].map((key) => [
        session.has(key),
        session.exists(key),
        session.missing(key),
      ]),
    );
    expect(seen).toEqual([
      [true, true, false],
      [false, true, true],
      [false, false, true],
    ]);
  });

  it('returns all of its data', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put({ a: 1, b: { c: [2] } }));
    expect(await visitor.in((session) => session.all())).toEqual({ a: 1, b: { c: [2] } });
  });

  describe('a driver of your own', () => {
    const withDriver = (driver: MongoSessionHandler, options: Partial<SessionModuleOptions> = {}) => {
      @Injectable()
      class SessionProvider implements OnModuleInit {
        constructor(private readonly sessions: SessionManager) {}

        onModuleInit() {
          this.sessions.extend('mongo', () => driver);
        }
      }
      return start({ options: { driver: 'mongo', ...options }, providers: [SessionProvider] });
    };

    it('is registered while the application boots, and selected by name', async () => {
      const driver = new MongoSessionHandler();
      await using mongo = await withDriver(driver);
      expect(mongo.manager.driver('mongo')).toBe(driver);
      await mongo.visitor().in((session) => session.put('a', 1));
      expect(driver.named('write')).toHaveLength(1);
    });

    it('is opened once with its option, and closed once', async () => {
      const driver = new MongoSessionHandler();
      const mongo = await withDriver(driver, { mongo: { collection: 'sessions' } });
      await mongo.visitor().in((session) => session.put('a', 1));
      expect(driver.named('open')).toEqual([['open', { collection: 'sessions' }]]);
      expect(driver.named('close')).toEqual([]);
      await mongo[Symbol.asyncDispose]();
      expect(driver.named('close')).toEqual([['close']]);
      expect(driver.named('open')).toHaveLength(1);
    });

    it('can omit open, close and garbage collection', async () => {
      await using bare = await start({
        options: { driver: 'bare', drivers: { bare: { useFactory: () => new CustomDriver(systemClock) } } },
      });
      const visitor = bare.visitor();
      await visitor.in((session) => session.put('a', 1));
      expect(await visitor.in((session) => session.get('a'))).toBe(1);
      expect(await bare.manager.collectGarbage()).toBe(0);
    });

    it('gets text to store, and returns the same text', async () => {
      const driver = new MongoSessionHandler();
      await using mongo = await withDriver(driver);
      const visitor = mongo.visitor();
      await visitor.in((session) => session.put('cart', [{ sku: 'tea' }]));
      const [[, written] = []] = driver.named('write');
      expect(written).toContain('"cart":[{"sku":"tea"}]');
      expect(await visitor.in((session) => session.get('cart'))).toEqual([{ sku: 'tea' }]);
      expect(driver.named('read')).toEqual([['read', written]]);
    });

    it('is called to destroy sessions, and periodically to collect garbage outside of requests', async () => {
      vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
      const driver = new MongoSessionHandler();
      await using mongo = await withDriver(driver, { gc: '5m' });
      const visitor = mongo.visitor();
      await visitor.in((session) => session.put('a', 1));
      await visitor.in((session) => session.destroy());
      expect(driver.named('destroy')).toHaveLength(1);
      expect(driver.named('collectGarbage')).toEqual([]);
      await vi.advanceTimersByTimeAsync(5 * 60_000);
      expect(driver.named('collectGarbage')).toEqual([['collectGarbage', Date.now()]]);
      expect(await mongo.manager.collectGarbage()).toBe(3);
    });
  });
});
