import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { TempFolder } from '../support/temp-folder.js';

const execute = promisify(execFile);

const NEST = process.env['MATRIX_NEST'] ?? '12';
const PACKAGE = join(process.env['MATRIX_TREE'] ?? '', 'node_modules', 'nestjs-session-kit');

/** The kinds of modules that the templates of this Nest have, as its command `new` calls them. */
const KINDS = NEST === '12' ? ['esm', 'cjs'] : [''];

/** Jest takes Nest 12, which is ES modules, into CommonJS from this Node on. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const jestLoadsModules = major > 24 || (major === 24 && minor >= 9);

/** What runs in an application's folder, with the packages of the registry: the Nest CLI and npm, as its user has them. */
class Application {
  constructor(readonly folder: string) {}

  async run(command: string, ...args: string[]): Promise<string> {
    const env = { ...process.env, NO_COLOR: '1', CI: 'true', NODE_ENV: '', VITEST: '' };
    try {
      const { stdout, stderr } = await execute(command, args, { cwd: this.folder, env, maxBuffer: 2 ** 26 });
      return stdout + stderr;
    } catch (error) {
      const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
      throw new Error(`${command} ${args.join(' ')} failed: ${said.slice(-3000)}`, { cause: error });
    }
  }

  nest(...args: string[]): Promise<string> {
    return this.run(process.execPath, 'node_modules/@nestjs/cli/bin/nest.js', ...args);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }

  replace(path: string, from: string, to: string): void {
    writeFileSync(join(this.folder, path), this.read(path).replace(from, to));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function create(folder: string, kind: string): Promise<Application> {
  const outside = new Application(folder);
  const { stdout } = await execute('npm', ['pack', '--ignore-scripts', '--json', '--silent'], {
    cwd: PACKAGE,
  });
  const [{ filename }]: [{ filename: string }] = JSON.parse(stdout.slice(stdout.indexOf('[\n')));
  // What `nest new` runs: that asks for the kind of modules, and nobody is here to answer.
  const tools = [`@nestjs/schematics@${NEST}`, `@angular-devkit/schematics-cli@${NEST === '12' ? 22 : 19}`];
  const options = ['--name=shop', '--directory=shop', '--language=ts', '--strict', '--package-manager=npm'];
  const type = kind === '' ? [] : [`--type=${kind}`];
  const packages = tools.map((tool) => `--package=${tool}`);
  const command = ['schematics', '@nestjs/schematics:application', ...options, ...type];
  await outside.run('npm', 'exec', '--yes', ...packages, '--', ...command);
  const application = new Application(join(folder, 'shop'));
  await application.run('npm', 'install', '--no-audit', '--no-fund', join(PACKAGE, filename));
  return application;
}

describe.each(KINDS)(`nest add in a new application of Nest ${NEST} %s`, (kind) => {
  it(
    'leaves one that builds, passes its tests, starts and remembers, and changes nothing a second time',
    { timeout: 3_600_000 },
    async () => {
      await using folder = await TempFolder.make();
      const application = await create(folder.path, kind);
      // What this would install is no published version. A driver without a client: that of a database may have to be compiled.
      const add = ['add', 'nestjs-session-kit', '--skip-install', '--driver', 'file'];
      await application.nest(...add);
      await application.run('npm', 'install', '--no-audit', '--no-fund');
      await application.nest('g', '-c', 'nestjs-session-kit', 'session-table');
      await application.nest('g', '-c', 'nestjs-session-kit', 'session-driver', 'mongo');
      const files = ['package.json', '.env', '.env.example', 'src/app.module.ts', 'src/config/session.ts'];
      const before = files.map((file) => application.read(file));
      await application.nest(...add);
      expect(files.map((file) => application.read(file))).toEqual(before);

      await application.run('npm', 'run', 'build');
      if (NEST === '11' || kind === 'esm' || jestLoadsModules) {
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
      const port = await freePort();
      const env = { ...process.env, PORT: String(port), NODE_ENV: '' };
      const child = spawn(process.execPath, ['dist/main.js'], {
        cwd: application.folder,
        env,
        stdio: 'inherit',
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
    },
  );
});
