import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { MODULE_KINDS } from '../package/fresh-applications.js';
import type { RunningApplication } from '../package/fresh-applications.js';
import { NewApplication } from './new-application.js';

async function expectToRemember(running: RunningApplication): Promise<void> {
  const visitor = request.agent(running.url);
  await visitor.post('/').send({ status: 'Welcome.' }).expect(201, { visits: 1 });
  await visitor.get('/').expect(200, { visits: 1, status: 'Welcome.' });
  await visitor.get('/').expect(200, { visits: 1, status: 'nothing new' });
  expect(running.complaints).toBe('');
}

/** What Nest itself imports where it is installed. Its manual has bundles of all packages made like this. */
const NESTS_LAZY_IMPORTS = String.raw`/^(@nestjs\/(microservices|websockets|platform-\w+)|class-\w+|@grpc|@fastify|file-type|load-esm)(\/|$)/`;

/** A configuration for a bundle of everything, packages included. */
const bundleAll = (tool: string, extension: string): string => `
  const bundler = require('${tool}');
  module.exports = (options) => ({
    ...options,
    externals: [],
    plugins: [...options.plugins, new bundler.IgnorePlugin({
      checkResource(resource, context) {
        return /[\\\\/]@nestjs[\\\\/]/.test(context) && ${NESTS_LAZY_IMPORTS}.test(resource) && resource !== '@nestjs/platform-express';
      },
    })],
  });
  // ${extension}
`;

describe.each(MODULE_KINDS)('An application of type "%s"', (kind) => {
  it.each([
    ['tsc', []],
    ['swc', ['-b', 'swc']],
    ['webpack', ['-b', 'webpack']],
    ['rspack', ['-b', 'rspack']],
  ])('is built with %s, and remembers', async (_builder, args) => {
    using application = new NewApplication(kind);
    await application.build(...args);
    await using running = await application.start();
    await expectToRemember(running);
  });
});
