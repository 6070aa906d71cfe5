import {
  type OnGatewayConnection,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
} from '@nestjs/websockets';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Session, SessionManager, type SessionModuleOptions } from 'nestjs-session-kit';
import { sessionsOf } from 'nestjs-session-kit/testing';
import { CountingDriver } from '../support/counting-driver.js';
import type { Handler, HandlerApp } from '../support/handler-app.js';
import { heapUsed } from '../support/heap-growth.js';
import { type TestServer, describeWith, startRedis } from '../servers/index.js';
import { SOCKET_LIBRARIES, LIBRARIES, answer, connect, startGateways } from './gateway-app.js';
import { eventually } from '../support/eventually.js';

@WebSocketGateway()
class WhoGateway {
  @SubscribeMessage('who')
  who(@Session('user') user: string) {
    return answer(user ?? null);
  }

  @SubscribeMessage('bye')
  async bye(@Session() session: Session) {
    await session.destroy();
    return answer('bye');
  }
}

/** Ends all sessions of its user, and answers with how many once it is let go on. */
@WebSocketGateway()
class EverywhereGateway {
  static goOn: () => Promise<unknown> = () => Promise.resolve();

  constructor(private readonly sessions: SessionManager) {}

  @SubscribeMessage('sign out everywhere')
  async everywhere(@Session('userId') userId: string) {
    const ended = await this.sessions.endAll(userId);
    await EverywhereGateway.goOn();
    return answer(ended);
  }

  @SubscribeMessage('sign out everywhere and fail')
  async failing(@Session('userId') userId: string): Promise<never> {
    await this.sessions.endAll(userId);
    throw new WsException('There is no mail server.');
  }
}

/** How many clients are connected. */
let present = 0;
/** All clients that ever connected. */
const clients: WeakRef<object>[] = [];

@WebSocketGateway()
class CountingGateway implements OnGatewayConnection {
  handleConnection(client: object): void {
    clients.push(new WeakRef(client));
    present += 1;
  }

  handleDisconnect(): void {
    present -= 1;
  }
}

/** The ways to end a session from a request. */
const WAYS: [string, Handler<unknown>][] = [
  ['destroy', (session) => session.destroy()],
  ['invalidate', (session) => session.invalidate()],
  ['forget', (session) => session.forget()],
  ['request.session = null', (_session, { req }) => void Object.assign(req, { session: null })],
];

async function signedIn(app: HandlerApp, user = 'ann') {
  const visitor = app.visitor();
  const { asHeaders, value: id } = await visitor.handle((session) => session.put('user', user).id);
  return { visitor, asHeaders, id };
}

describe.each(SOCKET_LIBRARIES)('when its session ends, a socket on %s, by %s', (platform, library) => {
  it.each(WAYS)('is disconnected at once, by %s in a request', async (_way, end) => {
    await using app = await startGateways(platform, library, [WhoGateway], {
      options: { sockets: { checkEvery: false } },
    });
    const { visitor, asHeaders } = await signedIn(app);
    const bob = await signedIn(app, 'bob');
    await using client = await connect(library, app.url, asHeaders);
    await using other = await connect(library, app.url, bob.asHeaders);
    expect([await client.ask('who'), await other.ask('who')]).toEqual(['ann', 'bob']);
    await visitor.in(end);
    await client.closed;
    expect(await other.ask('who')).toBe('bob');
  });

  it('is disconnected at once by SessionManager.destroy, and by a message, which is still answered', async () => {
    await using app = await startGateways(platform, library, [WhoGateway]);
    const [ann, bob] = [await signedIn(app), await signedIn(app, 'bob')];
    await using first = await connect(library, app.url, ann.asHeaders);
    // Two tabs of one browser.
    await using second = await connect(library, app.url, bob.asHeaders);
    await using third = await connect(library, app.url, bob.asHeaders);
    await Promise.all([first.ask('who'), second.ask('who'), third.ask('who')]);
    await app.app.get(SessionManager).destroy(ann.id);
    await first.closed;
    expect(await second.ask('bye')).toBe('bye');
    await Promise.all([second.closed, third.closed]);
  });

  it('is disconnected once the message that ended it is answered, and its other sockets at once', async () => {
    await using app = await startGateways(platform, library, [WhoGateway, EverywhereGateway]);
    const headers = async (): Promise<{ cookie: string }> => ({
      cookie: await sessionsOf(app.app).cookie({ userId: 'ann' }),
    });
    const [phone, laptop] = [await headers(), await headers()];
    await using asking = await connect(library, app.url, phone);
    await using sameSession = await connect(library, app.url, phone);
    await using other = await connect(library, app.url, laptop);
    for (const client of [asking, sameSession, other]) await client.ask('who');
    // The handler goes on only when the other sockets are disconnected.
    EverywhereGateway.goOn = () => Promise.all([sameSession.closed, other.closed]);
    const ended = asking.ask('sign out everywhere');
    await Promise.all([sameSession.closed, other.closed]);
    expect(await ended).toBe(2);
    await asking.closed;

    await using failing = await connect(library, app.url, await headers());
    expect(await failing.ask('sign out everywhere and fail')).toMatchObject({
      exception: { message: 'There is no mail server.' },
    });
    await failing.closed;
  });

  it('is disconnected after five seconds if the message that ended it is never answered', async () => {
    await using app = await startGateways(platform, library, [WhoGateway, EverywhereGateway]);
    const cookie = await sessionsOf(app.app).cookie({ userId: 'ann' });
    await using asking = await connect(library, app.url, { cookie });
    await using other = await connect(library, app.url, { cookie });
    for (const client of [asking, other]) await client.ask('who');
    EverywhereGateway.goOn = () => new Promise(() => undefined);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      asking.send('sign out everywhere');
      await other.closed;
      expect(asking.isClosed).toBe(false);
      vi.advanceTimersByTime(5_000);
      await asking.closed;
    } finally {
      vi.useRealTimers();
    }
  });

  it('is disconnected even if it never sent a message', async () => {
    await using app = await startGateways(platform, library, [WhoGateway, CountingGateway]);
    const { visitor, asHeaders } = await signedIn(app);
    present = 0;
    await using client = await connect(library, app.url, asHeaders);
    await eventually(() => expect(present).toBe(1));
    await visitor.in((session) => session.destroy());
    await client.closed;
    await eventually(() => expect(present).toBe(0));
  });

  it('follows a new id, and is disconnected if somebody signs in with the new id', async () => {
    await using app = await startGateways(platform, library, [WhoGateway]);
    const { visitor, asHeaders } = await signedIn(app);
    await using client = await connect(library, app.url, asHeaders);
    expect(await client.ask('who')).toBe('ann');
    for (const user of ['ann 2', 'ann 3']) {
      await visitor.in((session) => session.regenerate().put('user', user));
      expect(await client.ask('who')).toBe(user);
    }
    await visitor.in((session) => session.put('userId', 'u1').regenerate());
    // The socket may be closed before the message arrives.
    expect(await client.ask('who').catch(() => null)).toBeNull();
    await client.closed;
    const now = await visitor.handle((session) => session.regenerate());
    await using again = await connect(library, app.url, now.asHeaders);
    expect(await again.ask('who')).toBe('ann 3');
    await visitor.in((session) => session.destroy());
    await again.closed;
  });

  it('is disconnected without sending a message if the user changes with the id, and stays otherwise', async () => {
    await using app = await startGateways(platform, library, [WhoGateway, CountingGateway]);
    const ann = await signedIn(app);
    await ann.visitor.in((session) => session.put('userId', 'u1'));
    const bob = await signedIn(app, 'bob');
    present = 0;
    await using client = await connect(library, app.url, ann.asHeaders);
    await using stranger = await connect(library, app.url, bob.asHeaders);
    await eventually(() => expect(present).toBe(2));
    await ann.visitor.in((session) => session.regenerate());
    // As Passport signs in. Signing out follows below.
    await bob.visitor.in((session) => session.regenerate().put('userId', 'u2'));
    await stranger.closed;
    expect(await client.ask('who')).toBe('ann');
    const { asHeaders } = await ann.visitor.handle((session) => session.regenerate());
    await using another = await connect(library, app.url, asHeaders);
    await eventually(() => expect(present).toBe(2));
    await ann.visitor.in((session) => session.forget('userId').regenerate());
    await Promise.all([client.closed, another.closed]);
  });

  it('is disconnected without sending a message if its sealed session continues without its user', async () => {
    await using app = await startGateways(platform, library, [WhoGateway, CountingGateway], {
      options: { driver: 'stealth' },
    });
    const { visitor, asHeaders } = await signedIn(app);
    present = 0;
    await using client = await connect(library, app.url, asHeaders);
    await eventually(() => expect(present).toBe(1));
    await visitor.in((session) => session.forget('user').regenerate());
    await client.closed;
  });

  it('is disconnected when its sealed session ends in this process', async () => {
    await using app = await startGateways(platform, library, [WhoGateway], {
      options: { driver: 'stealth' },
    });
    const { visitor, asHeaders } = await signedIn(app);
    await using client = await connect(library, app.url, asHeaders);
    expect(await client.ask('who')).toBe('ann');
    await visitor.in((session) => session.destroy());
    await client.closed;
  });
});

describe.each(LIBRARIES)('where the session ends in another process, a socket by %s', (library) => {
  /** Two applications on one store, each unaware of what happens in the other. */
  const two = async (options: Partial<SessionModuleOptions>) => {
    const driver = new CountingDriver();
    const shared = { driver: 'shared', drivers: { shared: { useFactory: () => driver } }, ...options };
    const here = await startGateways('express', library, [WhoGateway], { options: shared });
    const there = await startGateways('fastify', library, [WhoGateway], { options: shared });
    return {
      here,
      there,
      driver,
      [Symbol.asyncDispose]: async () => {
        await here[Symbol.asyncDispose]();
        await there[Symbol.asyncDispose]();
      },
    };
  };

  it('is answered without a session, and disconnected, at its next message', async () => {
    await using apps = await two({ sockets: { checkEvery: false } });
    const { visitor, asHeaders } = await signedIn(apps.here);
    await using client = await connect(library, apps.there.url, asHeaders);
    expect(await client.ask('who')).toBe('ann');
    await visitor.in((session) => session.destroy());
    expect(await client.ask('who')).toBeNull();
    await client.closed;
  });

  it('is disconnected within checkEvery', async () => {
    await using apps = await two({ sockets: { checkEvery: 100 } });
    const { visitor, asHeaders } = await signedIn(apps.here);
    const bob = await signedIn(apps.here, 'bob');
    await using client = await connect(library, apps.there.url, asHeaders);
    await using other = await connect(library, apps.there.url, bob.asHeaders);
    await visitor.in((session) => session.destroy());
    await client.closed;
    await bob.visitor.in((session) => session.regenerate());
    apps.driver.take();
    await eventually(() => expect(apps.driver.calls.length).toBeGreaterThan(3));
    expect(await other.ask('who')).toBe('bob');
  });

  it('is disconnected within checkEvery if the user changes with the id', async () => {
    await using apps = await two({ sockets: { checkEvery: 100 } });
    const { visitor, asHeaders } = await signedIn(apps.here);
    await visitor.in((session) => session.put('userId', 'u1'));
    await using client = await connect(library, apps.there.url, asHeaders);
    expect(await client.ask('who')).toBe('ann');
    await visitor.in((session) => session.forget('userId').regenerate());
    await client.closed;
  });

  it('follows a new id through the redirect', async () => {
    await using apps = await two({ sockets: { checkEvery: false } });
    const { visitor, asHeaders } = await signedIn(apps.here);
    await using client = await connect(library, apps.there.url, asHeaders);
    expect(await client.ask('who')).toBe('ann');
    await visitor.in((session) => session.regenerate().put('user', 'ann 2'));
    expect(await client.ask('who')).toBe('ann 2');
    apps.driver.take();
    expect(await client.ask('who')).toBe('ann 2');
    expect(apps.driver.take()).toEqual(['read']);
  });

  it('cannot reach through an old id a session that it has never seen', async () => {
    await using apps = await two({ sockets: { checkEvery: false } });
    const { visitor, asHeaders } = await signedIn(apps.here);
    await visitor.in((session) => session.regenerate());
    await using client = await connect(library, apps.there.url, asHeaders);
    expect(await client.ask('who')).toBeNull();
    expect(client.isClosed).toBe(false);
  });
});

describeWith(['redis'], 'sockets of two applications on one Redis', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it.each(LIBRARIES)(
    'see the writes of the other, and are disconnected when the session ends there, by %s',
    async (library) => {
      const options = { driver: 'redis', redis: { url: server.url }, sockets: { checkEvery: 200 } };
      await using here = await startGateways('express', library, [WhoGateway], { options });
      await using there = await startGateways('fastify', library, [WhoGateway], { options });
      const { visitor, asHeaders } = await signedIn(here);
      await using client = await connect(library, there.url, asHeaders);
      expect(await client.ask('who')).toBe('ann');
      await visitor.in((session) => session.put('user', 'ann 2'));
      expect(await client.ask('who')).toBe('ann 2');
      await visitor.in((session) => session.invalidate());
      await client.closed;
    },
  );
});

describe.each(LIBRARIES)('sockets by %s', (library) => {
  it.each(['memory', 'stealth'])('are disconnected when their session expires, with %s', async (driver) => {
    await using app = await startGateways('fastify', library, [WhoGateway], {
      options: { driver, age: '700ms', sockets: { checkEvery: false } },
    });
    let hasEnded = false;
    while (!hasEnded) {
      const { asHeaders } = await signedIn(app);
      await using client = await connect(library, app.url, asHeaders);
      const closed = client.closed.then(() => 'closed');
      // On a slow machine the session may have expired before the socket opened: retry.
      const seen = await Promise.race([closed, client.ask('who').catch(() => 'closed')]);
      if (seen === null) continue;
      await closed;
      hasEnded = true;
    }
    expect(hasEnded).toBe(true);
  });

  it('are not retained after they disconnect', async () => {
    await using app = await startGateways('express', library, [WhoGateway, CountingGateway]);
    const { asHeaders } = await signedIn(app);
    [present, clients.length] = [0, 0];
    const cookies = [asHeaders, { cookie: 'session=garbage' }, {}];
    const visits = Array.from({ length: 60 }, (_, index) => connect(library, app.url, cookies[index % 3]));
    for (const client of await Promise.all(visits)) client.close();
    await eventually(() => expect([present, clients.length]).toEqual([0, 60]));
    await heapUsed();
    const kept = clients.filter((client) => client.deref() !== undefined);
    // The server may still hold the last ones.
    expect(kept.length).toBeLessThan(10);
  });
});
