import { Controller, Get, type LoggerService, Res } from '@nestjs/common';
import { GraphQLModule, Mutation, Query, Resolver } from '@nestjs/graphql';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Response } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Session, SessionError, SessionLimitError, SessionStoreError } from 'nestjs-session-kit';
import { SERVERS, Subscriber } from '../graphql/subscription-app.js';
import { SOCKET_LIBRARIES, connect, startGateways } from '../sockets/gateway-app.js';
import { HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { PLATFORMS, type TestApplication } from '../support/test-app.js';

const options = { sessionsPerUser: { max: 1, when: 'refuse' } } as const;

/** Collects the warnings and errors that an application logs. */
class Heard implements LoggerService {
  readonly lines: string[] = [];
  readonly log = (): void => undefined;
  readonly warn = (...said: unknown[]): void => void this.lines.push(said.map(String).join(' '));
  readonly error = this.warn;
  readonly configure = (app: TestApplication): void => app.useLogger(this);
}

/** Signs one visitor in and gives another a session. @returns the headers of the latter */
async function fill(app: HandlerApp): Promise<{ cookie: string }> {
  await app.visitor().in((session) => session.signIn('ann'));
  return (await app.visitor().handle((session) => session.put('cart', ['mug']))).asHeaders;
}

@Controller()
class SignInController {
  @Get('decorated')
  decorated(@Session() session: Session) {
    session.signIn('ann');
    return {};
  }

  @Get('decorated-commit')
  async decoratedCommit(@Session() session: Session) {
    await session.signIn('ann').commit();
    return {};
  }

  @Get('facade')
  facade() {
    Session.signIn('ann');
    return {};
  }

  @Get('facade-commit')
  async facadeCommit() {
    await Session.signIn('ann').commit();
    return {};
  }

  @Get('res')
  res(@Res() res: Response) {
    Session.signIn('ann');
    res.status(200).send({});
  }

  @Get('res-commit')
  async resCommit(@Session() session: Session, @Res() res: Response) {
    await session.signIn('ann').commit();
    res.status(200).send({});
  }
}

describe.each(PLATFORMS)('A refused sign-in that nobody catches, on %s', (platform) => {
  it.each(['decorated', 'decorated-commit', 'facade', 'facade-commit', 'res', 'res-commit'])(
    'is answered with 409 and logs nothing: %s',
    async (path) => {
      const heard = new Heard();
      const setup = { options, controllers: [SignInController], configure: heard.configure };
      await using app = await HandlerApp.start(platform, setup);
      const headers = await fill(app);
      const response = await app.visitor().agent.get(`/${path}`).set(headers);
      expect([response.status, response.body]).toEqual([409, { statusCode: 409, message: 'Conflict' }]);
      expect(heard.lines).toEqual([]);
      expect(await app.visitor().in((session) => [session.userId, session.get('cart')], { headers })).toEqual(
        [null, ['mug']],
      );
    },
  );
});

@WebSocketGateway()
class SignInGateway {
  @SubscribeMessage('put')
  put(@Session() session: Session) {
    session.put('userId', 'ann');
    return { event: 'answer', data: 'stored' };
  }

  @SubscribeMessage('commit')
  async commit() {
    await Session.put('userId', 'ann').commit();
    return { event: 'answer', data: 'stored' };
  }
}

@WebSocketGateway()
class ConnectionGateway {
  async handleConnection(): Promise<void> {
    await Session.put('userId', 'ann').commit();
  }
}

describe.each(SOCKET_LIBRARIES)(
  'A user whose sign-in over a socket is refused, on %s with %s',
  (platform, library) => {
    const start = async (gateway: typeof SignInGateway | typeof ConnectionGateway) => {
      const heard = new Heard();
      const setup: HandlerAppSetup = { options, configure: heard.configure };
      const app = await startGateways(platform, library, [gateway], setup);
      onTestFinished(() => app[Symbol.asyncDispose]());
      return { app, heard };
    };

    it.each(['put', 'commit'])('receives an error, and nothing is logged (%s)', async (event) => {
      const { app, heard } = await start(SignInGateway);
      const headers = await fill(app);
      await using client = await connect(library, app.url, headers);
      expect(await client.ask(event)).toEqual({ exception: expect.objectContaining({ status: 'error' }) });
      expect(await app.visitor().in((session) => session.all(), { headers })).toEqual({ cart: ['mug'] });
      expect(heard.lines).toEqual([]);
    });

    it('is disconnected if it was refused on connection, and nothing is logged', async () => {
      const { app, heard } = await start(ConnectionGateway);
      const client = await connect(library, app.url, await fill(app));
      await client.closed;
      expect(heard.lines).toEqual([]);
    });
  },
);

@Resolver()
class Account {
  @Query('user')
  user() {
    return Session.userId;
  }

  @Mutation('put')
  put() {
    Session.put('userId', 'ann');
    return true;
  }

  @Mutation('commit')
  async commit() {
    await Session.put('userId', 'ann').commit();
    return true;
  }
}

describe.each(SERVERS)(
  'A user whose sign-in in a resolver is refused, with %s',
  (_name, platform, served) => {
    const typeDefs = 'type Query { user: String } type Mutation { put: Boolean commit: Boolean }';
    const start = async () => {
      const heard = new Heard();
      const app = await HandlerApp.start(platform, {
        options,
        imports: [GraphQLModule.forRoot({ ...served, typeDefs })],
        providers: [Account],
        configure: heard.configure,
      });
      onTestFinished(() => app[Symbol.asyncDispose]());
      return { app, heard, headers: await fill(app) };
    };
    const conflict = expect.objectContaining({
      message: expect.stringContaining('signed in on as many devices'),
      extensions: expect.objectContaining({ code: 'CONFLICT' }),
    });

    it('receives a conflict error over HTTP, and nothing is logged', async () => {
      const { app, heard, headers } = await start();
      const ask = (query: string) => app.visitor().agent.post('/graphql').set(headers).send({ query });
      expect((await ask('mutation { put }')).status).toBe(409);
      expect((await ask('mutation { commit }')).body).toMatchObject({ errors: [conflict] });
      expect((await ask('{ user }')).body).toEqual({ data: { user: null } });
      expect(heard.lines).toEqual([]);
    });

    it.each(['put', 'commit'])(
      'receives a conflict error over a WebSocket, and nothing is logged (%s)',
      async (field) => {
        const { app, heard, headers } = await start();
        await using subscriber = new Subscriber(app.url, headers);
        expect(await subscriber.ask(`mutation { ${field} }`)).toMatchObject({ errors: [conflict] });
        expect(await subscriber.ask('{ user }')).toEqual({ data: { user: null } });
        expect(heard.lines).toEqual([]);
      },
    );
  },
);

it('SessionLimitError is a SessionError with status 409, and no SessionStoreError', () => {
  const refused: unknown = new SessionLimitError(3);
  expect(refused).toBeInstanceOf(SessionError);
  expect(refused).toBeInstanceOf(SessionLimitError);
  expect(refused).not.toBeInstanceOf(SessionStoreError);
  expect(new SessionStoreError('The store fails.')).not.toBeInstanceOf(SessionLimitError);
  expect(refused).toMatchObject({
    name: 'SessionLimitError',
    max: 3,
    statusCode: 409,
    status: 409,
    expose: false,
  });
});
