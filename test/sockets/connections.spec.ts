import { createServer } from 'node:http';
import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  Scope,
  UseGuards,
} from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import {
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
} from '@nestjs/websockets';
import type { Server, ServerOptions } from 'socket.io';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  NoSessionError,
  PassiveSession,
  Session,
  SessionReadonlyError,
  SignedInGuard,
} from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { CountingDriver } from '../support/counting-driver.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';
import { SOCKET_LIBRARIES, answer, connect, startGateways } from './gateway-app.js';
import { eventually } from '../support/eventually.js';

/** What hooks and handlers saw, in order. */
let seen: string[] = [];

const see = (where: string): void => {
  seen.push(`${where}:${Session.get<string>('user', 'nobody')}`);
};

const errorOf = async (work: () => unknown): Promise<unknown> => {
  try {
    await work();
    return null;
  } catch (error) {
    return error;
  }
};

class Base implements OnGatewayConnection {
  handleConnection(_client: unknown): void {
    see('base');
  }
}

@WebSocketGateway()
class HooksGateway extends Base implements OnGatewayDisconnect {
  override handleConnection(client: unknown): void {
    see('connected');
    super.handleConnection(client);
    if (Session.has('user')) Session.increment('connections');
  }

  handleDisconnect(_client: unknown): void {
    see('left');
    if (Session.has('user')) Session.decrement('connections');
  }

  @SubscribeMessage('who')
  who() {
    see('message');
    return answer(Session.get('user', null));
  }
}

@WebSocketGateway()
class WritingGateway {
  @SubscribeMessage('write')
  async write() {
    return answer(describeError(await errorOf(() => Session.put('x', 1))));
  }

  @SubscribeMessage('forbidden')
  async forbidden(@Session() session: Session) {
    const tries = [
      () => session.put('x', 1).commit(),
      () => session.regenerate(),
      () => session.invalidate(),
      () => session.signIn('ann'),
      () => session.signOut(),
      () => session.setId('x'),
      () => session.setSignedId('x'),
      () => session.increment('x'),
    ];
    const errors: unknown[] = [];
    for (const each of tries) errors.push(describeError(await errorOf(each)));
    return answer(errors);
  }
}

function describeError(error: unknown): string {
  if (!(error instanceof SessionReadonlyError)) return String(error);
  return error.message.includes('On a socket no cookie can be sent') ? 'refused' : error.message;
}

@WebSocketGateway()
class FieldGateway {
  handleConnection = (): void => see('field');
}

/** As decorators do that bind a method to its object. */
function getter(_target: object, _name: string, { value }: PropertyDescriptor): PropertyDescriptor {
  return { configurable: true, get: (): unknown => value };
}

@WebSocketGateway()
class GetterGateway {
  @getter
  handleConnection(): void {
    see('getter');
  }
}

@WebSocketGateway()
@Injectable({ scope: Scope.REQUEST })
class ScopedGateway implements OnGatewayConnection {
  async handleConnection(): Promise<void> {
    await Promise.resolve();
    see('scoped');
  }
}

@WebSocketGateway()
class MembersGateway implements OnGatewayConnection {
  handleConnection(): void {
    if (Session.missing('user')) throw new WsException('Sign in first.');
  }

  @SubscribeMessage('who')
  who() {
    return answer(Session.get('user'));
  }
}

@Injectable()
class Doorkeeper {
  readonly wanted = 'user';
}

@Injectable()
class DoorGuard implements CanActivate {
  constructor(@Inject(Doorkeeper) private readonly doorkeeper: Doorkeeper) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    await new Promise(setImmediate);
    see('guard');
    if (context.getType() !== 'ws' || context.getClass() !== GuardedGateway) return false;
    if (Session.has('user')) Session.increment('asked');
    return Session.has(this.doorkeeper.wanted);
  }
}

@WebSocketGateway()
class GuardedGateway implements OnGatewayConnection {
  @UseGuards(DoorGuard)
  handleConnection(): void {
    see('connected');
  }

  @SubscribeMessage('who')
  who() {
    see('message');
    return answer(Session.get('user', null));
  }
}

@WebSocketGateway()
@Injectable({ scope: Scope.REQUEST })
class ScopedGuardedGateway implements OnGatewayConnection {
  @UseGuards(SignedInGuard)
  handleConnection(): void {
    see('connected');
  }
}

@WebSocketGateway()
class CarelessGateway implements OnGatewayConnection {
  handleConnection(): void {
    Session.increment('connections');
  }
}

describe.each(SOCKET_LIBRARIES)('a connection on %s, by %s', (platform, library) => {
  const signedIn = async (app: HandlerApp) => {
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.put('user', 'ann'));
    return { visitor, asHeaders };
  };

  it('has its session in handleConnection, before any message, and in handleDisconnect', async () => {
    seen = [];
    await using app = await startGateways(platform, library, [HooksGateway]);
    const { visitor, asHeaders } = await signedIn(app);
    const client = await connect(library, app.url, asHeaders);
    await client.ask('who');
    expect(seen).toEqual(['connected:ann', 'base:ann', 'message:ann']);
    await eventually(async () => expect(await visitor.in((s) => s.get('connections'))).toBe(1));
    client.close();
    await eventually(() => expect(seen.at(-1)).toBe('left:ann'));
    await eventually(async () => expect(await visitor.in((s) => s.get('connections'))).toBe(0));
  });

  it('finishes handleConnection before it handles a message, however long the store takes', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isHolding = false;
    class HoldingDriver extends CountingDriver {
      override async read(id: string) {
        const isFirst = isHolding;
        isHolding = false;
        if (isFirst) await held;
        return super.read(id);
      }
    }
    await using app = await startGateways(platform, library, [HooksGateway], {
      options: { driver: 'holding', drivers: { holding: { useClass: HoldingDriver } } },
    });
    const { asHeaders } = await signedIn(app);
    await using stranger = await connect(library, app.url);
    [seen, isHolding] = [[], true];
    await using client = await connect(library, app.url, asHeaders);
    const answered = client.ask('who');
    // By the time the others are answered, the client's message has arrived.
    for (let round = 0; round < 5; round += 1) await stranger.ask('who');
    release();
    expect(await answered).toBe('ann');
    expect(seen.filter((each) => each.endsWith(':ann'))).toEqual([
      'connected:ann',
      'base:ann',
      'message:ann',
    ]);
  });

  it.each([
    ['a field', FieldGateway, 'field:ann'],
    ['a getter', GetterGateway, 'getter:ann'],
    ['of a gateway that is made for each client', ScopedGateway, 'scoped:ann'],
  ])('has its session when handleConnection is %s', async (_what, gateway, expected) => {
    seen = [];
    await using app = await startGateways(platform, library, [gateway]);
    const { asHeaders } = await signedIn(app);
    await using client = await connect(library, app.url, asHeaders);
    await eventually(() => expect(seen).toEqual([expected]));
    expect(client.isClosed).toBe(false);
  });

  it('reads as empty and refuses writes without a session', async () => {
    await using app = await startGateways(platform, library, [HooksGateway, WritingGateway]);
    const other = await HandlerApp.start(platform, {
      options: { secret: 'the secret of quite another application' },
    });
    const foreign = await signedIn(other);
    await other[Symbol.asyncDispose]();
    const ended = await signedIn(app);
    await ended.visitor.in((session) => session.destroy());
    const cookies: Record<string, string>[] = [
      {},
      { cookie: 'session=' },
      { cookie: 'session=%00%ff; session; =; ;;; session.0=x; session.9=y' },
      { cookie: `session=${'x'.repeat(12_000)}` },
      { cookie: `other=${'y'.repeat(15_000)}` },
      foreign.asHeaders,
      ended.asHeaders,
    ];
    for (const headers of cookies) {
      seen = [];
      await using client = await connect(library, app.url, headers);
      expect(await client.ask('who')).toBeNull();
      expect(await client.ask('write')).toBe('refused');
      const saw = seen.filter((each) => !each.startsWith('left'));
      expect(saw).toEqual(['connected:nobody', 'base:nobody', 'message:nobody']);
      expect(client.isClosed).toBe(false);
    }
  });

  it('refuses a new id and a switch of sessions, and with stealth every write', async () => {
    await using app = await startGateways(platform, library, [WritingGateway]);
    const { visitor, asHeaders } = await signedIn(app);
    await using client = await connect(library, app.url, asHeaders);
    const refused = (times: number) => Array.from({ length: times }, () => 'refused');
    expect(await client.ask('forbidden')).toEqual(['null', ...refused(6), 'null']);
    // Only the writes that were not refused took effect.
    expect(await visitor.in((session) => session.all())).toEqual({ user: 'ann', x: 2 });
    await using stealthy = await startGateways(platform, library, [MembersGateway, WritingGateway], {
      options: { driver: 'stealth' },
    });
    const sealed = await signedIn(stealthy);
    await using reader = await connect(library, stealthy.url, sealed.asHeaders);
    expect(await reader.ask('who')).toBe('ann');
    expect(await reader.ask('write')).toBe('refused');
    expect(await reader.ask('forbidden')).toEqual(refused(8));
  });

  it('is closed when handleConnection throws, and the process keeps running', async () => {
    await using app = await startGateways(platform, library, [MembersGateway]);
    const { asHeaders } = await signedIn(app);
    await using stranger = await connect(library, app.url);
    await stranger.closed;
    await using member = await connect(library, app.url, asHeaders);
    expect(await member.ask('who')).toBe('ann');
  });

  it('is closed by a guard of handleConnection before any of its messages is handled', async () => {
    for (let application = 0; application < 2; application += 1) {
      await using app = await startGateways(platform, library, [Doorkeeper, GuardedGateway]);
      const { visitor, asHeaders } = await signedIn(app);
      seen = [];
      await using stranger = await connect(library, app.url);
      stranger.send('who');
      await stranger.closed;
      expect(seen).toEqual(['guard:nobody']);
      await using member = await connect(library, app.url, asHeaders);
      expect(await member.ask('who')).toBe('ann');
      expect(seen.slice(1)).toEqual(['guard:ann', 'connected:ann', 'message:ann']);
      expect(await visitor.in((session) => session.get('asked'))).toBe(1);
    }
  });

  it('is admitted by SignedInGuard on a request-scoped gateway only if somebody has signed in', async () => {
    await using app = await startGateways(platform, library, [ScopedGuardedGateway]);
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.signIn('ann').put('user', 'ann'));
    seen = [];
    await using stranger = await connect(library, app.url);
    await stranger.closed;
    await using member = await connect(library, app.url, asHeaders);
    await eventually(() => expect(seen).toEqual(['connected:ann']));
    expect(member.isClosed).toBe(false);
  });

  it('is closed when handleConnection writes without a session', async () => {
    await using app = await startGateways(platform, library, [CarelessGateway]);
    await using stranger = await connect(library, app.url);
    await stranger.closed;
    expect(stranger.isClosed).toBe(true);
  });

  it('has no session if its path is excluded', async () => {
    const at = library === 'ws' ? { path: '/ticker' } : { namespace: 'ticker' };
    @WebSocketGateway(at)
    class TickerGateway {
      @SubscribeMessage('who')
      async who() {
        return answer((await errorOf(() => Session.get('user'))) instanceof NoSessionError);
      }
    }
    await using app = await startGateways(platform, library, [TickerGateway], {
      options: { exclude: ['/ticker'] },
    });
    const { asHeaders } = await signedIn(app);
    await using client = await connect(library, app.url, asHeaders, '/ticker');
    expect(await client.ask('who')).toBe(true);
  });

  it('renews nothing if its path or its handler is passive', async () => {
    const at = (name: string) => (library === 'ws' ? { path: `/${name}` } : { namespace: name });
    @WebSocketGateway(at('ticker'))
    class TickerGateway {
      @SubscribeMessage('who')
      who(@Session() session: Session) {
        return answer([session.get('userId'), session.expiresAt]);
      }
    }
    @WebSocketGateway(at('chat'))
    class ChatGateway {
      @PassiveSession()
      @SubscribeMessage('passive')
      passive(@Session() session: Session) {
        return answer([session.get('userId'), session.expiresAt]);
      }

      @SubscribeMessage('message')
      message(@Session() session: Session) {
        return answer(session.get('userId'));
      }
    }
    const start = 1_800_000_000_000;
    const end = start + 2 * 3_600_000;
    // A larger jump of the clock makes socket.io consider a connection dead.
    const later = 20_000;
    vi.useFakeTimers({ toFake: ['Date'], now: start });
    onTestFinished(() => void vi.useRealTimers());
    await using app = await startGateways(platform, library, [TickerGateway, ChatGateway], {
      options: { passive: ['/ticker'], touchEvery: '10s' },
    });
    const expiry = async () => (await app.manager.list('ann')).map(({ expiresAt }) => expiresAt);
    const { asHeaders } = await app.visitor().handle((session) => session.signIn('ann'));
    await using ticker = await connect(library, app.url, asHeaders, '/ticker');
    await using chat = await connect(library, app.url, asHeaders, '/chat');
    vi.setSystemTime(start + later);
    expect(await ticker.ask('who')).toEqual(['ann', end]);
    expect(await chat.ask('passive')).toEqual(['ann', end]);
    expect(await expiry()).toEqual([end]);
    expect(await chat.ask('message')).toBe('ann');
    expect(await expiry()).toEqual([end + later]);
  });

  it('counts its messages as visits, but not connecting and leaving', async () => {
    const hasLeft = new Deferred();
    @WebSocketGateway()
    class HookedGateway implements OnGatewayDisconnect {
      handleDisconnect() {
        hasLeft.resolve();
      }

      @SubscribeMessage('message')
      message(@Session('userId') userId: string) {
        return answer(userId);
      }

      @PassiveSession()
      @SubscribeMessage('passive')
      passive(@Session('userId') userId: string) {
        return answer(userId);
      }
    }
    const start = 1_800_000_000_000;
    // A larger jump of the clock makes socket.io consider a connection dead.
    const later = 20_000;
    vi.useFakeTimers({ toFake: ['Date'], now: start });
    onTestFinished(() => void vi.useRealTimers());
    await using app = await startGateways(platform, library, [HookedGateway], {
      options: { touchEvery: '10s' },
    });
    const activity = async () => (await app.manager.list('ann')).map(({ lastActivity }) => lastActivity);
    const { asHeaders } = await app.visitor().handle((session) => session.signIn('ann'));
    vi.setSystemTime(start + later);
    {
      await using client = await connect(library, app.url, asHeaders);
      expect(await client.ask('passive')).toBe('ann');
    }
    await hasLeft.promise;
    expect(await activity()).toEqual([start]);
    await using client = await connect(library, app.url, asHeaders);
    expect(await client.ask('message')).toBe('ann');
    expect(await activity()).toEqual([start + later]);
  });

  it("has its session on a port of the gateway's own", async () => {
    const port = await freePort();
    @WebSocketGateway(port)
    class OwnPortGateway {
      @SubscribeMessage('who')
      who(@Session('user') user: string) {
        return answer(user);
      }
    }
    await using app = await startGateways(platform, library, [OwnPortGateway]);
    const { asHeaders } = await signedIn(app);
    await using client = await connect(library, `http://127.0.0.1:${port}`, asHeaders);
    expect(await client.ask('who')).toBe('ann');
  });
});

describe.each(PLATFORMS)('on %s', (platform) => {
  it('a namespace behind a custom adapter has the session', async () => {
    @WebSocketGateway({ namespace: 'shop' })
    class ShopGateway {
      @SubscribeMessage('who')
      who(@Session('user') user: string) {
        return answer(user);
      }
    }
    class OwnAdapter extends IoAdapter {
      readonly #pingInterval = 20_000;
      override createIOServer(port: number, options?: ServerOptions): Server {
        return super.createIOServer(port, Object.assign({}, options, { pingInterval: this.#pingInterval }));
      }
    }
    await using app = await startGateways(platform, 'socket.io', [ShopGateway], {
      configure: (each) => void each.useWebSocketAdapter(new OwnAdapter(each)),
    });
    const { asHeaders } = await app.visitor().handle((session) => session.put('user', 'ann'));
    await using client = await connect('socket.io', app.url, asHeaders, '/shop');
    expect(await client.ask('who')).toBe('ann');
  });

  it('the session is found when an adapter stores the handshake on the client', async () => {
    class KeepingAdapter extends WsAdapter {
      override bindClientConnect(server: { on(event: string, listener: unknown): void }, callback: Function) {
        server.on('connection', (client: object, upgradeReq: unknown) => {
          callback(Object.assign(client, { upgradeReq }));
        });
      }
    }
    await using app = await startGateways(platform, 'ws', [MembersGateway], {
      configure: (each) => void each.useWebSocketAdapter(new KeepingAdapter(each)),
    });
    const { asHeaders } = await app.visitor().handle((session) => session.put('user', 'ann'));
    await using client = await connect('ws', app.url, asHeaders);
    expect(await client.ask('who')).toBe('ann');
  });

  it('acknowledgements work with the default adapter', async () => {
    @WebSocketGateway()
    class AckGateway {
      @SubscribeMessage('who')
      who(@Session('user') user: string) {
        return user;
      }
    }
    await using app = await HandlerApp.start(platform, { providers: [AckGateway] });
    const { asHeaders } = await app.visitor().handle((session) => session.put('user', 'ann'));
    const { io } = await import('socket.io-client');
    const socket = io(app.url, { extraHeaders: asHeaders, forceNew: true });
    expect(await socket.emitWithAck('who', null)).toBe('ann');
    socket.disconnect();
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
