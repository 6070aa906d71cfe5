import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedServer } from '../servers/index.js';
import { Editor } from './editor.js';
import { EARLIER_COMPILER_OPTIONS, FreshApplications, MODULE_KINDS } from './fresh-applications.js';
import { type PackedPackage, packedIn } from './packed-package.js';

const execute = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { optional: boolean }>;
  readonly exports: Record<string, string | Record<string, Record<'types' | 'default', string>>>;
  readonly types: string;
  readonly schematics: string;
}

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

describe('The package', () => {
  const fresh = new FreshApplications();
  /** One per application. All stay open to the end, so that each reuses what the one before has parsed. */
  const editors: Editor[] = [];
  /** The declarations of other packages that were checked with one of the applications. */
  const checked = new Set<string>();
  let packed: PackedPackage;
  let manifest: Manifest;
  let optionalPeers: readonly string[];

  beforeAll(async () => {
    packed = packedIn((await sharedServer('package')).url);
    await fresh.install(packed.tarball);
    manifest = readManifest(packed.folder);
    optionalPeers = Object.entries(manifest.peerDependenciesMeta)
      .filter(([, { optional }]) => optional)
      .map(([name]) => name);
  });

  afterAll(() => {
    for (const editor of editors) editor[Symbol.dispose]();
    fresh[Symbol.dispose]();
  });

  /** Runs the code as a module beside the package's own sources, where every optional peer is installed. */
  async function runBesidePackage(code: string): Promise<string> {
    const script = join(packed.folder, 'script.mjs');
    writeFileSync(script, code);
    const { stdout } = await execute(process.execPath, [script], { cwd: packed.folder });
    return stdout;
  }

  it('has exactly the files it needs in its tarball', () => {
    // The Nest CLI finds these through a file that names them; nobody imports them.
    const isSchematic = (path: string): boolean => path.startsWith('dist/schematics/');
    const schematics = packed.contents.filter(isSchematic);
    expect(schematics.filter((path) => !path.endsWith('.js')).toSorted()).toEqual([
      'dist/schematics/collection.json',
      'dist/schematics/nest-add/schema.json',
      'dist/schematics/session-driver/schema.json',
      'dist/schematics/session-table/schema.json',
    ]);
    expect(packed.contents).toContain(manifest.schematics.replace('./', ''));
    const compiled = packed.contents.filter((path) => path.startsWith('dist/') && !isSchematic(path));
    expect(packed.contents.filter((path) => !path.startsWith('dist/')).toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'package.json',
    ]);
    // The same in CommonJS, where only the entry points have declarations: those of the ES modules.
    const isCommonjs = (path: string): boolean => path.startsWith('dist/commonjs/');
    expect(compiled.filter((path) => isCommonjs(path) && path.endsWith('.d.ts')).toSorted()).toEqual([
      'dist/commonjs/conformance/index.d.ts',
      'dist/commonjs/drivers/database/index.d.ts',
      'dist/commonjs/index.d.ts',
      'dist/commonjs/migrate/index.d.ts',
      'dist/commonjs/testing/index.d.ts',
    ]);
    expect(compiled.filter((path) => !/\.(js|d\.ts)$/.test(path))).toEqual(['dist/commonjs/package.json']);
    const modules = compiled.filter((path) => path.endsWith('.js') && !isCommonjs(path));
    expect(compiled.filter((path) => path.endsWith('.js') && isCommonjs(path)).toSorted()).toEqual(
      modules.map((path) => path.replace('dist/', 'dist/commonjs/')).toSorted(),
    );
    expect(modules.map((path) => path.replace(/\.js$/, '.d.ts')).toSorted()).toEqual(
      compiled.filter((path) => path.endsWith('.d.ts') && !isCommonjs(path)).toSorted(),
    );
  });

  it('exports only files that are in the tarball, with their types first', () => {
    const entries = Object.values(manifest.exports).map((entry) =>
      typeof entry === 'string' ? [] : Object.values(entry),
    );
    expect(entries.flat().map((target) => Object.keys(target)[0])).toEqual(entries.flat().map(() => 'types'));
    const targets = entries.flat().flatMap((target) => Object.values(target));
    for (const target of [...targets, manifest.types])
      expect(packed.contents).toContain(target.replace('./', ''));
  });

  it('declares every optional peer as a peer, and has every peer as a dev dependency', () => {
    expect(Object.keys(manifest.peerDependencies)).toEqual(expect.arrayContaining([...optionalPeers]));
    const required = Object.keys(manifest.peerDependencies).filter((name) => !optionalPeers.includes(name));
    expect(required).toEqual(['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs']);
    expect(Object.keys(manifest.devDependencies)).toEqual(
      expect.arrayContaining(Object.keys(manifest.peerDependencies)),
    );
  });

  it('installs without the optional peers that an application does not have', () => {
    const installed = (name: string): boolean => existsSync(join(fresh.folder, 'node_modules', name));
    expect(installed(manifest.name)).toBe(true);
    expect(Object.keys(manifest.dependencies).filter((name) => !installed(name))).toEqual([]);
    expect(optionalPeers.filter((name) => name !== '@nestjs/platform-express').filter(installed)).toEqual([]);
  });

  it('loads no optional peer when it is imported, even if all of them are installed', async () => {
    const loaded = await runBesidePackage(`
      import { register } from 'node:module';
      import { MessageChannel } from 'node:worker_threads';
      const { port1, port2 } = new MessageChannel();
      const specifiers = [];
      port1.on('message', (specifier) => specifiers.push(specifier));
      const hooks = \`
        let port;
        export function initialize(data) { port = data.port; }
        export function resolve(specifier, context, next) { port.postMessage(specifier); return next(specifier, context); }
      \`;
      register('data:text/javascript,' + encodeURIComponent(hooks), { data: { port: port2 }, transferList: [port2] });
      await import('${manifest.name}');
      await new Promise((resolve) => setImmediate(resolve));
      port1.close();
      console.log(JSON.stringify(specifiers));
    `);
    const specifiers: string[] = JSON.parse(loaded);
    expect(specifiers).toContain('@nestjs/common');
    expect(specifiers.filter((name) => optionalPeers.includes(name))).toEqual([]);
  });

  // Sessions are found by classes and an async context that must exist once: CommonJS is for tools that cannot
  // load ES modules, and Node never loads it.
  it('is one and the same for import and for require, at every entry point', async () => {
    const said = await runBesidePackage(`
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      for (const entry of ['', '/typeorm', '/conformance', '/migrate', '/testing']) {
        const required = require('${manifest.name}' + entry);
        const imported = await import('${manifest.name}' + entry);
        const loaded = Object.keys(require.cache).filter((path) => path.includes('commonjs'));
        console.log(entry, required === imported, Object.keys(imported).length > 0, loaded.length);
      }
    `);
    expect(said.split('\n')).toEqual([
      ' true true 0',
      '/typeorm true true 0',
      '/conformance true true 0',
      '/migrate true true 0',
      '/testing true true 0',
      '',
    ]);
  });

  it('exports the same names in CommonJS', async () => {
    const said = await runBesidePackage(`
      import { createRequire } from 'node:module';
      const names = (of) => Object.keys(of).filter((name) => name !== '__esModule').sort().join();
      for (const entry of ['index', 'conformance/index', 'drivers/database/index', 'migrate/index', 'testing/index']) {
        const commonjs = createRequire(import.meta.url)('./dist/commonjs/' + entry + '.js');
        console.log(names(commonjs) === names(await import('./dist/' + entry + '.js')));
      }
    `);
    expect(said).toBe('true\n'.repeat(5));
  });

  it('exports its TypeORM entity and migration from an entry point of their own', async () => {
    const said = await runBesidePackage(`
      import { DataSource } from 'typeorm';
      import { CreateSessionsTable1700000000000, SessionEntity } from '${manifest.name}/typeorm';
      const source = await new DataSource({
        type: 'better-sqlite3', database: ':memory:',
        entities: [SessionEntity], migrations: [CreateSessionsTable1700000000000], migrationsRun: true,
      }).initialize();
      console.log(source.getMetadata(SessionEntity).tableName, await source.getRepository(SessionEntity).count());
    `);
    expect(said).toBe('sessions 0\n');
  });

  describe.each(MODULE_KINDS)('in an application of type "%s"', (kind) => {
    let editor: Editor;
    beforeAll(() => {
      fresh.create(kind);
      editor = new Editor(fresh.folderOf(kind));
      editors.push(editor);
    });

    // Without skipLibCheck, the package's declarations are checked as well.
    it('compiles in strict mode, with every declaration checked', () => {
      expect(editor.compile(checked)).toBe('');
    });

    it('passes the driver of the documentation through the conformance suite, under node:test', async () => {
      const report = await fresh.test(kind, 'driver-conformance.js');
      expect(Number(/^# pass (\d+)$/m.exec(report)?.[1])).toBeGreaterThan(80);
      expect(report).toMatch(/^# fail 0$/m);
    });

    it('lets an application be tested under node:test', async () => {
      const report = await fresh.test(kind, 'testing.js');
      expect(report).toMatch(/^# pass 2$/m);
      expect(report).toMatch(/^# fail 0$/m);
    });

    it.each([
      "class A { show(@Session('|') value: unknown) {} }",
      "Session.get('|')",
      "session.get('|')",
      "session.get('|', null)",
      "session.put('|', 1)",
      "session.has('|')",
      "session.has('visits', '|')",
      "session.only(['|'])",
      "session.pull('|')",
      "session.remember('|')",
      "session.forget('|')",
    ])('completes the declared keys in an editor: %s', (line) => {
      const head = `import { Session } from '${manifest.name}';\ndeclare const session: Session;\n`;
      // Without a better answer, it offers a list of all known names.
      expect(editor.completionsAt(head + line).filter((name) => name !== '')).toEqual(['userId', 'visits']);
    });

    it('runs, and keeps its session from one request to the next', async () => {
      await using running = await fresh.start(kind);
      const visitor = request.agent(running.url);
      expect((await visitor.get('/').expect(200)).headers['set-cookie']).toBeUndefined();
      const first = await visitor.post('/').send({ status: 'Welcome.' }).expect(201, { visits: 1 });
      expect(first.headers['set-cookie']).toEqual([
        expect.stringMatching(/^shop=v1\.[^;]+; Max-Age=3600; Path=\/; HttpOnly; SameSite=Strict$/),
      ]);
      await visitor.get('/').expect(200, { visits: 1, status: 'Welcome.' });
      await visitor.get('/').expect(200, { visits: 1, status: 'nothing new' });
      await visitor.get('/pipe').expect(200, { visits: 1 });
      await visitor.get('/stored').expect(200, { stored: true });
      expect(running.complaints).toBe('');
    });
  });

  it('compiles with the tsconfig.json of earlier Nest versions, which ignores `exports`', () => {
    const editor = new Editor(fresh.create('commonjs', 'earlier', EARLIER_COMPILER_OPTIONS));
    editors.push(editor);
    expect(editor.compile(checked)).toBe('');
  });

  it('runs the conformance suite under jest too, with the flag that the documentation names', async () => {
    const report = await fresh.testByJest(`
      import { describe, expect, it } from '@jest/globals';
      import { describeDriverConformance } from '${manifest.name}/conformance';
      import { KeyValueDriver, KeyValueService } from './key-value.driver.js';
      const create = () => ({ driver: new KeyValueDriver(new KeyValueService()) });
      describeDriverConformance({ describe, it, expect, create });
    `);
    expect(Number(/^Tests: +(\d+) passed, \1 total$/m.exec(report)?.[1])).toBeGreaterThan(80);
  });
});
