import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionModule } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { LiveVisitors, who } from '../support/live-visitors.js';
import { UNHURRIED } from '../support/test-app.js';

const visitors = new LiveVisitors();

@Module({ imports: [SessionModule.forRoot(UNHURRIED)], controllers: [visitors.controller] })
class AppModule {}

async function start(
  add: (fastify: FastifyInstance) => void,
): Promise<{ app: INestApplication; url: string }> {
  const adapter = new FastifyAdapter();
  const app = await NestFactory.create(AppModule, adapter, { logger: false });
  onTestFinished(() => app.close());
  await app.init();
  // Hooks apply to the routes that are added after them.
  await adapter.getInstance().register(async (fastify: FastifyInstance) => {
    add(fastify);
  });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address();
  return { app, url: `http://127.0.0.1:${port}` };
}

describe('on Fastify, while another visitor is served', () => {
  it.each(['a function with a callback', 'an async function'])(
    'the hook onTimeout has the session of its own request (%s)',
    async (kind) => {
      const seen: unknown[] = [];
      const { url } = await start((fastify) => {
        const note = (request: FastifyRequest): void => void seen.push(request.url, who());
        if (kind === 'an async function') fastify.addHook('onTimeout', async (request) => note(request));
        else {
          fastify.addHook('onTimeout', (request, _reply, done) => {
            note(request);
            done();
          });
        }
        fastify.get('/slow', {}, async ({ raw }) => {
          // What Node emits when a connection times out, in the context of the request that opened it.
          await new Promise<void>((resolve) => {
            visitors.ask(() => {
              raw.socket.emit('timeout');
              resolve();
            });
          });
          return {};
        });
        fastify.get('/page', {}, async () => ({ handler: who() }));
      });
      const { body } = await visitors.asBob(url, async (bob) => {
        // Node ends a connection that has timed out.
        await expect(bob.get('/slow')).rejects.toThrow('socket hang up');
        return bob.get('/page');
      });
      expect(body).toEqual({ handler: 'bob' });
      expect(seen).toEqual(['/slow', 'bob']);
    },
  );

  it.each(['a function with a callback', 'an async function'])(
    'the hook onRequestAbort has the session of its own request (%s)',
    async (kind) => {
      const [reached, aborted] = [new Deferred(), new Deferred()];
      const seen: unknown[] = [];
      const { url } = await start((fastify) => {
        const note = (request: FastifyRequest): void => {
          seen.push(request.url, who());
          aborted.resolve();
        };
        if (kind === 'an async function') fastify.addHook('onRequestAbort', async (request) => note(request));
        else {
          fastify.addHook('onRequestAbort', (request, done) => {
            note(request);
            done();
          });
        }
        fastify.get('/slow', {}, async () => {
          reached.resolve();
          await aborted.promise;
          return {};
        });
        fastify.get('/page', {}, async () => ({ handler: who() }));
      });
      const { body } = await visitors.asBob(url, async (bob) => {
        const asking = bob.get('/slow');
        asking.end(() => undefined);
        await reached.promise;
        asking.abort();
        await aborted.promise;
        return bob.get('/page');
      });
      expect(seen).toEqual(['/slow', 'bob']);
      expect(body).toEqual({ handler: 'bob' });
    },
  );
});
