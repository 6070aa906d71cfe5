import { UseGuards } from '@nestjs/common';
import { GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it, vi } from 'vitest';
import { Session, SignedInGuard, SignedInWithin } from 'nestjs-session-kit';
import { SERVERS } from '../graphql/subscription-app.js';
import { DOORS, answer, connect, startGateways } from '../sockets/gateway-app.js';
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

/** The headers of somebody who signed in so many minutes ago. */
async function signedIn(app: HandlerApp, minutes: number): Promise<{ cookie: string }> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - minutes * 60_000 });
  try {
    const { asHeaders } = await app.visitor().handle((session) => session.signIn('ann'));
    return asHeaders;
  } finally {
    vi.useRealTimers();
  }
}

describe.each(SERVERS)(
  'whoever asks a resolver behind a guard of the package, with %s',
  (name, platform, options) => {
    it('is let in where he has signed in, and lately where that is asked for, and is told the reason otherwise', async () => {
      const typeDefs = 'type Query { account: String password: String }';
      await using app = await HandlerApp.start(platform, {
        imports: [GraphQLModule.forRoot({ ...options, typeDefs })],
        providers: [Account],
      });
      const ask = async (headers: object): Promise<{ data: unknown; said: unknown[] }> => {
        const response = await app
          .visitor()
          .agent.post('/graphql')
          .set({ ...headers })
          .send({ query: '{ account password }' });
        const {
          data,
          errors = [],
        }: { data: unknown; errors?: { path: string[]; message: string; extensions?: object }[] } =
          response.body;
        return {
          data,
          said: errors.map(({ path, message, extensions }) => [...path, message, reasonIn(extensions)]),
        };
      };
      // Mercurius says of an error what its message says.
      const reason = (text: string): string | null => (name === 'Mercurius' ? null : text);
      const refused = (path: string, why: string): unknown[] => [path, 'Sign in first.', reason(why)];
      expect(await ask({})).toEqual({
        data: { account: null, password: null },
        said: expect.arrayContaining([refused('account', 'signed-out'), refused('password', 'signed-out')]),
      });
      expect(await ask(await signedIn(app, 9))).toEqual({
        data: { account: 'ann', password: 'ann' },
        said: [],
      });
      expect(await ask(await signedIn(app, 11))).toEqual({
        data: { account: 'ann', password: null },
        said: [refused('password', 'signed-in-too-long-ago')],
      });
    });
  },
);

function reasonIn(extensions: object = {}): unknown {
  const { originalError }: { originalError?: { reason?: unknown } } = extensions;
  return originalError?.reason ?? null;
}

describe.each(DOORS)(
  'whoever sends a message to a handler behind a guard of the package, on %s with %s',
  (platform, library) => {
    it('is let in where he has signed in, and lately where that is asked for', async () => {
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
