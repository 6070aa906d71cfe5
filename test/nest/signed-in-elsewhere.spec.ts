import { UseGuards } from '@nestjs/common';
import { GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it, vi } from 'vitest';
import { Session, SignedInGuard, SignedInWithin } from 'nestjs-session-kit';
import { SERVERS, Subscriber, Topic } from '../graphql/subscription-app.js';
import { SOCKET_LIBRARIES, answer, connect, startGateways } from '../sockets/gateway-app.js';
import { HandlerApp } from '../support/handler-app.js';

@Resolver()
class Account {
  @Query('account')
  @UseGuards(SignedInGuard)
  account() {
    return Session.userId;
  }

  @Query('password')
  @SignedInWithin('10m')
  password() {
    return Session.userId;
  }

  @Subscription('orders')
  @UseGuards(SignedInGuard)
  orders() {
    return new Topic().events();
  }

  @Subscription('payments')
  @SignedInWithin('10m')
  payments() {
    return new Topic().events();
  }
}

@WebSocketGateway()
class AccountGateway {
  @SubscribeMessage('account')
  @UseGuards(SignedInGuard)
  account(@Session('userId') userId: string) {
    return answer(userId);
  }

  @SubscribeMessage('password')
  @SignedInWithin('10m')
  password(@Session('userId') userId: string) {
    return answer(userId);
  }
}

/** The headers of a visitor who signed in that many minutes ago. */
async function signedIn(app: HandlerApp, minutes: number): Promise<{ cookie: string }> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - minutes * 60_000 });
  try {
    const { asHeaders } = await app.visitor().handle((session) => session.signIn('ann'));
    return asHeaders;
  } finally {
    vi.useRealTimers();
  }
}

/** The GraphQL error for a refusal. */
function refusalOf(path: string, reason: string): object {
  const extensions = expect.objectContaining({ code: 'UNAUTHENTICATED', reason });
  return expect.objectContaining({ path: [path], message: 'Sign in first.', extensions });
}

describe.each(SERVERS)(
  'A client of a resolver behind a guard of the package, with %s',
  (_name, platform, options) => {
    const typeDefs = `
      type Query { account: String password: String }
      type Subscription { orders: Int payments: Int }
    `;
    const start = (): Promise<HandlerApp> =>
      HandlerApp.start(platform, {
        imports: [GraphQLModule.forRoot({ ...options, typeDefs })],
        providers: [Account],
      });

    it('is let in if signed in, and recently if required, and is told the reason otherwise', async () => {
      await using app = await start();
      const ask = async (headers: Record<string, string>): Promise<unknown> => {
        const { agent } = app.visitor();
        const query = '{ account password }';
        return (await agent.post('/graphql').set(headers).send({ query })).body;
      };
      expect(await ask({})).toEqual({
        data: { account: null, password: null },
        errors: expect.arrayContaining([
          refusalOf('account', 'signed-out'),
          refusalOf('password', 'signed-out'),
        ]),
      });
      expect(await ask(await signedIn(app, 9))).toEqual({ data: { account: 'ann', password: 'ann' } });
      expect(await ask(await signedIn(app, 11))).toEqual({
        data: { account: 'ann', password: null },
        errors: [refusalOf('password', 'signed-in-too-long-ago')],
      });
    });

    it('is told why a subscription is refused', async () => {
      await using app = await start();
      await using stranger = new Subscriber(app.url);
      expect(await stranger.refusal('subscription { orders }')).toEqual([refusalOf('orders', 'signed-out')]);
      await using former = new Subscriber(app.url, await signedIn(app, 11));
      expect(await former.refusal('subscription { payments }')).toEqual([
        refusalOf('payments', 'signed-in-too-long-ago'),
      ]);
    });
  },
);

describe.each(SOCKET_LIBRARIES)(
  'A client of a message handler behind a guard of the package, on %s with %s',
  (platform, library) => {
    it('is let in if signed in, and recently if required', async () => {
      await using app = await startGateways(platform, library, [AccountGateway]);
      const ask = async (headers: Record<string, string>): Promise<unknown[]> => {
        await using client = await connect(library, app.url, headers);
        return [await client.ask('account'), await client.ask('password')];
      };
      const refused = {
        exception: expect.objectContaining({ status: 'error', message: 'Forbidden resource' }),
      };
      expect(await ask({})).toEqual([refused, refused]);
      expect(await ask(await signedIn(app, 9))).toEqual(['ann', 'ann']);
      expect(await ask(await signedIn(app, 11))).toEqual(['ann', refused]);
    });
  },
);
