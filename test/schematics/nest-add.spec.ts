import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JsonValue, schema } from '@angular-devkit/core';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODULE_SHAPES } from './module-shapes.js';
import { KINDS, SchematicTester, filesOf, unformatted } from './schematic-tester.js';

const MODULE = '/src/app.module.ts';
const CONFIG = 'ConfigModule.forRoot({ isGlobal: true })';
const SESSION = 'SessionModule.forRootAsync(sessionConfig.asProvider())';

/** The addresses of the drivers' stores in .env. */
const STORES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  redis: { REDIS_URL: 'redis://localhost:6379' },
  memcached: { MEMCACHED_SERVERS: 'localhost:11211' },
};

/** The imports of the class AppModule in a file, element by element, and the errors in the file. */
function importsOf(text = ''): { imports: string[]; errors: string[] } {
  const options = { reportDiagnostics: true, compilerOptions: { experimentalDecorators: true } };
  const { diagnostics = [] } = ts.transpileModule(text, options);
  const tree = ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true);
  const imports: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isClassDeclaration(node) && node.name?.text !== 'AppModule') return;
    if (ts.isPropertyAssignment(node) && /imports/.test(node.name.getText())) {
      let list: ts.Expression = node.initializer;
      while (ts.isSatisfiesExpression(list)) list = list.expression;
      if (ts.isArrayLiteralExpression(list))
        imports.push(...list.elements.map((element) => element.getText()));
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return { imports, errors: diagnostics.map(({ messageText }) => JSON.stringify(messageText)) };
}

const variables = (text = ''): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));

describe('nest add nestjs-session-kit', () => {
  let tester: SchematicTester;
  beforeAll(async () => {
    tester = await SchematicTester.make();
  });
  afterAll(() => tester[Symbol.asyncDispose]());

  describe.each(KINDS)('in a new application of kind "%s"', (kind) => {
    it.each(['stealth', 'memory', 'file', 'database', 'redis', 'memcached'])(
      'sets the driver "%s" up, and changes nothing when it runs again',
      async (driver) => {
        const { tree, files } = await tester.run('nest-add', { driver }, await tester.application(kind));
        expect(importsOf(files[MODULE]).imports.at(-1)).toBe(SESSION);
        expect(variables(files['/.env'])).toEqual({
          SESSION_SECRET: expect.stringMatching(/^[\w-]{43}$/),
          SESSION_DRIVER: driver,
          ...STORES[driver],
        });
        expect(Object.entries(variables(files['/.env.example']))).toEqual(
          Object.keys(variables(files['/.env'])).map((name) => [name, '']),
        );
        for (const name of Object.keys(variables(files['/.env'])))
          expect(files['/src/config/session.ts']).toContain(`process.env.${name}`);
        expect(await unformatted(files)).toEqual([]);
        const again = await tester.run('nest-add', { driver }, tree);
        expect(again.files).toEqual(files);
        expect(again.installs).toEqual([]);
      },
    );

    it('writes import paths as the application does', async () => {
      const { files } = await tester.run('nest-add', {}, await tester.application(kind));
      const extension = kind === 'esm' ? '.js' : '';
      expect(files[MODULE]).toContain(`import sessionConfig from './config/session${extension}';`);
    });
  });

  describe.each(Object.entries(MODULE_SHAPES))('in a module with %s', (_, { text, others }) => {
    it('adds sessions before the existing imports', async () => {
      const application = await tester.application('cjs', { [MODULE]: text });
      const { files } = await tester.run('nest-add', {}, application);
      expect(importsOf(files[MODULE])).toEqual({ imports: [CONFIG, SESSION, ...others], errors: [] });
    });

    it('keeps the comments and the style of the file', async () => {
      const application = await tester.application('cjs', { [MODULE]: text });
      const { files } = await tester.run('nest-add', {}, application);
      const after = files[MODULE] ?? '';
      for (const comment of text.match(/\/\/.*|\/\*.*?\*\//g) ?? []) expect(after).toContain(comment);
      expect(/[^\r]\n/.test(after)).toBe(!text.includes('\r\n'));
      const quote = text.includes('"') ? '"' : "'";
      const end = text.includes(';') ? ';' : '';
      expect(after).toContain(`import { SessionModule } from ${quote}nestjs-session-kit${quote}${end}`);
      // The new file has the same style.
      const config = files['/src/config/session.ts'] ?? '';
      expect(/[^\r]\n/.test(config)).toBe(!text.includes('\r\n'));
      expect([/;\r?$/m.test(config), config.includes('"')]).toEqual([text.includes(';'), quote === '"']);
    });

    it('changes nothing when it runs again', async () => {
      const application = await tester.application('cjs', { [MODULE]: text });
      const { tree, files } = await tester.run('nest-add', {}, application);
      expect((await tester.run('nest-add', {}, tree)).files).toEqual(files);
    });
  });

  it('leaves a comment above the element it belongs to', async () => {
    const text = MODULE_SHAPES['comments in the list']?.text;
    const application = await tester.application('cjs', { [MODULE]: text ?? '' });
    const { files } = await tester.run('nest-add', {}, application);
    expect(files[MODULE]).toContain(
      `imports: [ // all of them\n    ${CONFIG},\n    ${SESSION},\n    // who they are: imports: []\n    UserModule,`,
    );
  });

  it('leaves a comment beside the import it belongs to', async () => {
    const text = MODULE_SHAPES['a comment beside its last import']?.text;
    const application = await tester.application('cjs', { [MODULE]: text ?? '' });
    const { files } = await tester.run('nest-add', {}, application);
    expect(files[MODULE]).toMatch(/^import \{ UserModule \} from '.\/user.module'; \/\/ who they are$/m);
  });

  it('gives an element that stands beside the bracket a line of its own', async () => {
    const text = MODULE_SHAPES['a list whose first element stands beside the bracket']?.text;
    const application = await tester.application('cjs', { [MODULE]: text ?? '' });
    const { files } = await tester.run('nest-add', {}, application);
    expect(files[MODULE]).toContain(`${SESSION},\n    UserModule.forRoot({\n`);
  });

  it('finds the root module through main.ts, whatever its name and folder', async () => {
    const application = await tester.application('esm', {
      '/src/main.ts': `import { ShopModule as Root } from '@app/shop';\nawait NestFactory.create<App>(Root, { logger });\n`,
      '/src/shop/shop.module.ts': `import { Module } from '@nestjs/common';\n\n@Module({})\nexport class ShopModule {}\n`,
    });
    const { files } = await tester.run('nest-add', {}, application);
    expect(files['/src/shop/shop.module.ts']).toContain(SESSION);
    expect(files['/src/shop/shop.module.ts']).toContain(`from '../config/session.js'`);
    expect(files[MODULE]).not.toContain('SessionModule');
  });

  it('falls back to AppModule if main.ts starts the result of a function', async () => {
    const application = await tester.application('esm', {
      '/src/main.ts': `import { root } from './root.js';\nconst app = await NestFactory.create(await root());\n`,
    });
    const { files } = await tester.run('nest-add', {}, application);
    expect(files[MODULE]).toContain(SESSION);
  });

  it('keeps the line endings of package.json', async () => {
    const { files } = await tester.run('nest-add', {}, await tester.application('cjs'));
    const windows = (files['/package.json'] ?? '').replaceAll('\n', '\r\n');
    const application = await tester.application('cjs', { '/package.json': windows });
    const again = await tester.run('nest-add', { driver: 'redis' }, application);
    expect(again.files['/package.json']).not.toMatch(/[^\r]\n/);
    expect(again.files['/package.json']).toContain('"ioredis"');
  });

  it('sets up the named application of a monorepo', async () => {
    const application = await tester.application('cjs', {
      '/apps/shop/src/app.module.ts': `import { Module } from '@nestjs/common';\n\n@Module({})\nexport class AppModule {}\n`,
    });
    const { files } = await tester.run('nest-add', { sourceRoot: 'apps/shop/src' }, application);
    expect(files['/apps/shop/src/app.module.ts']).toContain(SESSION);
    expect(files['/apps/shop/src/config/session.ts']).toContain('registerAs');
    expect(files[MODULE]).not.toContain('SessionModule');
  });

  it('uses the ConfigModule that the application already imports', async () => {
    const application = await tester.application('cjs', {
      '/src/core.module.ts': `import { ConfigModule } from '@nestjs/config';\n\n@Module({ imports: [ConfigModule.forRoot()] })\nexport class CoreModule {}\n`,
    });
    const { files } = await tester.run('nest-add', {}, application);
    expect(importsOf(files[MODULE]).imports).toEqual([SESSION]);
  });

  it('does not take a comment for code', async () => {
    const text = `import { Module } from '@nestjs/common';\n\n// SessionModule.forRoot({ secret }) is to come\n@Module({})\nexport class AppModule {}\n`;
    const { files } = await tester.run('nest-add', {}, await tester.application('cjs', { [MODULE]: text }));
    expect(importsOf(files[MODULE]).imports).toEqual([CONFIG, SESSION]);
  });

  it('aliases the modules it imports if the application has its own of the same name', async () => {
    const application = await tester.application('cjs', {
      [MODULE]: `import { Module } from '@nestjs/common';
import { ConfigModule } from './config.module';
import { SessionModule } from './session.module';

@Module({ imports: [ConfigModule.forRoot(), SessionModule.forRoot()] })
export class AppModule {}
`,
    });
    const { files, tree } = await tester.run('nest-add', {}, application);
    expect(files[MODULE]).toContain(`import { ConfigModule as NestConfigModule } from '@nestjs/config';`);
    expect(files[MODULE]).toContain(
      `import { SessionModule as SessionKitModule } from 'nestjs-session-kit';`,
    );
    expect(importsOf(files[MODULE]).imports).toEqual([
      `Nest${CONFIG}`,
      SESSION.replace('SessionModule', 'SessionKitModule'),
      'ConfigModule.forRoot()',
      'SessionModule.forRoot()',
    ]);
    expect((await tester.run('nest-add', {}, tree)).files).toEqual(files);
  });

  it.each([
    ['another package', 'nestjs-session'],
    ['a path alias', '@app/session'],
    ['a path from the root', 'src/session/session.module'],
  ])('does not take a SessionModule of %s for its own', async (_, from) => {
    const application = await tester.application('cjs', {
      [MODULE]: `import { Module } from '@nestjs/common';
import { SessionModule } from '${from}';

@Module({ imports: [SessionModule.forRoot({})] })
export class AppModule {}
`,
    });
    const { files, tree } = await tester.run('nest-add', {}, application);
    expect(importsOf(files[MODULE]).imports).toEqual([
      CONFIG,
      SESSION.replace('SessionModule', 'SessionKitModule'),
      'SessionModule.forRoot({})',
    ]);
    expect((await tester.run('nest-add', {}, tree)).files).toEqual(files);
  });

  it('names its options otherwise if the module has a sessionConfig of its own', async () => {
    const application = await tester.application('cjs', {
      [MODULE]: `import { Module } from '@nestjs/common';
import { sessionConfig } from './express-session';

@Module({ imports: [], providers: [{ provide: 'OTHER', useValue: sessionConfig }] })
export class AppModule {}
`,
    });
    const { files, tree } = await tester.run('nest-add', {}, application);
    expect(files[MODULE]).toContain(`import sessionKitConfig from './config/session';`);
    expect(importsOf(files[MODULE]).imports).toContain(
      'SessionModule.forRootAsync(sessionKitConfig.asProvider())',
    );
    expect((await tester.run('nest-add', {}, tree)).files).toEqual(files);
  });

  it.each(['envFilePath: ".env.local"', 'ignoreEnvFile: true'])(
    'warns that the ConfigModule may not read .env if it sets %s',
    async (option) => {
      const application = await tester.application('cjs', {
        [MODULE]: `import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';

@Module({ imports: [ConfigModule.forRoot({ ${option} })] })
export class AppModule {}
`,
      });
      const { said } = await tester.run('nest-add', {}, application);
      expect(said).toMatch(/may not read \.env/);
    },
  );

  it('changes nothing if sessions are set up by hand', async () => {
    const application = await tester.application('cjs', {
      '/src/core.module.ts': `@Module({ imports: [SessionModule.forRoot({ secret })] })\nexport class CoreModule {}\n`,
    });
    const before = filesOf(application);
    const { files, said } = await tester.run('nest-add', { driver: 'redis' }, application);
    expect(files).toEqual(before);
    expect(said).toMatch(/nothing was changed/);
  });

  it.each([
    ['the metadata stands elsewhere', '@Module(metadata)\nexport class AppModule {}'],
    ['what is spread may have imports', '@Module({ ...metadata })\nexport class AppModule {}'],
    ['a name is found at run time', '@Module({ [imported]: [UserModule] })\nexport class AppModule {}'],
    ['no class is a module', 'export class AppModule {}'],
    ['there is no such class', 'export class Other {}'],
  ])('says what to do, and writes nothing, if %s', async (_, text) => {
    const application = await tester.application('cjs', {
      [MODULE]: `import { Module } from '@nestjs/common';\n${text}\n`,
    });
    const before = filesOf(application);
    await expect(tester.run('nest-add', {}, application)).rejects.toThrow(/@Module\(\)/);
    expect(filesOf(application)).toEqual(before);
  });

  it('does not overwrite an unrelated src/config/session.ts', async () => {
    const application = await tester.application('cjs', { '/src/config/session.ts': 'export default 1;\n' });
    await expect(tester.run('nest-add', {}, application)).rejects.toThrow(
      /src\/config\/session\.ts is there/,
    );
  });

  it('refuses an unknown driver', async () => {
    const application = await tester.application('cjs');
    await expect(tester.run('nest-add', { driver: 'cooky' }, application)).rejects.toThrow(/driver/);
  });

  it('refuses an unknown option, and names its options', async () => {
    const application = await tester.application('cjs');
    const run = (options: object) => tester.run('nest-add', options, application);
    await expect(run({ drivr: 'redis' })).rejects.toThrow(/--drivr .*--driver <stealth \| .*--skip-install/);
    await expect(run({ skipInstal: true, x: 1 })).rejects.toThrow(/--skip-instal, -x /);
    expect(filesOf(application)['/.env']).toBeUndefined();
  });

  it('accepts the options that the Nest CLI reads itself and hands on', async () => {
    const options = { project: 'shop', p: 'shop', s: true, skipInstall: true, sourceRoot: 'src' };
    const { files } = await tester.run('nest-add', options, await tester.application('cjs'));
    expect(importsOf(files[MODULE]).imports).toEqual([CONFIG, SESSION]);
  });

  it('installs nothing with -s', async () => {
    const { installs } = await tester.run('nest-add', { s: true }, await tester.application('cjs'));
    expect(installs).toEqual([]);
  });

  it('writes nothing with -d, which the Nest CLI hands on without making a dry run of it', async () => {
    const application = await tester.application('cjs');
    await expect(tester.run('nest-add', { d: true }, application)).rejects.toThrow(/option -d .*--dry-run/);
  });

  describe('when asked where sessions should live, and Enter is pressed,', () => {
    /** The options as the Nest CLI finds them: it prompts for those that are missing, and Enter takes the first answer. */
    async function afterEnter(): Promise<object> {
      const path = join(import.meta.dirname, '../../schematics/nest-add/schema.json');
      const registry = new schema.CoreSchemaRegistry();
      registry.addPostTransform(schema.transforms.addUndefinedDefaults);
      const prompted: string[] = [];
      registry.usePromptProvider(async (prompts) => {
        const answers: Record<string, JsonValue> = {};
        for (const { id, items } of prompts) {
          const [first] = items ?? [];
          prompted.push(id);
          answers[id] = typeof first === 'object' ? first.value : null;
        }
        return answers;
      });
      const validate = await registry.compile(JSON.parse(readFileSync(path, 'utf8')));
      const { data, success } = await validate({});
      expect([success, prompted]).toEqual([true, ['/driver']]);
      return Object(data);
    }

    it("sessions live in a new application in their visitors' cookies", async () => {
      const { files } = await tester.run('nest-add', await afterEnter(), await tester.application('esm'));
      expect(variables(files['/.env'])).toMatchObject({ SESSION_DRIVER: 'stealth' });
    });

    it.each(['memory', 'redis', 'database', 'stealth'])('an application keeps "%s"', async (driver) => {
      const { tree, files } = await tester.run('nest-add', { driver }, await tester.application('esm'));
      const again = await tester.run('nest-add', await afterEnter(), tree);
      expect(again.files).toEqual(files);
      expect(again.said).toBe('SessionModule is imported already: what is set up stays as it is.');
    });

    it('a fresh clone gets its .env with the driver of the application', async () => {
      const { tree } = await tester.run('nest-add', { driver: 'redis' }, await tester.application('esm'));
      tree.delete('/.env');
      const again = await tester.run('nest-add', await afterEnter(), tree);
      expect(variables(again.files['/.env'])).toMatchObject({ SESSION_DRIVER: 'redis', ...STORES.redis });
    });
  });

  describe('run again with another driver', () => {
    const DRIVERS = ['stealth', 'memory', 'file', 'database', 'redis', 'memcached'];
    const changes = DRIVERS.flatMap((from) =>
      DRIVERS.filter((to) => to !== from).map((to) => [from, to] as const),
    );

    it.each(changes)('changes the application from "%s" to "%s"', async (from, to) => {
      const before = await tester.run('nest-add', { driver: from }, await tester.application('esm'));
      const secret = variables(before.files['/.env']).SESSION_SECRET;
      const { tree, files, said, installs } = await tester.run('nest-add', { driver: to }, before.tree);
      const direct = await tester.run('nest-add', { driver: to }, await tester.application('esm'));
      expect(variables(files['/.env'])).toEqual({
        SESSION_SECRET: secret,
        SESSION_DRIVER: to,
        ...STORES[from],
        ...STORES[to],
      });
      const config = files['/src/config/session.ts'] ?? '';
      expect(config).toContain(`process.env.SESSION_DRIVER || '${to}',`);
      const options = (text = ''): string[] => text.match(/^ +(?:file|redis|memcached): .*$/gm) ?? [];
      expect(options(config)).toEqual([
        ...options(direct.files['/src/config/session.ts']),
        ...options(before.files['/src/config/session.ts']),
      ]);
      expect(await unformatted(files)).toEqual([]);
      const packages = (text = '') => Object.keys(JSON.parse(text).dependencies);
      expect(packages(files['/package.json'])).toEqual(
        expect.arrayContaining(packages(direct.files['/package.json'])),
      );
      expect(importsOf(files[MODULE]).imports).toEqual(
        expect.arrayContaining(importsOf(direct.files[MODULE]).imports),
      );
      expect(installs).toHaveLength(['redis', 'memcached', 'database'].includes(to) ? 1 : 0);
      expect(said).toContain(`The driver is now '${to}', no longer '${from}'`);
      // Now that is what is set up.
      const again = await tester.run('nest-add', { driver: to }, tree);
      expect(again.files).toEqual(files);
      expect((await tester.run('nest-add', {}, tree)).files).toEqual(files);
    });

    it.each([
      ['a name alone', `driver: 'memory',`, `driver: 'redis',\n\n  redis: {`],
      ['a name at the end', `driver: "memory"\n`, `driver: 'redis',\n\n  redis: {`],
      ['the environment alone', `driver: process.env.SESSION_DRIVER,`, `SESSION_DRIVER,\n\n  redis: {`],
      [
        'options of that driver',
        `redis: { client }, driver: 'memory',`,
        `redis: { client }, driver: 'redis',\n`,
      ],
    ])('keeps the configuration file otherwise, if it has %s', async (_, text, changed) => {
      const { tree } = await tester.run('nest-add', { driver: 'memory' }, await tester.application('cjs'));
      const own = `import type { SessionModuleOptions } from 'nestjs-session-kit';\nexport default {\n  ${text}\n} satisfies SessionModuleOptions;\n`;
      tree.overwrite('/src/config/session.ts', own);
      const { files } = await tester.run('nest-add', { driver: 'redis' }, tree);
      const config = files['/src/config/session.ts'] ?? '';
      expect(config).toContain(changed);
      expect(config.match(/redis: /g)).toHaveLength(1);
      expect(importsOf(config).errors).toEqual([]);
    });

    it('says what to set, if the configuration file does not show its driver', async () => {
      const { tree } = await tester.run('nest-add', { driver: 'memory' }, await tester.application('cjs'));
      const own = `import { driver } from './nestjs-session-kit';\nexport default { driver };\n`;
      tree.overwrite('/src/config/session.ts', own);
      const { files, said } = await tester.run('nest-add', { driver: 'redis' }, tree);
      expect(files['/src/config/session.ts']).toBe(own);
      expect(said).toContain(`src/config/session.ts names no driver: set driver: 'redis' in it.`);
    });

    it('says what to install and set, if sessions are set up by hand', async () => {
      const application = await tester.application('cjs', {
        '/src/core.module.ts': `@Module({ imports: [SessionModule.forRoot({ secret })] })\nexport class CoreModule {}\n`,
      });
      const { said } = await tester.run('nest-add', { driver: 'redis' }, application);
      expect(said).toContain(
        `nothing was changed. For the driver 'redis', npm install ioredis, and set driver: 'redis' there.`,
      );
    });
  });

  describe('the environment', () => {
    const env = async (files: Record<string, string>, driver = 'stealth') =>
      (await tester.run('nest-add', { driver }, await tester.application('cjs', files))).files;

    it('gets a new secret in each application', async () => {
      const [one, other] = await Promise.all([env({}), env({})]);
      expect(variables(one['/.env']).SESSION_SECRET).not.toBe(variables(other['/.env']).SESSION_SECRET);
    });

    it('keeps what is set, and fills what is empty', async () => {
      const files = await env({ '/.env': 'PORT=3000\nSESSION_SECRET= # later\nSESSION_DRIVER=' }, 'redis');
      expect(files['/.env']).toMatch(/^PORT=3000\nSESSION_SECRET=[\w-]{43}\nSESSION_DRIVER=redis\n/);
      const set = await env({ '/.env': 'export SESSION_SECRET="kept"\n' });
      expect(set['/.env']).toContain('export SESSION_SECRET="kept"\n');
      expect(set['/.env']?.match(/SESSION_SECRET/g)).toHaveLength(1);
    });

    it('names no store that the configuration does not ask for', async () => {
      const { tree, files } = await tester.run('nest-add', {}, await tester.application('cjs'));
      tree.overwrite('/.env', files['/.env']?.replace('=stealth', '=redis') ?? '');
      const again = await tester.run('nest-add', {}, tree);
      expect(variables(again.files['/.env'])).not.toHaveProperty('REDIS_URL');
    });

    it('names the driver of the application again in a fresh clone', async () => {
      const { tree } = await tester.run('nest-add', { driver: 'redis' }, await tester.application('esm'));
      tree.delete('/.env');
      const { files } = await tester.run('nest-add', {}, tree);
      expect(variables(files['/.env'])).toMatchObject({
        SESSION_DRIVER: 'redis',
        REDIS_URL: 'redis://localhost:6379',
      });
    });

    it('keeps the address of the store if it is set', async () => {
      const files = await env({ '/.env': 'REDIS_URL=redis://10.0.0.1\n' }, 'redis');
      expect(variables(files['/.env'])).toMatchObject({ REDIS_URL: 'redis://10.0.0.1' });
    });

    it('is kept out of Git', async () => {
      expect((await env({}))['/.gitignore']).toBe('.env\n');
      expect((await env({ '/.gitignore': 'dist' }))['/.gitignore']).toBe('dist\n.env\n');
      expect((await env({ '/.gitignore': '/dist\n.env*\n' }))['/.gitignore']).toBe('/dist\n.env*\n');
      const withFiles = (await env({}, 'file'))['/.gitignore'];
      expect(withFiles).toBe('.env\nstorage/sessions/\n');
    });

    it('never has its secret in .env.example', async () => {
      const files = await env({});
      expect(files['/.env.example']).not.toContain(variables(files['/.env']).SESSION_SECRET);
    });
  });

  describe('the packages', () => {
    it.each([
      ['redis', { ioredis: '^5.11.1' }],
      ['memcached', { 'memcache-client': '^1.0.5' }],
      ['database', { typeorm: '^1.1.1', '@nestjs/typeorm': '^12.0.2' }],
    ])('of the driver "%s" are added and installed', async (driver, packages) => {
      const { files, installs } = await tester.run('nest-add', { driver }, await tester.application('esm'));
      const { dependencies } = JSON.parse(files['/package.json'] ?? '');
      expect(dependencies).toMatchObject({ ...packages, '@nestjs/config': '^12.0.1', rxjs: '^7.8.1' });
      expect(installs).toEqual([expect.stringContaining('"packageManager":"npm"')]);
    });

    it('of Nest match the Nest version of the application', async () => {
      const application = await tester.application('cjs');
      const manifest = application
        .readContent('/package.json')
        .replaceAll(/(@nestjs\/\w+": ")\^12[^"]*/g, '$1^11.1.0');
      application.overwrite('/package.json', manifest);
      const { files } = await tester.run('nest-add', { driver: 'database' }, application);
      const { dependencies } = JSON.parse(files['/package.json'] ?? '');
      expect(dependencies).toMatchObject({ '@nestjs/config': '^4.0.0', '@nestjs/typeorm': '^11.0.1' });
    });

    it.each([
      ['pnpm-lock.yaml', 'pnpm'],
      ['yarn.lock', 'yarn'],
    ])('are installed by the package manager that writes %s', async (lock, manager) => {
      const application = await tester.application('cjs', { [`/${lock}`]: '' });
      const { installs } = await tester.run('nest-add', {}, application);
      expect(installs).toEqual([expect.stringContaining(`"packageManager":"${manager}"`)]);
    });
  });

  describe('with the driver "database"', () => {
    const database = async (call: string) => {
      const text = `import { Module } from '@nestjs/common';\nimport { TypeOrmModule } from '@nestjs/typeorm';\n\n@Module({\n  imports: [\n    ${call},\n  ],\n})\nexport class AppModule {}\n`;
      return tester.run(
        'nest-add',
        { driver: 'database' },
        await tester.application('cjs', { [MODULE]: text }),
      );
    };

    it('adds the entity to the list of entities', async () => {
      const { files, tree } = await database(`TypeOrmModule.forRoot({ type: 'postgres', entities: [User] })`);
      expect(files[MODULE]).toMatch(/entities: \[\s+SessionEntity,\s+User,\s+\]/);
      expect(files[MODULE]).toContain(`import { SessionEntity } from 'nestjs-session-kit/typeorm';`);
      expect(importsOf(files[MODULE])).toMatchObject({
        imports: [CONFIG, SESSION, expect.any(String)],
        errors: [],
      });
      expect((await tester.run('nest-add', { driver: 'database' }, tree)).files).toEqual(files);
    });

    it('registers the entity with forFeature if entities are auto-loaded, in a factory too', async () => {
      const { files } = await database(
        `TypeOrmModule.forRootAsync({ useFactory: () => ({ type: 'postgres', autoLoadEntities: true }) })`,
      );
      expect(importsOf(files[MODULE]).imports).toContain('TypeOrmModule.forFeature([SessionEntity])');
    });

    it.each([
      ['', ''],
      [' whose nest-cli.json has comments', '// Made by hand.'],
    ])('uses the TypeOrmModule in a library of the monorepo%s', async (_, comment) => {
      const library = `import { TypeOrmModule } from '@nestjs/typeorm';\n\nexport const database = TypeOrmModule.forRoot({ type: 'postgres', autoLoadEntities: true });\n`;
      const application = await tester.application('cjs', {
        '/libs/database/src/database.ts': library,
      });
      application.overwrite(
        '/nest-cli.json',
        `${comment}\n` +
          JSON.stringify({
            monorepo: true,
            sourceRoot: 'src',
            projects: { database: { type: 'library', sourceRoot: 'libs/database/src' } },
          }),
      );
      const { files } = await tester.run('nest-add', { driver: 'database' }, application);
      expect(importsOf(files[MODULE]).imports).toEqual([
        CONFIG,
        'TypeOrmModule.forFeature([SessionEntity])',
        SESSION,
      ]);
    });

    it('says what is left to do if entities are listed elsewhere', async () => {
      const { files, said } = await database('TypeOrmModule.forRoot(options)');
      expect(said).toMatch(/SessionEntity of nestjs-session-kit\/typeorm among the entities/);
      expect(importsOf(files[MODULE]).imports).toEqual([CONFIG, SESSION, 'TypeOrmModule.forRoot(options)']);
    });
  });
});
