import { GraphQLModule, Mutation, Query, Resolver } from '@nestjs/graphql';
import { describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { HeardEvents } from '../support/heard-events.js';
import { TestApp } from '../support/test-app.js';
import { serversOf } from './servers.js';

const typeDefs = 'type Query { visits: Int! } type Mutation { add: Int! signIn: Boolean! }';

@Resolver()
class Resolvers {
  @Query('visits')
  visits(@Session() session: Session) {
    return session.get('visits', 0);
  }

  @Mutation('add')
  add(@Session() session: Session) {
    return session.increment('visits');
  }

  @Mutation('signIn')
  signIn(@Session() session: Session) {
    session.signIn('ann');
    return true;
  }
}

describe.each(serversOf(typeDefs))(
  'the session events of a GraphQL operation with %s',
  (_name, platform, options) => {
    it('are published once for all of its resolvers', async () => {
      await using server = await TestApp.start(platform, {
        imports: [GraphQLModule.forRoot({ ...options })],
        providers: [Resolvers],
      });
      using heard = new HeardEvents();
      const visitor = server.visitor();
      const told = async (query: string): Promise<string[]> => {
        await visitor.post('/graphql').send({ query }).expect(200);
        return heard.names();
      };
      expect(await told('mutation { a: add b: add }')).toEqual(['begun', 'committed']);
      expect(await told('{ a: visits b: visits }')).toEqual(['loaded']);
      expect(await told('mutation { a: add signIn }')).toEqual(['loaded', 'moved', 'committed', 'signed-in']);
    });
  },
);
