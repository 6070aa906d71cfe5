import type { Server } from 'node:net';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  type INestMicroservice,
  Injectable,
  Module,
  type NestInterceptor,
  type Provider,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
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
import { type TestSessions, sessionsOf } from 'nestjs-session-kit/testing';
import { EMPTY, Observable, defer, firstValueFrom, lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Deferred } from '../parallel/support/deferred.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS, UNHURRIED } from '../support/test-app.js';

/** Runs message handlers in the session that the message names. */
@Injectable()
class InNamedSession implements NestInterceptor {
  constructor(private readonly sessions: SessionManager) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { sessionId }: { sessionId: string } = context.switchToRpc().getData();
    const answer = () => lastValueFrom(next.handle(), { defaultValue: undefined });
    return defer(() => this.sessions.run(sessionId, answer));
  }
}

/** Resolves when an interceptor is ready to continue, in whatever context opens its door. */
let opened = new Deferred();

/** A class of its own each time, as interceptors are bound on their class, for all applications in the process. */
function makeBehindDoor(): Type<NestInterceptor> {
  @Injectable()
  class BehindDoor implements NestInterceptor {
    async intercept(_context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      const answers = new Observable<unknown>((subscriber) => {
        doors.push(() => next.handle().subscribe(subscriber));
        opened.resolve();
      });
      return Promise.resolve(answers);
    }
  }
  return BehindDoor;
}

/** Each lets a handler continue. */
const doors: (() => unknown)[] = [];

@Controller()
class Messages {
  /** The outcome of the last event. */
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

  @UseInterceptors(InNamedSession)
  @MessagePattern('inside')
  inside(@Session() session: Session, @Session('user') user: string): unknown {
    return [user, Session.get('user'), session.increment('inside')];
  }

  @UseInterceptors(InNamedSession)
  @MessagePattern('inside, without a value')
  silent(): Observable<never> {
    Session.increment('silent');
    return EMPTY;
  }

  @UseInterceptors(makeBehindDoor())
  @MessagePattern('behind')
  behind(): string {
    return this.facade();
  }

  @EventPattern('count')
  async count(@Payload() { sessionId }: { sessionId: string }): Promise<void> {
    this.event.resolve(await this.sessions.run(sessionId, (session) => session.increment('events')));
  }
}

/** A client of a microservice that listens. */
function clientOf(service: INestMicroservice | undefined): ClientProxy {
  const address = service?.unwrap<Server>().address();
  if (address === null || typeof address !== 'object') throw new Error('The microservice does not listen');
  const { port } = address;
  return ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
}

/** On a free port. */
const TCP: MicroserviceOptions = { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } };

describe.each(PLATFORMS)('a hybrid application on %s', (platform) => {
  describe.each([true, false])('(inheritAppConfig: %s)', (inheritAppConfig) => {
    /** Runs a test with an application and a client of its microservice. */
    async function hybrid(test: (app: HandlerApp, client: ClientProxy) => Promise<void>): Promise<void> {
      await using app = await HandlerApp.start(platform, {
        controllers: [Messages],
        providers: [{ provide: APP_INTERCEPTOR, useClass: SessionInterceptor }],
        configure: async (nest) => {
          nest.connectMicroservice<MicroserviceOptions>(TCP, { inheritAppConfig });
          await nest.startAllMicroservices();
        },
      });
      const client = clientOf(app.app.getMicroservices()[0]);
      try {
        await test(app, client);
      } finally {
        await client.close();
      }
    }

    it('handles messages with a global SessionInterceptor, without a session', () =>
      hybrid(async (_app, client) => {
        expect(await firstValueFrom(client.send('plain', 'text'))).toBe('plain text');
        expect(await firstValueFrom(client.send('facade', {}))).toMatch(
          /^NoSessionError: .*messages of microservices.* SessionManager\.run/,
        );
        await expect(firstValueFrom(client.send('parameter', {}))).rejects.toMatchObject({ status: 'error' });
      }));

    it("does not pass a request's session on to a message that the request sends", () =>
      hybrid(async (app, client) => {
        const visitor = app.visitor();
        await visitor.in((session) => session.put('user', 'ann'));
        const answer = await visitor.in(() => firstValueFrom(client.send<string>('facade', {})));
        expect(answer).toMatch(/^NoSessionError/);
      }));

    it('gives a handler the session that its interceptor runs it in, including @Session()', () =>
      hybrid(async (app, client) => {
        const [ann, bob] = [app.visitor(), app.visitor()];
        const annId = await ann.in((session) => session.put('user', 'ann').id);
        const bobId = await bob.in((session) => session.put('user', 'bob').id);
        const ask = (sessionId: string) => firstValueFrom(client.send('inside', { sessionId }));
        expect(await Promise.all([ask(annId), ask(bobId)])).toEqual([
          ['ann', 'ann', 1],
          ['bob', 'bob', 1],
        ]);
        expect(await ann.in((session) => session.get('inside'))).toBe(1);
      }));

    it('stores what a handler has written whose Observable has no value', () =>
      hybrid(async (app, client) => {
        const visitor = app.visitor();
        const sessionId = await visitor.in((session) => session.put('user', 'ann').id);
        await lastValueFrom(client.send('inside, without a value', { sessionId }), {
          defaultValue: undefined,
        });
        expect(await visitor.in((session) => session.get('silent'))).toBe(1);
      }));

    it('gives a handler no session of a job, even if its interceptor continues within that job', () =>
      hybrid(async (app, client) => {
        opened = new Deferred();
        const id = await app.visitor().in((session) => session.put('user', 'ann').id);
        const answer = firstValueFrom(client.send('behind', {}));
        await opened.promise;
        await app.manager.run(id, async () => {
          doors.splice(0).forEach((open) => open());
          expect(await answer).toMatch(/^NoSessionError/);
        });
      }));

    it('gives a handler the session named in its message', () =>
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
  interface Alone {
    /** Interceptors of the one handler `behind own`. */
    readonly own?: (Type<NestInterceptor> | NestInterceptor)[];
    readonly providers?: Provider[];
    readonly configure?: (service: INestMicroservice) => void;
  }

  /** Runs a test with a microservice and a client of it. */
  async function alone(
    { own = [], providers = [], configure }: Alone,
    test: (sessions: SessionManager, client: ClientProxy, made: TestSessions) => Promise<void>,
  ): Promise<void> {
    @Controller()
    class OwnMessages extends Messages {
      @UseInterceptors(...own)
      @MessagePattern('behind own')
      override behind(): string {
        return this.facade();
      }
    }
    @Module({ imports: [SessionModule.forRoot(UNHURRIED)], controllers: [OwnMessages], providers })
    class ServiceModule {}
    const service = await NestFactory.createMicroservice<MicroserviceOptions>(ServiceModule, {
      ...TCP,
      logger: false,
    });
    configure?.(service);
    await service.listen();
    const client = clientOf(service);
    try {
      await test(service.get(SessionManager), client, sessionsOf(service));
    } finally {
      await client.close();
      await service.close();
    }
  }

  /** An interceptor that cannot be changed. */
  const frozen = (): NestInterceptor => {
    const { prototype } = makeBehindDoor();
    return Object.freeze({ intercept: prototype.intercept });
  };

  it('boots, and rejects a message that names an unknown session', () =>
    alone({}, async (_sessions, client) => {
      expect(await firstValueFrom(client.send('plain', 'text'))).toBe('plain text');
      expect(await firstValueFrom(client.send('facade', {}))).toMatch(/^NoSessionError/);
      await expect(firstValueFrom(client.send('named', { sessionId: 'unknown' }))).rejects.toMatchObject({
        status: 'error',
      });
    }));

  it.each<[string, Alone]>([
    ['alone', {}],
    [
      'with a global SessionInterceptor',
      { providers: [{ provide: APP_INTERCEPTOR, useClass: SessionInterceptor }] },
    ],
  ])('gives a handler the session that its interceptor runs it in: %s', (_which, setup) =>
    alone(setup, async (_sessions, client, made) => {
      const { id: sessionId } = await made.of(await made.cookie({ user: 'ann' }));
      expect(await firstValueFrom(client.send('inside', { sessionId }))).toEqual(['ann', 'ann', 1]);
      expect(await firstValueFrom(client.send('inside', { sessionId }))).toEqual(['ann', 'ann', 2]);
    }),
  );

  it.each<[string, Alone]>([
    ['its class', { own: [makeBehindDoor()] }],
    ['an object', { own: [frozen()] }],
    ['global', { configure: (service) => service.useGlobalInterceptors(new (makeBehindDoor())()) }],
    ['a global class', { providers: [{ provide: APP_INTERCEPTOR, useClass: makeBehindDoor() }] }],
    ['a global object', { providers: [{ provide: APP_INTERCEPTOR, useValue: frozen() }] }],
  ])(
    'gives a handler no session of a job, even if its interceptor continues within that job: %s',
    (_which, setup) =>
      alone(setup, async (sessions, client) => {
        opened = new Deferred();
        const answer = firstValueFrom(client.send('behind own', {}));
        await opened.promise;
        await sessions.run({ user: 'ann' }, async () => {
          doors.splice(0).forEach((open) => open());
          expect(await answer).toMatch(/^NoSessionError/);
        });
      }),
  );
});
