import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Session, onSessionEvent } from 'nestjs-session-kit';
import { HeardEvents } from '../support/heard-events.js';
import { SOCKET_LIBRARIES, answer, connect, startGateways } from './gateway-app.js';

@WebSocketGateway()
class ShopGateway {
  @SubscribeMessage('look')
  look(@Session('user') user: string) {
    return answer(user);
  }

  @SubscribeMessage('add')
  add(@Session() session: Session) {
    return answer(session.increment('items'));
  }

  @SubscribeMessage('end')
  async end(@Session() session: Session) {
    await session.destroy();
    return answer('ended');
  }
}

describe.each(SOCKET_LIBRARIES)('the session events of a socket on %s with %s', (platform, library) => {
  it('are those of its messages, each once', async () => {
    using heard = new HeardEvents();
    await using app = await startGateways(platform, library, [ShopGateway]);
    const { asHeaders, value: handle } = await app
      .visitor()
      .handle((session) => session.put('user', 'ann').handle);
    await using client = await connect(library, app.url, asHeaders);
    expect(await client.ask('look')).toBe('ann');
    heard.take();
    const told = async (message: string): Promise<unknown[]> => {
      await client.ask(message);
      return heard.take().map((event) => [event.name, 'handle' in event && event.handle]);
    };
    expect(await told('look')).toEqual([['loaded', handle]]);
    expect(await told('add')).toEqual([
      ['loaded', handle],
      ['committed', handle],
    ]);
    client.send('end');
    await client.closed;
    expect(heard.take().map((event) => [event.name, 'handle' in event && event.handle])).toEqual([
      ['loaded', handle],
      ['ended', handle],
    ]);
  });

  it('are published where the facade finds the session', async () => {
    await using app = await startGateways(platform, library, [ShopGateway]);
    const { asHeaders } = await app.visitor().handle((session) => session.put('user', 'ann'));
    await using client = await connect(library, app.url, asHeaders);
    const heard: string[] = [];
    const stops = (['loaded', 'committed'] as const).map((name) =>
      onSessionEvent(name, () => heard.push(`${name}: ${Session.get<string>('user')}`)),
    );
    onTestFinished(() => {
      for (const stop of stops) stop();
    });
    await client.ask('add');
    expect(heard).toEqual(['loaded: ann', 'committed: ann']);
  });
});
