import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import {
  type OpenStore,
  type StoreSetting,
  openStore,
  prepareStore,
} from '../parallel/support/store-setting.js';
import { viewOfStored } from '../parallel/support/play-history.js';
import { DataSource } from 'typeorm';
import { SessionEntity, type SessionModuleOptions } from 'nestjs-session-kit';
import { Keyring } from '../../lib/crypto/keyring.js';
import {
  type Piece,
  type TestServer,
  describeWith,
  startMariadb,
  startMemcachedProcess,
  startPostgres,
  startRedisProcess,
} from '../servers/index.js';
import { Load, LoadController, type LoadVisitor } from '../support/load.js';
import { PendingDriver } from '../support/pending-driver.js';
import { SECRET, TestApp } from '../support/test-app.js';

const STORE_TIMEOUT_MS = 300;
/** A machine with more to do than these tests may be late by so much. */
const LATE_MS = 10_000;
/** A second on a machine that is free; a busy one is no reason to fail. What is never back, is not back after ten either. */
const BACK_WITHIN_MS = 10_000;
const VISITORS = 8;

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeAll(() => process.on('unhandledRejection', note));
afterAll(() => {
  process.off('unhandledRejection', note);
  if (unhandled.length > 0) {
    throw new AggregateError(unhandled, 'Promises failed that nobody looked after');
  }
});

interface Kind {
  readonly name: Piece;
  start(): Promise<TestServer>;
  setting(server: TestServer): StoreSetting;
  /** Whether what was stored survives the end of the server. */
  readonly keeps: boolean;
}

const KINDS: readonly Kind[] = [
  {
    name: 'redis',
    start: startRedisProcess,
    setting: ({ url }) => ({ driver: 'redis', url, prefix: 'trouble:' }),
    keeps: true,
  },
  {
    name: 'memcached',
    start: startMemcachedProcess,
    setting: ({ host, port }) => ({ driver: 'memcached', servers: `${host}:${port}`, prefix: 'trouble:' }),
    keeps: false,
  },
  {
    name: 'postgres',
    start: startPostgres,
    setting: ({ url }) => ({ driver: 'database', source: { type: 'postgres', url } }),
    keeps: true,
  },
  {
    name: 'mariadb',
    start: startMariadb,
    setting: ({ url }) => ({ driver: 'database', source: { type: 'mariadb', url } }),
    keeps: true,
  },
];

for (const kind of KINDS) {
  describeWith(
    [kind.name],
    `an application under load whose ${kind.name} is in trouble`,
    () => {
      let server: TestServer;
      let store: OpenStore;
      let driver: PendingDriver;
      let app: TestApp;
      let load: Load;
      const lines: string[] = [];

      beforeAll(async () => {
        server = await kind.start();
        const setting = kind.setting(server);
        await prepareStore(setting);
        store = await openStore(setting, STORE_TIMEOUT_MS);
        driver = new PendingDriver(store.driver);
        const write = (line: unknown) => lines.push(String(line));
        app = await TestApp.start('fastify', {
          controllers: [LoadController],
          options: {
            driver: 'pending',
            drivers: { pending: { useFactory: () => driver } },
            storeTimeout: STORE_TIMEOUT_MS,
          },
          configure: (application) => application.useLogger({ log: write, warn: write, error: write }),
        });
      });
      afterEach(() => load.end());
      afterAll(async () => {
        await app.app.close();
        await store.close();
        await server.stop();
      });

      async function begin(): Promise<void> {
        load = await Load.begin(app.url, VISITORS);
        await vi.waitFor(() => expect(load.answers.length).toBeGreaterThan(50), { timeout: 15_000 });
        lines.length = 0;
      }

      /** Everybody is served again, soon after the store is back. */
      async function expectBack(): Promise<void> {
        await vi.waitFor(
          async () => {
            const answers = await Promise.all(
              load.visitors.flatMap((visitor) => [load.read(visitor), load.count(visitor)]),
            );
            expect(answers.map(({ status }) => status)).toEqual(load.visitors.flatMap(() => [200, 201]));
          },
          { timeout: BACK_WITHIN_MS, interval: 20 },
        );
      }

      /** Nobody waited long, no stranger noticed, no cookie was touched. */
      function expectDecent(): void {
        const { answers } = load;
        expect(answers.filter(({ kind: of, status }) => of === 'stranger' && status !== 200)).toEqual([]);
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 201, 503]));
        expect(answers.filter(({ setsCookie }) => setsCookie)).toEqual([]);
        // Loading and storing may both have to wait; a commit may look after its write once more.
        expect(Math.max(...answers.map(({ tookMs }) => tookMs))).toBeLessThan(3 * STORE_TIMEOUT_MS + LATE_MS);
      }

      /** Every session has what was stored in it: nothing that was acknowledged is missing, nothing is there twice. */
      async function expectKept(visitors: readonly LoadVisitor[]): Promise<void> {
        await load.end();
        for (const { cookie, counted, uncertain } of visitors) {
          const id = new Keyring([SECRET], 'session').verify(cookie.slice('session='.length));
          const view = await viewOfStored(store.driver, id ?? '');
          expect(view?.values['name']).toBe('Ada');
          expect(view?.values['count']).toBeGreaterThanOrEqual(counted);
          expect(view?.values['count']).toBeLessThanOrEqual(counted + uncertain);
        }
        await vi.waitFor(() => expect(driver.pending).toBe(0), { timeout: 10_000 });
      }

      function expectSaidOnce(): void {
        expect(lines.filter((line) => line.includes('Said once'))).toHaveLength(1);
        expect(lines.filter((line) => line === 'The session store "pending" is back.')).toHaveLength(1);
      }

      it('goes on where it stops answering, and lets nothing pile up', async () => {
        await begin();
        server.pause();
        await sleep(3 * STORE_TIMEOUT_MS);
        const most = driver.pending;
        await sleep(5 * STORE_TIMEOUT_MS);
        // Twice the load has been sent meanwhile, and no more is waiting than before.
        expect(driver.pending).toBeLessThanOrEqual(Math.max(most, 3 * VISITORS));
        server.resume();
        await expectBack();
        expectDecent();
        await expectKept(load.visitors);
        expectSaidOnce();
      });

      it('goes on where it is killed in the middle of requests, and started again', async () => {
        await begin();
        await server.kill();
        await sleep(3 * STORE_TIMEOUT_MS);
        await server.restart();
        if (kind.keeps) {
          await expectBack();
          expectDecent();
          await expectKept(load.visitors);
        } else {
          // Its sessions are gone with it; whoever comes back begins anew.
          await load.end();
          await vi.waitFor(
            async () => expect((await load.read(load.visitors[0] ?? nobody)).status).toBe(200),
            {
              timeout: BACK_WITHIN_MS,
              interval: 20,
            },
          );
        }
        expectSaidOnce();
      });

      it('goes on where it is restarted under load', async () => {
        await begin();
        await server.restart();
        if (kind.keeps) {
          await expectBack();
          await expectKept(load.visitors);
        } else {
          await load.end();
          const { status } = await load.read(load.visitors[0] ?? nobody);
          expect(status).toBe(200);
        }
      });

      it('is booted while the store is down, and works once it is there', async () => {
        await begin();
        await load.end();
        const [visitor = nobody] = load.visitors;
        await server.kill();
        const late = await lateStore(kind.setting(server));
        await using second = await TestApp.start('express', {
          controllers: [LoadController],
          options: { ...late.options, storeTimeout: STORE_TIMEOUT_MS },
        });
        const ask = async (cookie: string) =>
          (await fetch(`${second.url}/name`, { headers: cookie === '' ? {} : { cookie } })).status;
        expect(await ask('')).toBe(200);
        expect(await ask(visitor.cookie)).toBe(503);
        expect((await fetch(`${second.url}/begin`, { method: 'POST' })).status).toBe(503);
        await server.restart();
        await late.connect();
        await vi.waitFor(async () => expect(await ask(visitor.cookie)).toBe(200), {
          timeout: BACK_WITHIN_MS,
          interval: 20,
        });
        expect((await fetch(`${second.url}/begin`, { method: 'POST' })).status).toBe(201);
        await late.close();
      });
    },
    { controlsServer: true },
  );
}

const nobody: LoadVisitor = { cookie: '', counted: 0, uncertain: 0 };

interface LateStore {
  readonly options: Partial<SessionModuleOptions>;
  /** What the application itself does when its store is there at last. */
  connect(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** The drivers as the options name them, on a store that is down. */
async function lateStore(setting: StoreSetting): Promise<LateStore> {
  const nothing = () => Promise.resolve();
  switch (setting.driver) {
    case 'redis':
    case 'memcached': {
      const { driver, ...config } = setting;
      return { options: { driver, [driver]: config }, connect: nothing, close: nothing };
    }
    case 'database': {
      // The data source is the application's own: it connects it, and goes on where that does not work yet.
      const dataSource = new DataSource({ ...setting.source, entities: [SessionEntity] });
      await expect(dataSource.initialize()).rejects.toThrow('ECONNREFUSED');
      return {
        options: { driver: 'database', database: { dataSource } },
        connect: () => dataSource.initialize(),
        close: () => dataSource.destroy(),
      };
    }
    case 'file':
      throw new Error('Files are always there');
  }
}
