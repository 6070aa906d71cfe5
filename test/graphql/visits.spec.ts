import { Parent, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { SERVERS, Subscriber, Topic, startSubscriptions } from './subscription-app.js';

const typeDefs = `
  type Query { user: String }
  type Subscription { added: Added }
  type Added { user: String seen: Int }
`;

@Resolver('Query')
class Queries {
  @Query('user')
  user(@Session('userId') userId: string) {
    return userId;
  }
}

@Resolver('Subscription')
class Subscriptions {
  constructor(private readonly topic: Topic) {}

  @Subscription('added')
  added(@Session() session: Session) {
    session.increment('started');
    return this.topic.events();
  }
}

@Resolver('Added')
class Addeds {
  @ResolveField('user')
  user(@Parent() _added: object, @Session('userId') userId: string) {
    return userId;
  }

  @ResolveField('seen')
  seen(@Session() session: Session) {
    return session.increment('seen');
  }
}

const START = 1_800_000_000_000;
const LATER = 20_000;

describe.each(SERVERS)('over graphql-ws, with %s', (_name, platform, options) => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: START }));
  afterEach(() => void vi.useRealTimers());

  it('only queries and mutations are visits: connecting, subscribing and events neither renew nor consume messages', async () => {
    const topic = new Topic();
    await using app = await startSubscriptions(
      platform,
      { ...options, typeDefs },
      {
        providers: [{ provide: Topic, useValue: topic }, Queries, Subscriptions, Addeds],
        options: { touchEvery: '10s' },
      },
    );
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.signIn('ann').flash('status', 'Saved.'));
    const before = await app.manager.list('ann');
    {
      vi.setSystemTime(START + LATER);
      await using subscriber = new Subscriber(app.url, asHeaders);
      const events = subscriber.listen('subscription { added { user seen } }');
      for (const seen of [1, 2]) {
        const next = events.next();
        await topic.heardBy(1);
        vi.setSystemTime(Date.now() + LATER);
        topic.publish({ added: {} });
        expect(await next).toEqual({ data: { added: { user: 'ann', seen } } });
      }
      expect(await app.manager.list('ann')).toEqual(before);
    }
    expect(await app.manager.list('ann')).toEqual(before);
    await using subscriber = new Subscriber(app.url, asHeaders);
    expect(await subscriber.ask('{ user }')).toEqual({ data: { user: 'ann' } });
    expect((await app.manager.list('ann'))[0]?.lastActivity).toBe(Date.now());
    expect(
      await visitor.in((session) => [session.flashMessages.get('status'), session.get('started')]),
    ).toEqual(['Saved.', 1]);
  });
});
