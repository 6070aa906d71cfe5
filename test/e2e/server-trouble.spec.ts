import { afterAll, afterEach, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import {
  type OpenStore,
  type StoreSetting,
  openStore,
  prepareStore,
} from '../parallel/support/store-setting.js';
import { viewOfStored } from '../parallel/support/play-history.js';
import { DataSource } from 'typeorm';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { SessionEntity } from 'nestjs-session-kit/typeorm';
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
import { Load, type LoadAnswer, LoadController, type LoadVisitor } from '../support/load.js';
import { PendingDriver } from '../support/pending-driver.js';
import { SECRET, TestApp } from '../support/test-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';

/**
 * Real time, since nothing else detects a paused server. On a machine where a healthy store takes longer, requests fail
 * before and after the trouble as well, which every test tolerates. That no call holds a request longer than the timeout, to the
 * millisecond, is tested with a stopped clock (test/drivers/guard/store-guard.spec.ts); here, that no request waits forever.
 */
const STORE_TIMEOUT_MS = 3_000;
/**
 * Less than the time limit of a test, so that the report says what was missing. That no client pauses for longer than a
 * second between attempts is tested without a server (test/drivers/back-within-a-second.spec.ts); the time taken here is printed.
 */
const BACK_WITHIN_MS = 500_000;
const VISITORS = 4;
/** The calls that the guards let through to a store that does not answer, to see whether it is back. */
const PROBES_AT_A_TIME = 10;
const PROBES_PER_SECOND = 2;

refuseUnhandledRejections();

interface Kind {
  readonly name: Piece;
  start(): Promise<TestServer>;
  setting(server: TestServer): StoreSetting;
  /** Whether stored sessions survive the end of the server. */
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
      /** The same application on the same store, configured to continue without sessions. */
      let degrading: TestApp;
      let load: Load | undefined;
      const lines: string[] = [];

      beforeAll(async () => {
        server = await kind.start();
        const setting = kind.setting(server);
        await prepareStore(setting);
        store = await openStore(setting, STORE_TIMEOUT_MS);
        driver = new PendingDriver(store.driver);
        const write = (line: unknown) => {
          if (String(line).includes('"pending"')) lines.push(String(line));
        };
        // Started first, because Nest has one logger for all applications of a process: that of the last one.
        degrading = await TestApp.start('express', {
          controllers: [LoadController],
          options: {
            driver: 'degraded',
            drivers: { degraded: { useFactory: () => driver } },
            storeTimeout: STORE_TIMEOUT_MS,
            whenStoreFails: 'degrade',
          },
        });
        app = await TestApp.start('fastify', {
          controllers: [LoadController],
          options: {
            driver: 'pending',
            drivers: { pending: { useFactory: () => driver } },
            storeTimeout: STORE_TIMEOUT_MS,
            // However long the trouble takes on this machine, no renewal sends a cookie during it.
            touchEvery: '1h',
          },
          configure: (application) => application.useLogger({ log: write, warn: write, error: write }),
        });
      });
      afterEach(async () => {
        // A test that fails half-way must not leave the next one a paused or dead server.
        server.resume();
        if (server.pid === 0) await server.restart();
        await load?.end();
        load = undefined;
      });
      afterAll(async () => {
        await app.app.close();
        await degrading.app.close();
        await store.close();
        await server.stop();
      });

      interface Scene {
        readonly load: Load;
        /** Has a session with { name: 'Ada' } in it, and sends nothing during the trouble. */
        readonly quiet: LoadVisitor;
        /** The record of that session in the store. */
        readonly record: unknown;
      }

      const recordOf = ({ cookie }: LoadVisitor) => store.driver.read(idIn(cookie));

      /** Retries until its visitors have begun their sessions. */
      const begunLoad = (visitors: number): Promise<Load> =>
        vi.waitFor(() => Load.begin(app.url, visitors), { timeout: BACK_WITHIN_MS });

      async function begin(): Promise<Scene> {
        await vi.waitFor(
          async () => expect((await fetch(`${app.url}/begin`, { method: 'POST' })).status).toBe(201),
          { timeout: BACK_WITHIN_MS },
        );
        const others = await begunLoad(1);
        await others.end();
        const [quiet = nobody] = others.visitors;
        const record = await recordOf(quiet);
        expect(record).toMatchObject({ version: expect.any(Number) });
        const begun = await begunLoad(VISITORS);
        load = begun;
        await vi.waitFor(() => expect(begun.answers.length).toBeGreaterThan(50), {
          timeout: BACK_WITHIN_MS,
        });
        lines.length = 0;
        return { load: begun, quiet, record };
      }

      /** Waits until every visitor has been refused several times, and checks what must hold throughout. */
      async function expectTrouble({ load: { answers, width }, quiet }: Scene): Promise<void> {
        const begun = performance.now();
        const refused = () => answers.filter(({ status }) => status === 503).length;
        const moreRefused = async (): Promise<void> => {
          const before = refused();
          await vi.waitFor(() => expect(refused() - before).toBeGreaterThan(6 * width), {
            timeout: BACK_WITHIN_MS,
          });
        };
        await moreRefused();
        const said = lines.length;
        await moreRefused();
        // Six times as many requests were sent as can be pending, and no more calls wait than at the beginning.
        const probes = PROBES_AT_A_TIME + (PROBES_PER_SECOND * (performance.now() - begun)) / 1_000;
        expect(driver.pending).toBeLessThanOrEqual(2 * width + probes);
        // While nothing succeeds, nothing more is logged.
        expect(lines).toHaveLength(said);
        expect(lines.at(-1)).toContain('Said once');
        const degraded = await fetch(`${degrading.url}/name`, { headers: { cookie: quiet.cookie } });
        expect(degraded.status).toBe(200);
        expect(await degraded.json()).toEqual({ name: 'nobody' });
        expect(degraded.headers.getSetCookie()).toEqual([]);
        expect((await fetch(`${degrading.url}/begin`, { method: 'POST' })).status).toBe(503);
        expectDecent(answers);
      }

      /** Expects every visitor to be served again, soon after the store is back. */
      async function expectBack({ load: running, quiet }: Scene): Promise<void> {
        const { visitors } = running;
        const begun = performance.now();
        await vi.waitFor(
          async () => {
            const answers = await Promise.all(
              visitors.flatMap((visitor) => [running.read(visitor), running.count(visitor)]),
            );
            expect(answers.map(({ status }) => status)).toEqual(visitors.flatMap(() => [200, 201]));
          },
          { timeout: BACK_WITHIN_MS, interval: 20 },
        );
        console.info(`${kind.name}: everybody was served again after ${ms(performance.now() - begun)}`);
        await vi.waitFor(
          async () => {
            const degraded = await fetch(`${degrading.url}/name`, { headers: { cookie: quiet.cookie } });
            expect(await degraded.json()).toEqual({ name: 'Ada' });
          },
          { timeout: BACK_WITHIN_MS },
        );
      }

      /** Expects that visitors without a session were unaffected, and that no cookie was set. */
      function expectDecent(answers: readonly LoadAnswer[]): void {
        expect(answers.filter(({ kind: of, status }) => of === 'stranger' && status !== 200)).toEqual([]);
        const statuses = new Set(answers.map(({ status }) => status));
        expect([...statuses].filter((status) => ![200, 201, 503].includes(status))).toEqual([]);
        expect(answers.filter(({ setsCookie }) => setsCookie)).toEqual([]);
        const longest = Math.max(...answers.map(({ tookMs }) => tookMs));
        console.info(`${kind.name}: of ${answers.length} requests the longest took ${ms(longest)}`);
      }

      /** Expects every session to hold what was stored: no acknowledged change is missing or applied twice. */
      async function expectKept({ load: { visitors }, quiet, record }: Scene): Promise<void> {
        await load?.end();
        for (const { cookie, counted, uncertain } of visitors) {
          const view = await viewOfStored(store.driver, idIn(cookie));
          expect(view?.values['name']).toBe('Ada');
          expect(view?.values['count']).toBeGreaterThanOrEqual(counted);
          expect(view?.values['count']).toBeLessThanOrEqual(counted + uncertain);
        }
        expect(await recordOf(quiet)).toEqual(record);
        await vi.waitFor(() => expect(driver.pending).toBe(0), { timeout: BACK_WITHIN_MS });
      }

      /** Expects all that must hold once a store is back that kept its data. */
      async function expectGoneOn(scene: Scene): Promise<void> {
        await expectBack(scene);
        expectDecent(scene.load.answers);
        await expectKept(scene);
      }

      /** Expects the sessions to be gone with the server, and new ones to begin. */
      async function expectNewBeginning(scene: Scene): Promise<void> {
        await load?.end();
        await vi.waitFor(async () => expect((await scene.load.read(scene.quiet)).status).toBe(200), {
          timeout: BACK_WITHIN_MS,
          interval: 20,
        });
        // Requests of visitors that the store had failed show that it is back.
        await vi.waitFor(
          async () => {
            const answers = await Promise.all(scene.load.visitors.map((visitor) => scene.load.read(visitor)));
            expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
          },
          { timeout: BACK_WITHIN_MS },
        );
        expect(await recordOf(scene.quiet)).toBeNull();
        await vi.waitFor(
          async () => expect((await fetch(`${app.url}/begin`, { method: 'POST' })).status).toBe(201),
          { timeout: BACK_WITHIN_MS },
        );
      }

      /** Expects the log to say in turn that the store failed and is back: once each, unless the machine was too slow. */
      function expectSaidInTurn(): void {
        expect(lines.length).toBeGreaterThanOrEqual(2);
        for (const [at, line] of lines.entries())
          expect(line).toMatch(
            at % 2 === 0 ? /failed|did not answer|lost/ : /^The session store "pending" is back\./,
          );
        expect(lines.length % 2).toBe(0);
      }

      it('continues when it stops answering, and lets nothing pile up', async () => {
        const scene = await begin();
        server.pause();
        await expectTrouble(scene);
        server.resume();
        await expectGoneOn(scene);
        expectSaidInTurn();
      });

      it('continues when it is killed in the middle of requests and started again', async () => {
        const scene = await begin();
        await server.kill();
        await expectTrouble(scene);
        await server.restart();
        if (kind.keeps) await expectGoneOn(scene);
        else await expectNewBeginning(scene);
        expectSaidInTurn();
      });

      it('continues when it is restarted under load', async () => {
        const scene = await begin();
        await server.restart();
        if (kind.keeps) await expectGoneOn(scene);
        else await expectNewBeginning(scene);
      });

      it('boots while the store is down, and works once it is up', async () => {
        const { quiet: visitor } = await begin();
        await load?.end();
        await server.kill();
        const late = await lateStore(kind.setting(server));
        onTestFinished(async () => void (await late.close()));
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
        const begun = performance.now();
        await vi.waitFor(async () => expect(await ask(visitor.cookie)).toBe(200), {
          timeout: BACK_WITHIN_MS,
          interval: 20,
        });
        console.info(`${kind.name}: the late store was used after ${ms(performance.now() - begun)}`);
        await vi.waitFor(
          async () => {
            expect((await fetch(`${second.url}/begin`, { method: 'POST' })).status).toBe(201);
            const name = await fetch(`${second.url}/name`, { headers: { cookie: visitor.cookie } });
            expect(await name.json()).toEqual({ name: kind.keeps ? 'Ada' : 'nobody' });
            expect(name.headers.getSetCookie()).toEqual([]);
          },
          { timeout: BACK_WITHIN_MS },
        );
      });
    },
    { controlsServer: true },
  );
}

const nobody: LoadVisitor = { cookie: '', counted: 0, uncertain: 0 };

const idIn = (cookie: string): string =>
  new Keyring([SECRET], 'session').verify(cookie.slice('session='.length)) ?? '';

const ms = (duration: number): string => `${Math.round(duration)} ms`;

interface LateStore {
  readonly options: Partial<SessionModuleOptions>;
  /** What the application itself does once its store is up. */
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
      // The data source is the application's own: the application connects it, and continues if that fails at first.
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
