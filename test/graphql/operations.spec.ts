import { type CanActivate, type ExecutionContext, Injectable, UseGuards } from '@nestjs/common';
import {
  GqlExecutionContext,
  GraphQLModule,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
} from '@nestjs/graphql';
import { describe, expect, it, vi } from 'vitest';
import { Flash, Session } from 'nestjs-session-kit';
import { CountingDriver } from '../support/counting-driver.js';
import { TestApp, setCookies } from '../support/test-app.js';
import { serversOf } from './servers.js';

const typeDefs = `
  type Query { visits: Int! whole: Whole userId: String members: [Member!]! status: String secret: String idle: Int! }
  type Mutation { signIn(id: String!): String! add(item: String!): [String!]! signOut: Boolean! fail: Int }
  type Whole { visits: Int }
  type Member { name: String! greeted: Int! }
`;

@Injectable()
class Counters {
  /** Uses the facade, in a service that knows nothing of GraphQL. */
  greeted(): number {
    return Session.increment('greeted');
  }
}

class SignedIn implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { req } = GqlExecutionContext.create(context).getContext<{ req?: { session?: Session } }>();
    return Session.has('userId') && (req?.session?.has('userId') ?? true);
  }
}

@Resolver('Query')
class Queries {
  @Query('visits')
  visits(@Session() session: Session) {
    return session.increment('visits');
  }

  @Query('userId')
  userId(@Session('userId') userId?: string) {
    return userId;
  }

  @Query('whole')
  whole(@Session() session: Session) {
    return session;
  }

  @Query('members')
  members() {
    return ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name }));
  }

  @Query('status')
  status(@Flash('status') status?: string) {
    return status;
  }

  @Query('secret')
  @UseGuards(SignedIn)
  secret() {
    return `of ${String(Session.get('userId'))}`;
  }

  @Query('idle')
  idle() {
    return 1;
  }
}

@Resolver('Mutation')
class Mutations {
  @Mutation('signIn')
  signIn(@Session() session: Session) {
    session.regenerate().put('userId', 'u1').flash('status', 'Welcome');
    return 'u1';
  }

  @Mutation('add')
  async add(@Session() session: Session) {
    const size = session.get<unknown[]>('items', []).length;
    await new Promise(setImmediate);
    session.push('items', `item ${size}`);
    return session.get('items');
  }

  @Mutation('signOut')
  async signOut(@Session() session: Session) {
    await session.destroy();
    return true;
  }

  @Mutation('fail')
  fail(@Session() session: Session) {
    session.put('before', 'the failure');
    throw new Error('This resolver fails.');
  }
}

@Resolver('Member')
class Members {
  constructor(private readonly counters: Counters) {}

  @ResolveField('greeted')
  async greeted(@Parent() _member: object, @Session() session: Session) {
    await new Promise(setImmediate);
    session.push('names', 'one');
    return this.counters.greeted();
  }
}

describe.each(serversOf(typeDefs))('a GraphQL operation with %s', (_name, platform, options) => {
  async function start() {
    const driver = new CountingDriver();
    const server = await TestApp.start(platform, {
      imports: [GraphQLModule.forRoot({ ...options })],
      providers: [Queries, Mutations, Members, Counters, SignedIn],
      options: { driver: 'counting', drivers: { counting: { useFactory: () => driver } } },
    });
    const visitor = server.visitor();
    const ask = async (query: string) => {
      const response = await visitor.post('/graphql').send({ query });
      return { ...(response.body as { data?: unknown; errors?: unknown }), response };
    };
    return { driver, ask, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  }

  it('has the session of its request in resolvers, and stores what they write', async () => {
    await using server = await start();
    expect((await server.ask('{ visits }')).data).toEqual({ visits: 1 });
    expect((await server.ask('{ visits }')).data).toEqual({ visits: 2 });
  });

  it('can return a session as its values', async () => {
    await using server = await start();
    await server.ask('{ visits }');
    expect((await server.ask('{ whole { visits } }')).data).toEqual({ whole: { visits: 1 } });
  });

  it('stores nothing and sends no cookie if it does not touch the session', async () => {
    await using server = await start();
    const { response } = await server.ask('{ idle }');
    expect(setCookies(response)).toEqual([]);
    expect(server.driver.take()).toEqual([]);
  });

  it('signs in, and guards of the next one see it', async () => {
    await using server = await start();
    expect((await server.ask('{ secret }')).data).toEqual({ secret: null });
    await server.ask('mutation { signIn(id: "u1") }');
    expect((await server.ask('{ secret userId status }')).data).toEqual({
      secret: 'of u1',
      userId: 'u1',
      status: 'Welcome',
    });
  });

  it('commits once, however many resolvers have written', async () => {
    await using server = await start();
    await server.ask('{ visits }');
    server.driver.take();
    const { data } = await server.ask('mutation { a: add(item: "1") b: add(item: "2") c: add(item: "3") }');
    expect(data).toMatchObject({ c: ['item 0', 'item 1', 'item 2'] });
    expect(server.driver.take()).toEqual(['read', 'write']);
  });

  it('loses no update of field resolvers that run in parallel', async () => {
    await using server = await start();
    await server.ask('{ visits }');
    server.driver.take();
    const { data } = await server.ask('{ members { name greeted } visits }');
    expect(data).toMatchObject({
      members: [1, 2, 3, 4, 5].map((greeted) => ({ greeted })),
    });
    expect(server.driver.take()).toEqual(['read', 'write']);
    expect((await server.ask('{ members { greeted } }')).data).toMatchObject({
      members: [6, 7, 8, 9, 10].map((greeted) => ({ greeted })),
    });
  });

  it('loses no update when other operations of the same visitor run in parallel', async () => {
    await using server = await start();
    await server.ask('{ visits }');
    await Promise.all(Array.from({ length: 10 }, () => server.ask('{ visits members { greeted } }')));
    expect((await server.ask('{ visits members { greeted } }')).data).toMatchObject({
      visits: 12,
      members: [51, 52, 53, 54, 55].map((greeted) => ({ greeted })),
    });
  });

  it('stores what a resolver wrote before it failed, as for a handler', async () => {
    await using server = await start();
    const { errors } = await server.ask('mutation { fail }');
    expect(errors).toHaveLength(1);
    server.driver.take();
    await server.ask('{ visits }');
    expect(server.driver.take()).toEqual(['read', 'write']);
  });

  it('is answered with 503 if its writes could not be stored', async () => {
    await using server = await start();
    await server.ask('{ visits }');
    vi.spyOn(server.driver, 'write').mockRejectedValueOnce(new Error('The store is gone.'));
    const { response, data } = await server.ask('mutation { add(item: "1") }');
    expect(response.status).toBe(503);
    expect(data).toBeUndefined();
    expect((await server.ask('{ visits }')).data).toEqual({ visits: 2 });
  });

  it('signs out', async () => {
    await using server = await start();
    await server.ask('mutation { signIn(id: "u1") }');
    const { response } = await server.ask('mutation { signOut }');
    expect(setCookies(response)[0]).toMatch(/Max-Age=0/);
    expect((await server.ask('{ userId }')).data).toEqual({ userId: null });
  });
});
