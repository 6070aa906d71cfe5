import type { Duplex } from 'node:stream';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  Injectable,
  type PipeTransform,
  Scope,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Mutation, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import { describe, expect, it, vi } from 'vitest';
import { Session, SessionInterceptor, SessionManager, type SessionModuleOptions } from 'nestjs-session-kit';
import { CustomDriver } from '../conformance/custom-driver.js';
import { Deferred } from '../parallel/support/deferred.js';
import { CountingDriver } from '../support/counting-driver.js';
import type { HandlerApp } from '../support/handler-app.js';
import { SERVERS, Subscriber, Topic, startSubscriptions } from './subscription-app.js';

const typeDefs = `
  type Query { user: String visits: Int! }
  type Mutation { add(item: String): Int around: Int signOut: Boolean everywhere: Int begin: String rotate: String }
  type Subscription { added: Added refused: Added started: Added needy: Added filtered: Added resolved: Added }
  type Added { item: String user: String seen: Int again: Int fails: String bare: String }
`;

@Injectable()
class Counter {
  /** Uses the facade, in a service that knows nothing of GraphQL. */
  seen(): number {
    return Session.increment('seen');
  }
}

class Members implements CanActivate {
  canActivate(): boolean {
    return Session.has('user');
  }
}

/** The users that `user` was asked for. */
const asked: (string | undefined)[] = [];

@Resolver('Query')
class Queries {
  @Query('user')
  user(@Session('user') user?: string) {
    asked.push(user);
    return user;
  }

  @Query('visits')
  visits(@Session() session: Session) {
    return session.increment('visits');
  }
}

@Resolver('Mutation')
class Mutations {
  constructor(private readonly sessions: SessionManager) {}

  @Mutation('add')
  async add(@Session() session: Session) {
    await new Promise(setImmediate);
    return session.push('items', 'one').get<unknown[]>('items', []).length;
  }

  @Mutation('signOut')
  async signOut(@Session() session: Session) {
    await session.destroy();
    return true;
  }

  @Mutation('everywhere')
  everywhere(@Session('user') user: string) {
    return this.sessions.endAll(user);
  }

  @Mutation('begin')
  begin(@Session() session: Session) {
    session.put('user', 'bob');
  }

  @Mutation('rotate')
  rotate(@Session() session: Session) {
    session.regenerate();
  }
}

/** The user according to the facade, or its error. */
function facade(): string {
  try {
    return String(Session.get('user'));
  } catch (error) {
    return String(error);
  }
}

/** The results of `facade()` in a filter. */
const heardInFilter: string[] = [];

@Catch()
class RecordingFilter implements ExceptionFilter {
  catch(error: Error, _host: ArgumentsHost): Error {
    Session.push('around', 'filter');
    return error;
  }
}

class RecordingPipe implements PipeTransform {
  transform(value: unknown): unknown {
    Session.push('around', 'pipe');
    return value;
  }
}

class RecordingGuard implements CanActivate {
  canActivate(): boolean {
    Session.push('around', 'guard');
    return true;
  }
}

/** Created for each operation. */
@Resolver('Mutation')
@Injectable({ scope: Scope.REQUEST })
class ScopedMutations {
  @UseGuards(RecordingGuard)
  @UseFilters(RecordingFilter)
  @Mutation('around')
  around(@Session('user', RecordingPipe) user: string) {
    Session.push('around', user);
    throw new Error('This resolver fails.');
  }
}

@Resolver('Subscription')
class Subscriptions {
  constructor(private readonly topic: Topic) {}

  @Subscription('added')
  added() {
    return this.topic.events();
  }

  @UseGuards(Members)
  @Subscription('refused')
  refused() {
    return this.topic.events();
  }

  @Subscription('started')
  started(@Session() session: Session) {
    session.push('started', session.get('user'));
    return this.topic.events();
  }

  @Subscription('filtered', { filter: () => heardInFilter.push(facade()) > 0 })
  filtered() {
    return this.topic.events();
  }

  @Subscription('resolved', { resolve: () => ({ item: facade() }) })
  resolved() {
    return this.topic.events();
  }

  @Subscription('needy')
  needy(@Session() session: Session) {
    session.put('user', 'nobody');
    return this.topic.events();
  }
}

@Resolver('Added')
class Addeds {
  constructor(private readonly counter: Counter) {}

  @ResolveField('user')
  user(@Session('user') user?: string) {
    return user;
  }

  @ResolveField('seen')
  async seen(@Session() session: Session) {
    await new Promise(setImmediate);
    session.push('names', 'one');
    return this.counter.seen();
  }

  @ResolveField('again')
  again(@Session() _session: Session) {
    return this.counter.seen();
  }

  @ResolveField('bare')
  bare() {
    return facade();
  }

  @ResolveField('fails')
  fails(@Session() session: Session) {
    session.put('before', 'the failure');
    throw new Error('This resolver fails.');
  }
}

async function signedIn(app: HandlerApp, user = 'ann') {
  const visitor = app.visitor();
  const { asHeaders, value: id } = await visitor.handle((session) => session.put('user', user).id);
  return { visitor, asHeaders, id };
}

describe.each(SERVERS)('over graphql-ws, with %s', (_name, platform, gqlOptions) => {
  async function start(
    options: Partial<SessionModuleOptions> = {},
    driver: CountingDriver = new CountingDriver(),
  ) {
    const topic = new Topic();
    const app = await startSubscriptions(
      platform,
      { ...gqlOptions, typeDefs },
      {
        providers: [
          { provide: Topic, useValue: topic },
          Counter,
          Members,
          Queries,
          Mutations,
          ScopedMutations,
          { provide: APP_INTERCEPTOR, useClass: SessionInterceptor },
          Subscriptions,
          Addeds,
        ],
        options: {
          driver: 'counting',
          drivers: { counting: { useFactory: () => driver } },
          sockets: { checkEvery: false },
          ...options,
        },
      },
    );
    const upgraded = new Set<Duplex>();
    app.app.getHttpServer().on('upgrade', (_request: unknown, socket: Duplex) => upgraded.add(socket));
    const sockets = () => [...upgraded];
    return { app, topic, driver, sockets, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  }

  it('each event of a subscription sees the current session', async () => {
    await using server = await start();
    const { visitor, asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    const events = subscriber.listen('subscription { added { item user } }');
    for (const user of ['ann', 'ann 2', 'ann 3']) {
      await visitor.in((session) => session.put('user', user));
      const next = events.next();
      await server.topic.heardBy(1);
      server.topic.publish({ added: { item: 'mug' } });
      expect(await next).toEqual({ data: { added: { item: 'mug', user } } });
    }
    await events.stop();
    await server.topic.heardBy(0);
  });

  it('the handler of a subscription has the session, and its writes are stored', async () => {
    await using server = await start();
    const { visitor, asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    void subscriber.listen('subscription { started { item } }').next();
    await server.topic.heardBy(1);
    expect(await visitor.in((session) => session.get('started'))).toEqual(['ann']);
  });

  it('the field resolvers of an event share one read, run in parallel, and lose no update', async () => {
    await using server = await start();
    const { visitor, asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    const events = subscriber.listen('subscription { added { user seen again b: seen c: again d: seen } }');
    void events.next();
    await server.topic.heardBy(1);
    server.driver.take();
    server.topic.publish({ added: {} });
    await vi.waitFor(() => expect(server.driver.calls).toContain('write'));
    const counted = await visitor.in((session) => [session.get('seen'), session.get('names')]);
    expect(counted).toEqual([5, ['one', 'one', 'one']]);
    server.driver.take();
    const next = events.next();
    server.topic.publish({ added: {} });
    expect(await next).toMatchObject({ data: { added: { user: 'ann' } } });
    expect(server.driver.take().filter((call) => call === 'read')).toHaveLength(1);
  });

  it('simultaneous events of one subscriber lose no update', async () => {
    await using server = await start();
    const { visitor, asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    const all = [1, 2, 3].map(() => subscriber.listen('subscription { added { seen again } }').next());
    await server.topic.heardBy(3);
    server.topic.publish({ added: {} });
    await Promise.all(all);
    expect(await visitor.in((session) => session.get('seen'))).toBe(6);
  });

  it('a guard rejects a subscription unless somebody has signed in', async () => {
    await using server = await start();
    await using stranger = new Subscriber(server.app.url);
    expect(await stranger.refusal('subscription { refused { item } }')).toMatchObject([
      { message: 'Forbidden resource' },
    ]);
    const { asHeaders } = await signedIn(server.app);
    await using member = new Subscriber(server.app.url, asHeaders);
    const next = member.listen('subscription { refused { item } }').next();
    await server.topic.heardBy(1);
    server.topic.publish({ refused: { item: 'mug' } });
    expect(await next).toEqual({ data: { refused: { item: 'mug' } } });
  });

  it('queries and mutations have the session, and their writes are stored', async () => {
    await using server = await start();
    const { visitor, asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    expect(await subscriber.ask('{ user visits }')).toEqual({ data: { user: 'ann', visits: 1 } });
    const additions = 'mutation { a: add(item: "1") b: add(item: "2") }';
    expect(await subscriber.ask(additions)).toEqual({ data: { a: 1, b: 2 } });
    await Promise.all([1, 2, 3].map(() => subscriber.ask(additions)));
    expect(await visitor.in((session) => session.get<unknown[]>('items', []).length)).toBe(8);
  });

  it('guards, pipes, filters and request-scoped resolvers have the session', async () => {
    await using server = await start();
    const { visitor, asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    expect(await subscriber.ask('mutation { around }')).toMatchObject({
      errors: [{ message: 'This resolver fails.' }],
    });
    const around = await visitor.in((session) => session.get('around'));
    expect(around).toEqual(['guard', 'pipe', 'ann', 'filter']);
  });

  it('a connection follows a new id, and is closed if somebody signs in with the new id', async () => {
    await using server = await start();
    const { visitor, asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    expect(await subscriber.ask('{ user }')).toEqual({ data: { user: 'ann' } });
    await visitor.in((session) => session.regenerate().put('user', 'ann 2'));
    expect(await subscriber.ask('{ user }')).toEqual({ data: { user: 'ann 2' } });
    await visitor.in((session) => session.put('userId', 'u1').regenerate());
    expect(await subscriber.closed).toMatchObject({ code: 1008 });
  });

  it("a sealed session is read as of the handshake, is read-only, and ends with its visitor's", async () => {
    await using server = await start({ driver: 'stealth' });
    const { visitor, asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    expect(await subscriber.ask('{ user }')).toEqual({ data: { user: 'ann' } });
    expect(await subscriber.ask('mutation { add(item: "1") }')).toMatchObject({
      errors: [{ message: expect.stringContaining('In a GraphQL subscription no cookie can be sent') }],
    });
    await visitor.in((session) => session.destroy());
    expect(await subscriber.closed).toMatchObject({ code: 1008 });
  });

  it('a session is watched once per connection, until its client leaves', async () => {
    await using server = await start();
    const watch = vi.spyOn(server.app.lifecycles, 'watch');
    const { asHeaders } = await signedIn(server.app);
    const subscriber = new Subscriber(server.app.url, asHeaders);
    await Promise.all([1, 2, 3].map(() => subscriber.ask('{ user }')));
    const watches = watch.mock.results.map(({ value }) => value);
    expect(watches.map(({ id }) => typeof id)).toEqual(['string']);
    await subscriber[Symbol.asyncDispose]();
    await vi.waitFor(() => expect(watches.map(({ id }) => id)).toEqual([null]));
  });

  it('whatever needs a cookie is refused, and the error mentions subscriptions', async () => {
    await using server = await start();
    const { asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    expect(await subscriber.ask('mutation { rotate }')).toMatchObject({
      data: { rotate: null },
      errors: [{ message: expect.stringContaining('In a GraphQL subscription no cookie can be sent') }],
    });
    await using stranger = new Subscriber(server.app.url);
    expect(await stranger.refusal('subscription { needy { item } }')).toMatchObject([
      { message: expect.stringContaining('In a GraphQL subscription no cookie can be sent') },
    ]);
  });

  it('what a resolver wrote before it failed is stored', async () => {
    await using server = await start();
    const { visitor, asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    const next = subscriber.listen('subscription { added { fails } }').next();
    await server.topic.heardBy(1);
    server.topic.publish({ added: {} });
    expect(await next).toMatchObject({ errors: [{ message: 'This resolver fails.' }] });
    expect(await visitor.in((session) => session.get('before'))).toBe('the failure');
  });

  it('a write that cannot be stored fails its resolver and is not retried later', async () => {
    await using server = await start();
    const { visitor, asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    vi.spyOn(server.driver, 'write').mockRejectedValueOnce(new Error('The store is gone.'));
    expect(await subscriber.ask('mutation { add(item: "1") }')).toMatchObject({
      data: { add: null },
      errors: [{}],
    });
    expect(await subscriber.ask('mutation { add(item: "2") }')).toEqual({ data: { add: 1 } });
    expect(await visitor.in((session) => session.get('items'))).toEqual(['one']);
  });

  it('signing out closes the connection at once, with the reason', async () => {
    await using server = await start();
    const [ann, bob] = [await signedIn(server.app), await signedIn(server.app, 'bob')];
    await using first = new Subscriber(server.app.url, ann.asHeaders);
    await using second = new Subscriber(server.app.url, bob.asHeaders);
    const closing = first.listen('subscription { added { item } }').next();
    const staying = second.listen('subscription { added { user } }').next();
    await server.topic.heardBy(2);
    await ann.visitor.in((session) => session.destroy());
    expect(await first.closed).toMatchObject({ code: 1008, reason: 'The session has ended.' });
    await expect(closing).rejects.toMatchObject({ code: 1008 });
    await server.topic.heardBy(1);
    server.topic.publish({ added: {} });
    expect(await staying).toEqual({ data: { added: { user: 'bob' } } });
    await server.app.app.get(SessionManager).destroy(bob.id);
    expect(await second.closed).toMatchObject({ code: 1008 });
    await server.topic.heardBy(0);
  });

  it('events while the connection closes reach nobody and cause no error in its library', async () => {
    await using server = await start();
    const { visitor, asHeaders } = await signedIn(server.app);
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    try {
      await using subscriber = new Subscriber(server.app.url, asHeaders);
      const next = subscriber.listen('subscription { added { item user } }').next();
      await server.topic.heardBy(1);
      const gone = next.catch((event: unknown) => event);
      const errors: unknown[] = [];
      const [socket] = server.sockets();
      socket?.on('error', (error) => errors.push(error));
      await visitor.in((session) => session.destroy());
      // As fast as possible, so that some come before the client knows.
      for (let event = 0; event < 100; event += 1) {
        server.topic.publish({ added: { item: 'mug' } });
        await new Promise(setImmediate);
      }
      await subscriber.closed;
      expect(await gone).toMatchObject({ code: 1008 });
      await server.topic.heardBy(0);
      expect(errors).toEqual([]);
      expect(logged.mock.calls).toEqual([]);
    } finally {
      logged.mockRestore();
    }
  });

  it('no resolver is called with a session that has ended while it was loaded', async () => {
    await using server = await start();
    const { visitor, asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    await subscriber.ask('{ user }');
    asked.length = 0;
    const { driver } = server;
    const [reached, release] = [new Deferred(), new Deferred()];
    vi.spyOn(driver, 'read').mockImplementationOnce(async (id) => {
      const record = await CustomDriver.prototype.read.call(driver, id);
      reached.resolve();
      await release.promise;
      return record;
    });
    const answer = subscriber.ask('{ user }').catch((event: unknown) => event);
    await reached.promise;
    await visitor.in((session) => session.destroy());
    release.resolve();
    expect(await subscriber.closed).toMatchObject({ code: 1008 });
    await answer;
    expect(asked).toEqual([]);
  });

  it('a mutation that signs out is answered, and closes the connection', async () => {
    await using server = await start();
    const { asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    expect(await subscriber.ask('mutation { signOut }')).toEqual({ data: { signOut: true } });
    expect(await subscriber.closed).toMatchObject({ code: 1008 });
  });

  it('a mutation that ends all sessions of its user is answered, too', async () => {
    await using server = await start({ driver: 'memory', userKey: 'user' });
    const { asHeaders } = await signedIn(server.app);
    await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    expect(await subscriber.ask('mutation { everywhere }')).toEqual({ data: { everywhere: 2 } });
    expect(await subscriber.closed).toMatchObject({ code: 1008 });
  });

  it('a session that ended in another process closes the connection within checkEvery', async () => {
    const driver = new CountingDriver();
    await using here = await start({}, driver);
    await using there = await start({ sockets: { checkEvery: 100 } }, driver);
    const { visitor, asHeaders } = await signedIn(here.app);
    await using subscriber = new Subscriber(there.app.url, asHeaders);
    void subscriber
      .listen('subscription { added { item } }')
      .next()
      .catch(() => undefined);
    await there.topic.heardBy(1);
    await visitor.in((session) => session.destroy());
    expect(await subscriber.closed).toMatchObject({ code: 1008 });
  });

  it('an event after a sign-out in another process sees no session, and is the last', async () => {
    const driver = new CountingDriver();
    await using here = await start({}, driver);
    await using there = await start({}, driver);
    const { visitor, asHeaders } = await signedIn(here.app);
    await using subscriber = new Subscriber(there.app.url, asHeaders);
    const next = subscriber.listen('subscription { added { item user } }').next();
    await there.topic.heardBy(1);
    await visitor.in((session) => session.destroy());
    there.topic.publish({ added: { item: 'mug' } });
    expect(await next).toEqual({ data: { added: { item: 'mug', user: null } } });
    expect(await subscriber.closed).toMatchObject({ code: 1008 });
  });

  it("Nest's own calls outside of resolvers get NoSessionError rather than the handshake's session", async () => {
    await using server = await start();
    const { asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    const refusal = expect.stringMatching(/NoSessionError: .* GraphQL subscription/);
    for (const [field, data] of [
      ['resolved { item }', { item: refusal }],
      ['filtered { bare }', { bare: refusal }],
    ] as const) {
      heardInFilter.length = 0;
      await server.topic.heardBy(0);
      const events = subscriber.listen(`subscription { ${field} }`);
      const next = events.next();
      await server.topic.heardBy(1);
      server.topic.publish({ filtered: {}, resolved: {} });
      expect(Object.values(Object(await next).data)).toEqual([data]);
      await events.stop();
    }
    expect(heardInFilter).toEqual([refusal]);
  });

  it('an excluded path has no session, and the error says so', async () => {
    await using server = await start({ exclude: ['/graphql'] });
    const { asHeaders } = await signedIn(server.app);
    await using subscriber = new Subscriber(server.app.url, asHeaders);
    server.driver.take();
    expect(await subscriber.refusal('subscription { started { item } }')).toMatchObject([
      { message: expect.stringMatching(/'exclude'\? In a subscription/) },
    ]);
    expect(server.driver.take()).toEqual([]);
  });
});
