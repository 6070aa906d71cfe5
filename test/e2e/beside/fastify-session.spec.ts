import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { Logger } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HandlerApp } from '../../support/handler-app.js';
import { SECRET, type TestApplication } from '../../support/test-app.js';

async function withFastifySession(app: TestApplication): Promise<void> {
  const adapter = app.getHttpAdapter();
  if (!(adapter instanceof FastifyAdapter)) throw new Error('Not on Fastify.');
  const fastify: FastifyInstance = adapter.getInstance();
  await fastify.register(fastifyCookie);
  await fastify.register(fastifySession, { secret: SECRET, cookie: { secure: false } });
}

async function start(configure?: (app: TestApplication) => Promise<void>) {
  const warned = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  onTestFinished(() => {
    warned.mockRestore();
  });
  const app = await HandlerApp.start('fastify', {
    options: { driver: 'memory' },
    ...(configure === undefined ? {} : { configure }),
  });
  return { app, warnings: warned.mock.calls.map(([message]) => String(message)) };
}

describe('Another session plugin of Fastify', () => {
  it('keeps request.session, which the log says at boot, and @Session() gives this package', async () => {
    const { app: started, warnings } = await start(withFastifySession);
    await using app = started;
    expect(warnings).toEqual([expect.stringContaining('request.session')]);
    const visitor = app.visitor();
    const isSame = await visitor.in((session, { req }) => {
      session.put('cart', ['mug']);
      return Reflect.has(Object(req.session), 'cart');
    });
    expect(isSame).toBe(false);
    expect(await visitor.in((session) => session.get('cart'))).toEqual(['mug']);
  });

  it('is not spoken of where there is none', async () => {
    const { app: started, warnings } = await start();
    await using app = started;
    expect(warnings).toEqual([]);
    expect(
      await app
        .visitor()
        .in((session, { req }) => session.put('a', 1).has('a') && 'a' in Object(req.session)),
    ).toBe(true);
  });
});
