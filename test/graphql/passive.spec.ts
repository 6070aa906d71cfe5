import { ApolloDriver } from '@nestjs/apollo';
import { Args, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Flash, PassiveSession, Session } from 'nestjs-session-kit';
import { SERVERS, Subscriber, startSubscriptions } from './subscription-app.js';

const typeDefs = `
  type Query { unread(of: String): Int messages: [Message] note: Int cart: Int status: String }
  type Message { text: String mine: Boolean }
`;

@Resolver('Query')
class Queries {
  @PassiveSession()
  @Query('unread')
  unread(@Args('of') _of: string, @Session('userId') userId: string) {
    return userId.length;
  }

  @PassiveSession()
  @Query('messages')
  messages() {
    return [{ text: 'Hello.' }];
  }

  @PassiveSession()
  @Query('note')
  note(@Session() session: Session) {
    return session.increment('noted');
  }

  @Query('cart')
  cart(@Session() session: Session) {
    return session.get<number>('cart', 0);
  }

  @PassiveSession()
  @Query('status')
  status(@Flash('status') status?: string) {
    return status;
  }
}

@Resolver('Message')
class Messages {
  @ResolveField('mine')
  mine(@Parent() _message: object, @Session('userId') userId?: string) {
    return userId === 'ann';
  }
}

const START = 1_800_000_000_000;
const LIFETIME = 2 * 3_600_000;
const LATER = 20_000;

describe.each(SERVERS)('@PassiveSession() on resolvers, with %s', (_name, platform, options) => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: START }));
  afterEach(() => void vi.useRealTimers());

  async function start() {
    const batching =
      options.driver === ApolloDriver ? { allowBatchedHttpRequests: true } : { allowBatchedQueries: true };
    const app = await startSubscriptions(
      platform,
      { ...options, ...batching, typeDefs },
      { providers: [Queries, Messages], options: { touchEvery: '10s' } },
    );
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.signIn('ann'));
    vi.setSystemTime(START + LATER);
    const ask = async (body: object): Promise<unknown> => {
      const { body: answer } = await visitor.agent.post('/graphql').send(body).expect(200);
      return answer;
    };
    const isRenewed = async (): Promise<boolean> => {
      const [session] = await app.manager.list('ann');
      return session?.expiresAt === START + LATER + LIFETIME;
    };
    return {
      app,
      visitor,
      asHeaders,
      ask,
      isRenewed,
      [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
    };
  }

  it('renews nothing and consumes no flash messages if all root fields have it', async () => {
    await using server = await start();
    await server.visitor.in((session) => session.flash('status', 'Saved.'), {
      headers: { purpose: 'prefetch' },
    });
    vi.setSystemTime(START + 2 * LATER);
    const [before] = await server.app.manager.list('ann');
    const queries: [string, object][] = [
      ['{ unread }', { unread: 3 }],
      ['{ unread messages { text mine } }', { unread: 3, messages: [{ text: 'Hello.', mine: true }] }],
      ['{ unread again: unread(of: "all") note unread }', { unread: 3, again: 3, note: 1 }],
      ['{ status }', { status: 'Saved.' }],
      ['{ status }', { status: 'Saved.' }],
    ];
    for (const [query, data] of queries) expect(await server.ask({ query })).toEqual({ data });
    expect(await server.app.manager.list('ann')).toEqual([before]);
  });

  it.each([
    '{ unread cart }',
    '{ cart unread }',
    'query { ...Both } fragment Both on Query { unread cart }',
    'query { ... on Query { cart } unread }',
  ])('counts as a visit if one root field lacks it: %s', async (query) => {
    await using server = await start();
    expect(await server.ask({ query })).toEqual({ data: { unread: 3, cart: 0 } });
    expect(await server.isRenewed()).toBe(true);
  });

  it('counts as a visit if the same request also contains another operation', async () => {
    await using server = await start();
    const answer = await server.ask([{ query: '{ unread }' }, { query: '{ cart }' }]);
    expect(answer).toEqual([{ data: { unread: 3 } }, { data: { cart: 0 } }]);
    expect(await server.isRenewed()).toBe(true);
  });

  it('renews nothing over a WebSocket, until a root field lacks it', async () => {
    await using server = await start();
    await using subscriber = new Subscriber(server.app.url, server.asHeaders);
    expect(await subscriber.ask('{ unread note }')).toEqual({ data: { unread: 3, note: 1 } });
    expect(await server.isRenewed()).toBe(false);
    expect(await subscriber.ask('{ unread cart }')).toEqual({ data: { unread: 3, cart: 0 } });
    expect(await server.isRenewed()).toBe(true);
  });
});
