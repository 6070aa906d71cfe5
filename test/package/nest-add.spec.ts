import { spawn } from 'node:child_process';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nestCliModules } from '../schematics/nest-cli.js';
import { KINDS, SchematicTester, filesOf } from '../schematics/schematic-tester.js';
import { FreshApplications } from './fresh-applications.js';
import { NestApplication } from './nest-application.js';
import { RunningApplication } from './running-application.js';

/** As the template has it, and saying where it listens. */
const started = (main: string): string =>
  main.replace(/await app\.listen\(.*\);/, 'await app.listen(0);\n  console.log(await app.getUrl());');

/** What the tests of the template for CommonJS have of Jest's globals, whose types are not installed here. */
const JEST_TYPES = `
  declare function describe(name: string, body: () => void): void;
  declare function it(name: string, test: () => unknown): void;
  declare function beforeEach(hook: () => unknown): void;
  declare function afterEach(hook: () => unknown): void;
  declare function expect(actual: unknown): { toBe(expected: unknown): void; toEqual(expected: unknown): void };
`;

describe('A new application of Nest', () => {
  const fresh = new FreshApplications();
  let tester: SchematicTester;
  beforeAll(async () => {
    tester = await SchematicTester.make();
    await fresh.pack();
  });
  afterAll(async () => {
    fresh[Symbol.dispose]();
    await tester[Symbol.asyncDispose]();
  });

  // What Nest's templates test themselves with is not installed here: `npm run test:matrix -- test/matrix/nest-add` runs that.
  it.each(KINDS)(
    'of kind "%s" builds, starts and remembers after `nest add`, which changes nothing a second time',
    async (kind) => {
      // Without the configuration of its tests, which imports what is not installed here.
      const files: Record<string, string> = Object.fromEntries(
        Object.entries(filesOf(await tester.application(kind))).filter(
          ([name]) => !/^\/(jest|vitest)\.config/.test(name),
        ),
      );
      using application = new NestApplication(files, fresh.packageFolder, await nestCliModules());
      application.write('src/main.ts', started(files['/src/main.ts'] ?? ''));
      const add = ['add', 'nestjs-session-kit', '--skip-install', '--driver=database'];
      await application.nest(...add);
      await application.nest('g', '-c', 'nestjs-session-kit', 'session-table');
      await application.nest('g', '-c', 'nestjs-session-kit', 'session-driver', 'dynamo-db');
      const after = application.files;
      expect(Object.keys(after)).toEqual(
        expect.arrayContaining([
          '.env',
          '.env.example',
          'src/config/session.ts',
          'src/session/dynamo-db.driver.ts',
          'src/session/dynamo-db.driver.spec.ts',
          expect.stringMatching(/^src\/migrations\/\d+-create-sessions-table\.ts$/),
        ]),
      );
      await application.nest(...add);
      expect(application.files).toEqual(after);

      application.write(
        'src/app.service.ts',
        (files['/src/app.service.ts'] ?? '')
          .replace(`return 'Hello World!'`, `return String(Session.increment('visits'))`)
          .replace(/^/, `import { Session } from 'nestjs-session-kit';\n`),
      );
      application.write('node_modules/@types/jest/index.d.ts', JEST_TYPES);
      // The tests too, which a build leaves out.
      await application.run('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json');
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
    },
  );
});
