import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, startMemcached, startRedis } from '../servers/index.js';
import { eventually } from '../support/eventually.js';
import { TempFolder } from '../support/temp-folder.js';
import { type RegistryApplication, newFromRegistry } from './registry-application.js';

const NEST = process.env['MATRIX_NEST'] ?? '12';
const TREE_MODULES = join(process.env['MATRIX_TREE'] ?? '', 'node_modules');
const PACKAGE = join(TREE_MODULES, 'nestjs-session-kit');

/** The kinds of modules in the templates of this Nest, as `nest new` calls them. */
const KINDS = NEST === '12' ? ['esm', 'cjs'] : [''];

/** Nest 12 is ES modules, which Jest can load into CommonJS from Node 24.9 on. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const jestLoadsModules = major > 24 || (major === 24 && minor >= 9);

/** The matrix sets this if better-sqlite3 was built for another Node. */
const canOpenSqlite = process.env['MATRIX_SQLITE'] !== 'no';

const DRIVERS = ['stealth', 'memory', 'file', 'database', 'redis', 'memcached'];

/** A test of the application's own, in its template's test framework. */
const ownTest = (head: string, extension: string): string => `
import { Test } from '@nestjs/testing';
import { Session } from 'nestjs-session-kit';
import { fakeSession, overrideSession, sessionsOf, stopClock, withSession } from 'nestjs-session-kit/testing';
import request from 'supertest';
${head}
import { AppModule } from './app.module${extension}';

describe('The sessions of an application', () => {
  it('are tested alone', async () => {
    const session = fakeSession({ visits: 1 }, { flash: { status: 'Saved.' } });
    session.increment('visits');
    expect(session.did.values).toEqual({ visits: 2 });
    const { result } = await withSession({ visits: 4 }, () => Session.increment('visits'));
    expect(result).toBe(5);
  });

  it('are tested with visitors who are signed in, and a clock that moves', async () => {
    const builder = Test.createTestingModule({ imports: [AppModule] });
    const app = (await overrideSession(builder).compile()).createNestApplication();
    await app.init();
    const clock = stopClock();
    const sessions = sessionsOf(app);
    const ada = await sessions.sign(request.agent(app.getHttpServer()), { userId: '1' });
    expect((await sessions.of(await ada.get('/').expect(200))).userId).toBe('1');
    clock.advance('3h');
    expect((await sessions.of(await ada.get('/').expect(200))).exists).toBe(false);
    clock.restore();
    await app.close();
  });
});
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Copies this project's build of the SQLite client, which would otherwise have to be compiled or downloaded. */
function takeBuiltSqlite(application: RegistryApplication): void {
  const build = 'better-sqlite3/build';
  if (!existsSync(join(TREE_MODULES, build))) return;
  const target = join(application.folder, 'node_modules', build);
  mkdirSync(target, { recursive: true });
  cpSync(join(TREE_MODULES, build), target, { recursive: true, dereference: true });
}

async function expectToRemember(application: RegistryApplication): Promise<void> {
  const port = await freePort();
  const child = spawn(process.execPath, ['dist/main.js'], {
    cwd: application.folder,
    env: { ...process.env, ...application.env, PORT: String(port), NODE_ENV: '' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    const visitor = request.agent(`http://localhost:${port}`);
    await eventually(async () => {
      await visitor.get('/').expect(200, '1');
    });
    await visitor.get('/').expect(200, '2');
  } finally {
    child.kill();
  }
}

describe.each(KINDS)(`nest add in a new application of Nest ${NEST} %s`, { timeout: 3_600_000 }, (kind) => {
  let folder: TempFolder;
  let application: RegistryApplication;
  let servers: readonly TestServer[] = [];

  beforeAll(async () => {
    folder = await TempFolder.make();
    const [redis, memcached] = await Promise.all([startRedis(), startMemcached()]);
    servers = [redis, memcached];
    application = await newFromRegistry(folder.path, NEST, kind, PACKAGE);
    application.env = { REDIS_URL: redis.url, MEMCACHED_SERVERS: `${memcached.host}:${memcached.port}` };
    application.saveTo(join(folder.path, 'new'));
  }, 3_600_000);

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await folder[Symbol.asyncDispose]();
  });

  it.for(DRIVERS)(
    'leaves one that builds, passes its tests, starts and has sessions with the driver %s, and changes nothing the second time',
    async (driver, { skip }) => {
      skip(driver === 'database' && !canOpenSqlite, 'needs a better-sqlite3 that is built for this Node');
      application.restoreFrom(join(folder.path, 'new'));
      // This version is not published, so it cannot be installed.
      const add = ['add', 'nestjs-session-kit', '--skip-install', '--driver', driver];
      await application.nest(...add);
      const isDatabase = driver === 'database';
      if (isDatabase) await application.nest('g', '-c', 'nestjs-session-kit', 'session-table');
      if (driver === 'file')
        await application.nest('g', '-c', 'nestjs-session-kit', 'session-driver', 'mongo');
      const files = ['package.json', '.env', '.env.example', 'src/app.module.ts', 'src/config/session.ts'];
      const before = files.map((file) => application.read(file));
      await application.nest(...add);
      expect(files.map((file) => application.read(file))).toEqual(before);
      const scripts = isDatabase ? ['--ignore-scripts'] : [];
      await application.run('npm', 'install', '--no-audit', '--no-fund', ...scripts);
      if (isDatabase) takeBuiltSqlite(application);

      await application.run('npm', 'run', 'build');
      if (NEST === '11' || kind === 'esm' || jestLoadsModules) {
        const usesVitest = application.read('package.json').includes('vitest');
        const head = usesVitest ? `import { describe, expect, it } from 'vitest';` : '';
        application.write('src/sessions.spec.ts', ownTest(head, kind === 'esm' ? '.js' : ''));
        await application.run('npm', 'test');
        await application.run('npm', 'run', 'test:e2e');
      }

      application.replace(
        'src/app.service.ts',
        `return 'Hello World!'`,
        `return String(Session.increment('visits'))`,
      );
      application.replace('src/app.service.ts', '', `import { Session } from 'nestjs-session-kit';\n`);
      await application.run('npm', 'run', 'build');
      await expectToRemember(application);
    },
  );
});
