import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionColumns } from '../../lib/drivers/database/session-columns.js';
import { KINDS, SchematicTester, filesOf, unformatted } from './schematic-tester.js';

const DRIVER = '/src/session/dynamo-db.driver.ts';
const SPEC = '/src/session/dynamo-db.driver.spec.ts';

let tester: SchematicTester;
beforeAll(async () => {
  tester = await SchematicTester.make();
});
afterAll(() => tester[Symbol.asyncDispose]());

describe('nest g -c nestjs-session-kit session-driver', () => {
  it.each(KINDS)('writes a driver and its test in the style of an application of kind "%s"', async (kind) => {
    const { files } = await tester.run(
      'session-driver',
      { name: 'dynamo-db' },
      await tester.application(kind),
    );
    expect(files[DRIVER]).toContain(`@SessionDriver('dynamo-db')\nexport class DynamoDbDriver`);
    // A method that awaits nothing is not `async`: the linter of Nest 11's template reports that as an error.
    expect(files[DRIVER]).not.toMatch(/\basync\b/);
    const extension = kind === 'esm' ? '.js' : '';
    expect(files[SPEC]).toContain(`import { DynamoDbDriver } from './dynamo-db.driver${extension}';`);
    expect(await unformatted(files)).toEqual([]);
  });

  it('writes the test for the framework that the application has', async () => {
    const headOf = async (kind: 'esm' | 'cjs', manifest?: string) => {
      const otherwise = manifest === undefined ? {} : { '/package.json': manifest };
      const application = await tester.application(kind, otherwise);
      return (await tester.run('session-driver', { name: 'dynamo-db' }, application)).files[SPEC];
    };
    expect(await headOf('esm')).toContain(`import { describe, expect, it } from 'vitest';`);
    expect(await headOf('cjs')).not.toMatch(/vitest|node:test/);
    expect(await headOf('esm', '{}')).toContain(`import { describe, it } from 'node:test';`);
  });

  it('strips the suffix "driver" from a name', async () => {
    const { files } = await tester.run(
      'session-driver',
      { name: 'mongo-driver' },
      await tester.application('cjs'),
    );
    expect(files['/src/session/mongo.driver.ts']).toContain('class MongoDriver ');
  });

  it('never overwrites an existing driver', async () => {
    const application = await tester.application('cjs', { [DRIVER]: 'mine' });
    const before = filesOf(application);
    await expect(tester.run('session-driver', { name: 'dynamo-db' }, application)).rejects.toThrow(
      /is there already/,
    );
    expect(filesOf(application)).toEqual(before);
  });

  it.each(['', '1st', '../mongo', "mongo'"])('refuses an invalid name: %j', async (name) => {
    const application = await tester.application('cjs');
    await expect(tester.run('session-driver', { name }, application)).rejects.toThrow(/no name for a driver/);
  });
});

describe('nest g -c nestjs-session-kit session-table', () => {
  const written = (files: Readonly<Record<string, string>>): [string, string][] =>
    Object.entries(files).filter(([, text]) => text.includes('extends CreateSessionsTable1700000000000'));

  it.each(KINDS)(
    'writes a migration with a timestamped name in an application of kind "%s"',
    async (kind) => {
      const { files } = await tester.run('session-table', {}, await tester.application(kind));
      const [path, text] = written(files)[0] ?? [];
      const time = /^\/src\/migrations\/(\d{13})-create-sessions-table\.ts$/.exec(path ?? '')?.[1];
      expect(text).toContain(`export class CreateSessionsTable${time} extends`);
      expect(text).toContain(`readonly table = 'sessions';`);
      expect(await unformatted(files)).toEqual([]);
    },
  );

  it('writes the migration beside the others, in their style', async () => {
    const application = await tester.application('cjs', {
      '/src/database/steps/1700000000001-AddUsers.ts': `import { MigrationInterface } from "typeorm"\n\nexport class AddUsers1700000000001 implements MigrationInterface {}\n`,
    });
    const { files } = await tester.run('session-table', { name: 'app_sessions' }, application);
    const [path, text] = written(files)[0] ?? [];
    expect(path).toMatch(/^\/src\/database\/steps\/\d+-CreateSessionsTable\.ts$/);
    expect(text).toContain(`from "nestjs-session-kit/typeorm"\n`);
    expect(text).toContain(`readonly table = "app_sessions"\n`);
  });

  it('names every column in the comment of the migration', async () => {
    const { files } = await tester.run('session-table', {}, await tester.application('cjs'));
    const [, text] = written(files)[0] ?? [];
    expect(Object.values(sessionColumns).filter(({ name }) => text?.includes(` ${name}`) !== true)).toEqual(
      [],
    );
    expect(text).toContain('last_activity_ms');
  });

  it('writes no second migration', async () => {
    const { tree, files } = await tester.run('session-table', {}, await tester.application('cjs'));
    const again = await tester.run('session-table', {}, tree);
    expect(again.files).toEqual(files);
    expect(again.said).toMatch(/makes the table already/);
  });

  it('refuses an invalid table name', async () => {
    const application = await tester.application('cjs');
    const running = tester.run('session-table', { name: "a'; b" }, application);
    await expect(running).rejects.toThrow(/no name for a table/);
  });
});
