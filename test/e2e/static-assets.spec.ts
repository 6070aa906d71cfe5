import { Inject, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import fastifyStatic from '@fastify/static';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { TempFolder } from '../support/temp-folder.js';
import type { Platform, TestApplication } from '../support/test-app.js';

/** Registers static files after the session is opened. */
const late = (root: string) => {
  @Module({})
  class LateModule implements NestModule {
    constructor(@Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost) {}

    configure(): void {
      this.adapterHost.httpAdapter.use('/assets', express.static(root));
    }
  }
  return LateModule;
};

/** With middleware, the session is opened before Fastify's own request exists. */
@Module({})
class WithMiddleware implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply((_req: unknown, _res: unknown, next: () => void) => next()).forRoutes('{*path}');
  }
}

type Serve = (root: string) => HandlerAppSetup;

const onExpress =
  (prefix: string): Serve =>
  (root) => ({
    configure: (app) => void asExpress(app).useStaticAssets(root, { prefix }),
  });

const onFastify =
  (prefix: string, imports: HandlerAppSetup['imports'] = []): Serve =>
  (root) => ({
    imports,
    configure: (app) => void asFastify(app).useStaticAssets({ root, prefix }),
  });

const byPlugin =
  (wildcard: boolean): Serve =>
  (root) => ({
    configure: async (app) =>
      void (await asFastify(app).register(fastifyStatic, { root, prefix: '/assets/', wildcard })),
  });

const WAYS: [name: string, Platform, Serve][] = [
  ['useStaticAssets', 'express', onExpress('/assets/')],
  ['useStaticAssets at the root', 'express', onExpress('/')],
  ['express.static behind the session', 'express', (root) => ({ imports: [late(root)] })],
  ['useStaticAssets', 'fastify', onFastify('/assets/')],
  ['useStaticAssets at the root', 'fastify', onFastify('/')],
  ['useStaticAssets behind middleware', 'fastify', onFastify('/assets/', [WithMiddleware])],
  ['@fastify/static', 'fastify', byPlugin(true)],
  ['@fastify/static with a route for each file', 'fastify', byPlugin(false)],
];

describe.each(WAYS)('files served by %s on %s', (name, platform, serve) => {
  const path = name.endsWith('at the root') ? '' : '/assets';

  it.each(['memory', 'stealth'])('do not consume flash messages (%s)', async (driver) => {
    await using folder = await TempFolder.make({ 'style.css': 'body {}' });
    await using app = await HandlerApp.start(platform, { ...serve(folder.path), options: { driver } });
    const visitor = app.visitor();
    await visitor.in((session) => session.flash('status', 'Saved.'));
    const { headers } = await visitor.agent.get(`${path}/style.css`).expect(200, 'body {}');
    await visitor.agent.get(`${path}/style.css`).set('If-None-Match', String(headers['etag'])).expect(304);
    expect(await visitor.in((session) => session.flashMessages.all())).toEqual({ status: 'Saved.' });
    expect(await visitor.in((session) => session.flashMessages.all())).toEqual({});
  });

  it('that do not exist are a page like any other, which consumes flash messages', async () => {
    await using folder = await TempFolder.make({ 'style.css': 'body {}' });
    await using app = await HandlerApp.start(platform, serve(folder.path));
    const visitor = app.visitor();
    await visitor.in((session) => session.flash('status', 'Saved.'));
    await visitor.agent.get(`${path}/missing`).expect(404);
    expect(await visitor.in((session) => session.flashMessages.all())).toEqual({});
  });
});

function asExpress(app: TestApplication): NestExpressApplication {
  if (isExpress(app)) return app;
  throw new Error('This is no application on Express.');
}

function asFastify(app: TestApplication): NestFastifyApplication {
  if (!isExpress(app)) return app;
  throw new Error('This is no application on Fastify.');
}

function isExpress(app: TestApplication): app is NestExpressApplication {
  return app.getHttpAdapter().getType() === 'express';
}
