import { Controller, Module } from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import {
  type ClientProxy,
  ClientProxyFactory,
  EventPattern,
  type MicroserviceOptions,
  MessagePattern,
  Payload,
  Transport,
} from '@nestjs/microservices';
import { Session, SessionInterceptor, SessionManager, SessionModule } from 'nestjs-session-kit';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Deferred } from '../parallel/support/deferred.js';
import { freePort } from '../servers/free-port.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS, UNHURRIED } from '../support/test-app.js';

@Controller()
class Messages {
  /** What happened to the last event. */
  event = new Deferred<unknown>();

  constructor(private readonly sessions: SessionManager) {}

  @MessagePattern('plain')
  plain(@Payload() text: string): string {
    return `plain ${text}`;
  }

  @MessagePattern('facade')
  facade(): string {
    try {
      return String(Session.get('user'));
    } catch (error) {
      return String(error);
    }
  }

  @MessagePattern('parameter')
  parameter(@Session() session: Session): unknown {
    return session.get('user');
  }

  @MessagePattern('named')
  named(@Payload() { sessionId }: { sessionId: string }): Promise<unknown> {
    return this.sessions.run(sessionId, () => {
      Session.increment('messages');
      return Session.get('user');
    });
  }

  @EventPattern('count')
  async count(@Payload() { sessionId }: { sessionId: string }): Promise<void> {
    this.event.resolve(await this.sessions.run(sessionId, (session) => session.increment('events')));
  }
}

/** A client of a microservice on that port. */
function clientOf(port: number): ClientProxy {
  return ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
}

const tcp = (port: number): MicroserviceOptions => ({
  transport: Transport.TCP,
  options: { host: '127.0.0.1', port },
});

describe.each(PLATFORMS)('a hybrid application on %s', (platform) => {
  describe.each([true, false])('(inheritAppConfig: %s)', (inheritAppConfig) => {
    /** Runs a test with an application and a client of its microservice. */
    async function hybrid(test: (app: HandlerApp, client: ClientProxy) => Promise<void>): Promise<void> {
      const port = await freePort();
      await using app = await HandlerApp.start(platform, {
        controllers: [Messages],
        providers: [{ provide: APP_INTERCEPTOR, useClass: SessionInterceptor }],
        configure: async (nest) => {
          nest.connectMicroservice<MicroserviceOptions>(tcp(port), { inheritAppConfig });
          await nest.startAllMicroservices();
        },
      });
      const client = clientOf(port);
      try {
        await test(app, client);
      } finally {
        await client.close();
      }
    }

    it('handles messages with SessionInterceptor everywhere, and without a session', () =>
      hybrid(async (_app, client) => {
        expect(await firstValueFrom(client.send('plain', 'text'))).toBe('plain text');
        expect(await firstValueFrom(client.send('facade', {}))).toMatch(
          /^NoSessionError: .*messages of microservices.* SessionManager\.run/,
        );
        await expect(firstValueFrom(client.send('parameter', {}))).rejects.toMatchObject({ status: 'error' });
      }));

    it('gives a message that a request sends no session of that request', () =>
      hybrid(async (app, client) => {
        const visitor = app.visitor();
        await visitor.in((session) => session.put('user', 'ann'));
        const answer = await visitor.in(() => firstValueFrom(client.send<string>('facade', {})));
        expect(answer).toMatch(/^NoSessionError/);
      }));

    it('gives a handler the session that its message names', () =>
      hybrid(async (app, client) => {
        const visitor = app.visitor();
        const sessionId = await visitor.in((session) => session.put('user', 'ann').id);
        expect(await firstValueFrom(client.send('named', { sessionId }))).toBe('ann');
        await lastValueFrom(client.emit('count', { sessionId }), { defaultValue: undefined });
        expect(await app.app.get(Messages).event.promise).toBe(1);
        await expect
          .poll(() => visitor.in((session) => session.only(['messages', 'events'])))
          .toEqual({
            messages: 1,
            events: 1,
          });
      }));
  });
});

describe('a microservice without HTTP', () => {
  it('boots, and works on sessions that a message names', async () => {
    const port = await freePort();
    @Module({ imports: [SessionModule.forRoot(UNHURRIED)], controllers: [Messages] })
    class ServiceModule {}
    const service = await NestFactory.createMicroservice<MicroserviceOptions>(ServiceModule, {
      ...tcp(port),
      logger: false,
    });
    await service.listen();
    const client = clientOf(port);
    try {
      expect(await firstValueFrom(client.send('plain', 'text'))).toBe('plain text');
      expect(await firstValueFrom(client.send('facade', {}))).toMatch(/^NoSessionError/);
      await expect(firstValueFrom(client.send('named', { sessionId: 'unknown' }))).rejects.toMatchObject({
        status: 'error',
      });
    } finally {
      await client.close();
      await service.close();
    }
  });
});
