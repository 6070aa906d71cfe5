import { spawn } from 'node:child_process';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nestCliModules } from '../schematics/nest-cli.js';
import { KINDS, SchematicTester, filesOf } from '../schematics/schematic-tester.js';
import { sharedServer } from '../servers/index.js';
import { NestApplication } from './nest-application.js';
import { packedIn } from './packed-package.js';
import { RunningApplication } from './running-application.js';

/** The template's main.ts, changed to print the address it listens on. */
const started = (main: string): string =>
  main.replace(/await app\.listen\(.*\);/, 'await app.listen(0);\n  console.log(await app.getUrl());');

/** The Jest globals that the CommonJS template's tests use; Jest's types are not installed here. */
const JEST_TYPES = `
  declare function describe(name: string, body: () => void): void;
  declare function it(name: string, test: () => unknown): void;
  declare function beforeEach(hook: () => unknown): void;
  declare function afterEach(hook: () => unknown): void;
  declare function expect(actual: unknown): { toBe(expected: unknown): void; toEqual(expected: unknown): void };
`;

/** The template's own build plus the tests that it leaves out, so that their types are checked too. */
const BUILD_WITH_TESTS = JSON.stringify({
  extends: './tsconfig.json',
  compilerOptions: { rootDir: './src' },
  include: ['src'],
});

describe('A new Nest application', () => {
  let installed: string;
  let tester: SchematicTester;
  beforeAll(async () => {
    tester = await SchematicTester.make();
    installed = packedIn((await sharedServer('package')).url).folder;
  });
  afterAll(() => tester[Symbol.asyncDispose]());

  // The templates' own test frameworks are not installed here: `npm run test:matrix -- test/matrix/nest-add` runs them.
  it.each(KINDS)('of kind "%s" builds, starts and keeps a session after `nest add`', async (kind) => {
    // Without its test configuration, which imports packages that are not installed here.
    const files: Record<string, string> = Object.fromEntries(
      Object.entries(filesOf(await tester.application(kind))).filter(
        ([name]) => !/^\/(jest|vitest)\.config/.test(name),
      ),
    );
    using application = new NestApplication(files, installed, await nestCliModules());
    application.write('src/main.ts', started(files['/src/main.ts'] ?? ''));
    await application.nest('add', 'nestjs-session-kit', '--skip-install', '--driver=database');
    await application.nest('g', '-c', 'nestjs-session-kit', 'session-table');
    await application.nest('g', '-c', 'nestjs-session-kit', 'session-driver', 'dynamo-db');
    expect(Object.keys(application.files)).toEqual(
      expect.arrayContaining([
        '.env',
        '.env.example',
        'src/config/session.ts',
        'src/session/dynamo-db.driver.ts',
        'src/session/dynamo-db.driver.spec.ts',
        expect.stringMatching(/^src\/migrations\/\d+-create-sessions-table\.ts$/),
      ]),
    );

    application.write(
      'src/app.service.ts',
      (files['/src/app.service.ts'] ?? '')
        .replace(`return 'Hello World!'`, `return String(Session.increment('visits'))`)
        .replace(/^/, `import { Session } from 'nestjs-session-kit';\n`),
    );
    application.write('node_modules/@types/jest/index.d.ts', JEST_TYPES);
    application.write('tsconfig.build.json', BUILD_WITH_TESTS);
    await application.nest('build');
    const { folder: cwd } = application;
    await using running = await RunningApplication.of(
      spawn(process.execPath, ['dist/main.js'], {
        cwd,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NODE_ENV: '', NO_COLOR: '1' },
      }),
    );
    const visitor = request.agent(running.url);
    await visitor.get('/').expect(200, '1');
    await visitor.get('/').expect(200, '2');
  });
});
