import {
  type OnGatewayConnection,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';
import { describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { eventually } from '../support/eventually.js';
import type { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';
import { SOCKET_LIBRARIES, answer, connect, startGateways } from './gateway-app.js';

@WebSocketGateway()
class ShopGateway implements OnGatewayConnection {
  handleConnection(): void {
    if (Session.has('user')) Session.increment('in shop');
  }

  @SubscribeMessage('shop')
  shop(@Session('user') user?: string) {
    return answer(['shop', user ?? null]);
  }
}

/** On the same port and path. */
@WebSocketGateway()
class ChatGateway implements OnGatewayConnection {
  handleConnection(): void {
    if (Session.has('user')) Session.increment('in chat');
  }

  @SubscribeMessage('chat')
  chat(@Session('user') user?: string) {
    return answer(['chat', user ?? null]);
  }
}

let [begun, goesOn] = [new Deferred(), new Deferred()];

@WebSocketGateway()
class SlowGateway {
  @SubscribeMessage('slow')
  async slow(@Session() session: Session) {
    begun.resolve();
    await goesOn.promise;
    session.put('late', true);
    return answer('done');
  }
}

@WebSocketGateway({ namespace: 'news' })
class NewsGateway implements OnGatewayConnection {
  @WebSocketServer() readonly server!: Server;

  async handleConnection(client: Socket): Promise<void> {
    await client.join('readers');
  }
}

refuseUnhandledRejections();

async function signedIn(app: HandlerApp, user = 'ann') {
  const visitor = app.visitor();
  const { asHeaders, value: id } = await visitor.handle((session) => session.put('user', user).id);
  return { visitor, asHeaders, id };
}

describe.each(SOCKET_LIBRARIES)('on %s with %s', (platform, library) => {
  it('gateways on a shared port share the session of each client', async () => {
    await using app = await startGateways(platform, library, [ShopGateway, ChatGateway]);
    const { visitor, asHeaders } = await signedIn(app);
    await using client = await connect(library, app.url, asHeaders);
    await using stranger = await connect(library, app.url);
    expect([await client.ask('shop'), await client.ask('chat')]).toEqual([
      ['shop', 'ann'],
      ['chat', 'ann'],
    ]);
    expect(await stranger.ask('chat')).toEqual(['chat', null]);
    expect(await visitor.in((session) => session.only(['in shop', 'in chat']))).toEqual({
      'in shop': 1,
      'in chat': 1,
    });
  });

  it('applications in one process keep their clients apart, and disconnect only their own', async () => {
    await using here = await startGateways(platform, library, [ShopGateway]);
    await using there = await startGateways(platform, library, [ShopGateway]);
    const [ann, bob] = [await signedIn(here), await signedIn(there, 'bob')];
    await using first = await connect(library, here.url, ann.asHeaders);
    await using second = await connect(library, there.url, bob.asHeaders);
    expect([await first.ask('shop'), await second.ask('shop')]).toEqual([
      ['shop', 'ann'],
      ['shop', 'bob'],
    ]);
    await ann.visitor.in((session) => session.destroy());
    await first.closed;
    expect(await second.ask('shop')).toEqual(['shop', 'bob']);
  });

  it('a message in progress does not revive a session that ends meanwhile', async () => {
    [begun, goesOn] = [new Deferred(), new Deferred()];
    await using app = await startGateways(platform, library, [SlowGateway]);
    const { visitor, asHeaders, id } = await signedIn(app);
    await using client = await connect(library, app.url, asHeaders);
    const asked = client.ask('slow').catch(() => 'closed');
    await begun.promise;
    await visitor.in((session) => session.destroy());
    goesOn.resolve();
    await client.closed;
    await asked;
    expect(await app.manager.read(id)).toBeNull();
  });
});

describe.each(PLATFORMS)('on %s', (platform) => {
  it("a signed-out user's tabs receive nothing more from a socket.io room, while other members still do", async () => {
    await using app = await startGateways(platform, 'socket.io', [NewsGateway]);
    const [ann, bob] = [await signedIn(app), await signedIn(app, 'bob')];
    await using tab = await connect('socket.io', app.url, ann.asHeaders, '/news');
    await using other = await connect('socket.io', app.url, bob.asHeaders, '/news');
    const { server } = app.app.get(NewsGateway);
    const readers = async () => (await server.in('readers').fetchSockets()).length;
    await eventually(async () => expect(await readers()).toBe(2));
    server.to('readers').emit('news', 1);
    await eventually(() => expect([tab.heard, other.heard]).toEqual([[['news', 1]], [['news', 1]]]));
    await ann.visitor.in((session) => session.destroy());
    await tab.closed;
    expect(await readers()).toBe(1);
    server.to('readers').emit('news', 2);
    await eventually(() => expect(other.heard).toHaveLength(2));
    expect(tab.heard).toHaveLength(1);
  });
});
