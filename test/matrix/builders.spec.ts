import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { MODULE_KINDS } from '../package/fresh-applications.js';
import type { RunningApplication } from '../package/running-application.js';
import { NewApplication } from './new-application.js';

async function expectToRemember(running: RunningApplication): Promise<void> {
  const visitor = request.agent(running.url);
  await visitor.post('/').send({ status: 'Welcome.' }).expect(201, { visits: 1 });
  await visitor.get('/').expect(200, { visits: 1, status: 'Welcome.' });
  await visitor.get('/').expect(200, { visits: 1, status: 'nothing new' });
  expect(running.complaints).toBe('');
}

/**
 * A configuration that bundles every package. Optional packages that Nest looks for are excluded, as Nest's manual
 * does; those that this package looks for need no entry.
 */
const bundleAll = (tool: string): string => `
  const { IgnorePlugin } = require('${tool}');
  const looksFor = /^(@nestjs\\/(microservices|websockets)|@fastify|class-|file-type|@grpc)/;
  module.exports = (options) => ({
    ...options,
    externals: [],
    plugins: [
      ...options.plugins,
      new IgnorePlugin({
        checkResource: (name, context) => !context.includes('nestjs-session-kit') && looksFor.test(name),
      }),
    ],
  });
`;

describe.each(MODULE_KINDS)('An application of type "%s"', (kind) => {
  // The webpack builder of the Nest CLI rejects ES modules and suggests rspack.
  const builders = ['tsc', 'swc', 'rspack', ...(kind === 'commonjs' ? ['webpack'] : [])];

  it.each(builders)('is built with %s, and has working sessions', async (builder) => {
    using application = new NewApplication(kind);
    await application.nest('build', '-b', builder);
    await using running = await application.start();
    await expectToRemember(running);
  });
});

describe.each(['webpack', '@rspack/core'])('An application in one bundle made by %s', (tool) => {
  it('has working sessions without any optional peer installed, and builds without warnings about them', async () => {
    using application = new NewApplication('commonjs');
    application.write('bundler.config.js', bundleAll(tool));
    const flag = tool === 'webpack' ? '--webpackPath' : '--rspackPath';
    const builder = tool === 'webpack' ? 'webpack' : 'rspack';
    const said = await application.nest('build', '-b', builder, flag, 'bundler.config.js');
    expect(said).not.toMatch(/nestjs-session-kit|ioredis|memcache-client|typeorm/);
    application.forgetPackages();
    await using running = await application.start();
    await expectToRemember(running);
  });
});

const bundleModules = `
  export default {
    build: {
      ssr: 'dist/main.js',
      outDir: 'bundle',
      rollupOptions: { external: [/^@nestjs\\/(microservices|websockets)/, /^class-/, 'file-type'] },
    },
    ssr: { noExternal: true },
  };
`;

describe('An application of ES modules in one bundle made by Vite', () => {
  it('has working sessions without any optional peer installed', async () => {
    using application = new NewApplication('module');
    application.write('vite.config.mjs', bundleModules);
    await application.nest('build', '-b', 'tsc');
    await application.bundle();
    application.forgetPackages();
    await using running = await application.start('bundle/main.js');
    await expectToRemember(running);
  });
});

/** Nest 12 is ES modules, which Jest can load into CommonJS from Node 24.9 on, with the flag that the template sets. */
const isNest12 = process.env['MATRIX_NEST'] === '12';
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

describe('An application of type "commonjs" under Jest', () => {
  it.skipIf(isNest12 && (major < 24 || (major === 24 && minor < 9)))(
    'passes its tests with the Jest configuration of the template',
    async () => {
      using application = new NewApplication('commonjs');
      const said = await application.test(...(isNest12 ? ['--experimental-vm-modules'] : []));
      expect(said).toMatch(/^Tests: +3 passed, 3 total$/m);
    },
  );
});
