import { join } from 'node:path';
import { Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import cookie from '@fastify/cookie';
import compress from '@fastify/compress';
import compression from 'compression';
import ejs from 'ejs';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { rawRequest } from '../support/raw-request.js';
import { SlowDriver } from '../support/slow-driver.js';
import { PLATFORMS, type Platform, TestApp, type TestApplication, setCookies } from '../support/test-app.js';
import { EndingsController, neverHandled } from './endings.controller.js';

const WRITE_MS = 100;
const VIEWS = join(import.meta.dirname, '../support/views');

@Module({})
class MiddlewareModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(
        (
          req: { url: string; originalUrl?: string },
          res: import('node:http').ServerResponse,
          next: () => void,
        ) => {
          const url = new URL(req.originalUrl ?? req.url, 'http://localhost');
          const name = url.searchParams.get('mark');
          if (name !== null) Session.put('mark', name).flash('status', name);
          if (name === 'middleware-answers') res.end('answered');
          else next();
        },
      )
      .forRoutes('{*path}');
  }
}

async function useViews(app: TestApplication, platform: Platform): Promise<void> {
  if (platform === 'express') {
    const express = app as NestExpressApplication;
    express.setBaseViewsDir(VIEWS);
    express.setViewEngine('ejs');
  } else {
    const fastify = app as NestFastifyApplication;
    await fastify.register(cookie);
    fastify.setViewEngine({ engine: { ejs }, templates: VIEWS });
  }
}

async function useCompression(app: TestApplication, platform: Platform): Promise<void> {
  if (platform === 'express') (app as NestExpressApplication).use(compression({ threshold: 0 }));
  else await (app as NestFastifyApplication).register(compress, { threshold: 0 });
}

interface Ending {
  readonly name: string;
  readonly path: string;
  readonly method?: string;
  readonly status: number;
  readonly headers?: Record<string, string>;
}

const ENDINGS: readonly Ending[] = [
  { name: 'a returned value', path: '/value', status: 200 },
  { name: 'a returned value, session used through the facade', path: '/value-by-facade', status: 200 },
  { name: 'a promise', path: '/promise', status: 200 },
  { name: 'an Observable', path: '/observable', status: 200 },
  { name: 'no content', path: '/nothing', status: 204 },
  { name: '@Redirect()', path: '/redirect', status: 302 },
  { name: '@Redirect() with @Session()', path: '/redirect-by-decorated-session', status: 302 },
  { name: '@Res() redirect', path: '/res-redirect', status: 302 },
  { name: '@Res() json', path: '/res-json', status: 200 },
  { name: '@Res() json with @Session()', path: '/res-json-decorated', status: 200 },
  { name: '@Res() render', path: '/res-render', status: 200 },
  { name: '@Render()', path: '/render', status: 200 },
  { name: '@Res() end(body, callback)', path: '/res-end-callback', status: 200 },
  { name: '@Res() answered later', path: '/res-late', status: 202 },
  { name: '@Res({ passthrough: true })', path: '/passthrough', status: 200 },
  { name: 'a thrown HttpException', path: '/http-exception', status: 400 },
  { name: 'a thrown unknown error', path: '/unknown-error', status: 500 },
  { name: 'an Observable that fails', path: '/observable-error', status: 400 },
  { name: 'a filter that flashes and redirects', path: '/filter', method: 'POST', status: 303 },
  { name: 'a guard that rejects after writing', path: '/guard', status: 403 },
  { name: 'a pipe that rejects after writing', path: '/pipe?q=1', status: 400 },
  { name: 'a StreamableFile', path: '/file', status: 200 },
  { name: 'a StreamableFile with a length', path: '/file-with-length', status: 200 },
  { name: 'chunks with back-pressure', path: '/chunks', status: 200 },
  { name: 'all bytes written before end', path: '/all-bytes-before-end', status: 200 },
  { name: 'a flat list of headers', path: '/flat-headers', status: 200 },
  { name: 'a piped stream', path: '/piped', status: 200 },
  { name: 'Server-Sent Events', path: '/events', status: 200 },
  { name: 'Server-Sent Events with @Session()', path: '/events-decorated', status: 200 },
  { name: 'Server-Sent Events that throw', path: '/events-throw', status: 400 },
  { name: 'HEAD', path: '/value-for-head', method: 'HEAD', status: 200 },
  { name: '304', path: '/not-modified', status: 304 },
  { name: '404', path: '/nowhere?mark=404', status: 404 },
  { name: 'middleware that answers', path: '/anything?mark=middleware-answers', status: 200 },
  { name: 'a Set-Cookie header of the application', path: '/own-cookie', status: 200 },
  { name: "a cookie set by the platform's own means", path: '/plugin-cookie', status: 200 },
  { name: 'writeHead with headers and cookies', path: '/head-with-cookie', status: 200 },
  { name: 'a large body', path: '/large', status: 200 },
];

const markOf = ({ path, method }: Ending): string => {
  const url = new URL(path, 'http://localhost');
  return url.searchParams.get('mark') ?? (method === 'HEAD' ? 'value-for-head' : url.pathname.slice(1));
};

const markIn = (text: string): unknown => {
  const payload: { d?: { mark?: unknown } } = JSON.parse(text);
  return payload.d?.mark;
};

const marks = (driver: SlowDriver): unknown[] =>
  [...driver.records.values()].map(({ payload }) => markIn(payload));

const writesOf = (driver: SlowDriver, mark: string): number =>
  driver.written.filter((payload) => markIn(payload) === mark).length;

const sessionCookie = (headers: { 'set-cookie'?: string[] | undefined }): string | undefined =>
  headers['set-cookie']?.find((line) => line.startsWith('session='));

for (const compressed of [false, true]) {
  describe.each(PLATFORMS)(`a response on %s${compressed ? ' behind compression' : ''}`, (platform) => {
    const driver = new SlowDriver(WRITE_MS);
    const failing = new SlowDriver(WRITE_MS);
    failing.failing = true;
    let app: TestApp;
    let failingApp: TestApp;

    const start = (slow: SlowDriver) =>
      TestApp.start(platform, {
        controllers: [EndingsController],
        imports: [MiddlewareModule],
        options: { driver: 'slow', drivers: { slow: { useFactory: () => slow } }, storeTimeout: '60s' },
        configure: async (nest) => {
          if (compressed) await useCompression(nest, platform);
          await useViews(nest, platform);
        },
      });

    beforeAll(async () => {
      app = await start(driver);
      failingApp = await start(failing);
    });

    afterAll(async () => {
      await app[Symbol.asyncDispose]();
      await failingApp[Symbol.asyncDispose]();
    });

    const encoding = compressed ? { 'accept-encoding': 'gzip' } : {};

    it.concurrent.each(ENDINGS)('ends by $name only when the session is stored', async (ending) => {
      const mark = markOf(ending);
      const method = ending.method ?? 'GET';
      let storedAtEnd: unknown[] = [];
      const answer = await rawRequest(app.url + ending.path, {
        method,
        headers: encoding,
        onEnd: () => {
          storedAtEnd = marks(driver);
        },
      });
      expect(answer.status).toBe(ending.status);
      expect(answer.broken).toBe(false);
      expect(storedAtEnd).toContain(mark);
      expect(writesOf(driver, mark)).toBe(1);

      // The cookie is there once, beside the application's own, and no shared cache may keep it.
      const cookies = answer.headers['set-cookie'] ?? [];
      expect(cookies.filter((line) => line.startsWith('session='))).toHaveLength(1);
      expect(answer.headers['cache-control']).toBeDefined();
      expect(answer.headers.vary ?? '').toMatch(/cookie/i);
      if (/own-cookie|plugin-cookie|head-with-cookie/.test(ending.path)) {
        expect(cookies.some((line) => line.startsWith('mine=1'))).toBe(true);
      }
      if (ending.path === '/flat-headers') {
        expect(cookies.slice(0, 2)).toEqual(['one=1', 'two=2']);
        expect(answer.headers['x-flat']).toBe('yes');
      }

      // A request that follows at once, as after a redirect, sees it all.
      const cookieHeader = sessionCookie(answer.headers)?.split(';')[0] ?? '';
      const next = await rawRequest(`${app.url}/see`, { headers: { cookie: cookieHeader } });
      expect(JSON.parse(next.body)).toEqual({ mark, status: mark });
    });

    it.concurrent.each(ENDINGS)('answers 503 in place of $name when the store fails', async (ending) => {
      const answer = await rawRequest(failingApp.url + ending.path, {
        method: ending.method ?? 'GET',
        headers: encoding,
      });
      expect(answer.status).toBe(503);
      expect(answer.broken).toBe(false);
      expect(sessionCookie(answer.headers)).toBeUndefined();
      expect(answer.headers.location).toBeUndefined();
      if (ending.method !== 'HEAD' && answer.headers['content-encoding'] === undefined) {
        expect(JSON.parse(answer.body)).toMatchObject({ statusCode: 503 });
      }
      expect(failing.records.size).toBe(0);
      expect(writesOf(failing, markOf(ending))).toBe(1);
    });

    it('stores what was written when the client goes away half-way', async () => {
      const handling = new Promise<void>((resolve) => {
        neverHandled.once('handling', resolve);
      });
      const gone = request(`${app.url}/never`, { agent: false });
      gone.on('error', () => undefined);
      gone.end();
      await handling;
      gone.destroy();
      await expect.poll(() => marks(driver)).toContain('never');
    });

    it('leaves a response without anything to store alone', async () => {
      const answer = await rawRequest(`${app.url}/see`, { headers: encoding });
      expect(answer.status).toBe(200);
      expect(setCookies(answer)).toEqual([]);
    });
  });
}
