import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import {
  MessageBody,
  type OnGatewayDisconnect,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import { type Observable, Subject, concatMap, from, map, of, tap, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { Flash, type FlashMessages, NoSessionError, Session } from 'nestjs-session-kit';
import { clockGoesOn } from '../support/clock-goes-on.js';
import { CountingDriver } from '../support/counting-driver.js';
import { SOCKET_LIBRARIES, answer, connect, startGateways } from './gateway-app.js';
import { eventually } from '../support/eventually.js';

/** Records in which places the facade found which user. */
const seen: string[] = [];
const see = (where: string): void => void seen.push(`${where}:${String(Session.get('user'))}`);

@Injectable()
class SeeingGuard implements CanActivate {
  canActivate(): boolean {
    see('guard');
    return true;
  }
}

@Injectable()
class SeeingPipe implements PipeTransform {
  transform(value: unknown): unknown {
    see('pipe');
    return value;
  }
}

@Injectable()
class SeeingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    see('interceptor');
    return next.handle().pipe(tap(() => see('behind')));
  }
}

@Catch()
class SeeingFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    see('filter');
    Session.put('filtered', true);
    const client: { send?: (text: string) => void; emit(event: string, data: unknown): void } = host
      .switchToWs()
      .getClient();
    if (client.send !== undefined && 'readyState' in client) client.send(JSON.stringify(answer('caught')));
    else client.emit('answer', 'caught');
  }
}

@Injectable()
class Cart {
  add(name: string): void {
    Session.push('cart', name);
  }
}

/** Functions that release the handler `held`. */
const held = new Set<() => void>();
/** Called when a client has disconnected. */
let left: () => void = () => undefined;
const shared = new Subject<string>();

@WebSocketGateway()
class ShopGateway implements OnGatewayDisconnect {
  constructor(@Inject(Cart) private readonly cart: Cart) {}

  @SubscribeMessage('who')
  who(@Session() session: Session, @Session('user') user: string) {
    return answer([session.get('user'), user, Session.get('user')]);
  }

  @SubscribeMessage('all')
  @UseGuards(SeeingGuard)
  @UseInterceptors(SeeingInterceptor)
  @UseFilters(SeeingFilter)
  all(@MessageBody(SeeingPipe) body: string) {
    see('handler');
    if (body === 'throw') throw new Error('thrown');
    return answer('seen');
  }

  @SubscribeMessage('add')
  add(@MessageBody() name: string) {
    this.cart.add(name);
    return answer('added');
  }

  @SubscribeMessage('promised')
  async promised(@Session() session: Session) {
    await new Promise((resolve) => setImmediate(resolve));
    return answer(session.increment('count'));
  }

  handleDisconnect(): void {
    left();
  }

  @SubscribeMessage('held')
  async held() {
    await new Promise<void>((resolve) => {
      held.add(resolve);
    });
    Session.increment('count');
  }

  @SubscribeMessage('many')
  many() {
    return from([1, 2, 3]).pipe(
      concatMap((n) => timer(0).pipe(map(() => answer(`${n}:${Session.increment('count')}`)))),
    );
  }

  @SubscribeMessage('shared')
  sharedOnes() {
    return shared.pipe(map((value) => answer(value)));
  }

  @SubscribeMessage('listen')
  @UseInterceptors(SeeingInterceptor)
  @UseFilters(SeeingFilter)
  listen() {
    return shared.pipe(
      map((value) => {
        if (value === 'throw') throw new Error('thrown');
        return { event: 'heard', data: value };
      }),
    );
  }

  /** Has no interceptor that could restore the context. */
  @SubscribeMessage('overhear')
  @UseFilters(SeeingFilter)
  overhear() {
    return this.listen();
  }

  @SubscribeMessage('speak')
  speak(@MessageBody() text: string) {
    shared.next(text);
    return answer('spoken');
  }

  /** Answers only when something is spoken. */
  @SubscribeMessage('join')
  join(@MessageBody() room: string) {
    Session.put('room', room);
    return shared.pipe(map((value) => answer(value)));
  }

  /** The same, with a promise. */
  @SubscribeMessage('join later')
  async joinLater(@MessageBody() room: string) {
    await new Promise((resolve) => setImmediate(resolve));
    return this.join(room);
  }

  @SubscribeMessage('silent')
  silent() {
    Session.put('silent', true);
  }

  @SubscribeMessage('throw')
  throwing() {
    Session.put('before', true);
    throw new Error('thrown');
  }

  @SubscribeMessage('failing')
  failing() {
    return of(1).pipe(
      map(() => {
        Session.put('streamed', true);
        throw new Error('thrown');
      }),
    );
  }

  @SubscribeMessage('flash')
  flash(@Flash() messages: FlashMessages, @Flash('status') status: string) {
    return answer([messages.all(), status ?? null, Session.get('status', null), Session.all()]);
  }

  @SubscribeMessage('say')
  say() {
    Session.flash('status', 'From a socket.');
    return answer('said');
  }
}

/** Created for each message. */
@WebSocketGateway()
@Injectable({ scope: Scope.REQUEST })
class ScopedCart {
  constructor(@Inject(Cart) private readonly cart: Cart) {}

  @SubscribeMessage('scoped')
  add(@MessageBody() name: string, @Session() session: Session) {
    this.cart.add(name);
    return answer(session.get('cart'));
  }
}

describe.each(SOCKET_LIBRARIES)('a message on %s, by %s', (platform, library) => {
  const start = (driver = 'memory') =>
    startGateways(platform, library, [ShopGateway], { providers: [Cart], options: { driver } });

  it("finds the session of the handshake's cookie, in the handler and through the facade", async () => {
    await using app = await start();
    const { asHeaders } = await app.visitor().handle((session) => session.put('user', 'ann'));
    await using client = await connect(library, app.url, asHeaders);
    expect(await client.ask('who')).toEqual(['ann', 'ann', 'ann']);
  });

  it('finds the session in guards, pipes, interceptors and filters', async () => {
    await using app = await start();
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.put('user', 'ann'));
    await using client = await connect(library, app.url, asHeaders);
    seen.length = 0;
    expect(await client.ask('all', 'x')).toBe('seen');
    expect(seen).toEqual(['guard:ann', 'interceptor:ann', 'pipe:ann', 'handler:ann', 'behind:ann']);
    seen.length = 0;
    expect(await client.ask('all', 'throw')).toBe('caught');
    expect(seen).toEqual(['guard:ann', 'interceptor:ann', 'pipe:ann', 'handler:ann', 'filter:ann']);
    await eventually(async () => expect(await visitor.in((session) => session.get('filtered'))).toBe(true));
  });

  it('loads the session afresh each time', async () => {
    await using app = await start();
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.put('user', 'ann'));
    await using client = await connect(library, app.url, asHeaders);
    expect(await client.ask('who')).toEqual(['ann', 'ann', 'ann']);
    await visitor.in((session) => session.put('user', 'bob'));
    expect(await client.ask('who')).toEqual(['bob', 'bob', 'bob']);
  });

  it('stores its writes before its answer arrives', async () => {
    await using app = await start();
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.put('user', 'ann'));
    await using client = await connect(library, app.url, asHeaders);
    const stored = (key: string) => visitor.in((session) => session.get(key));
    await client.ask('add', 'mug');
    expect(await stored('cart')).toEqual(['mug']);
    expect(await client.ask('promised')).toBe(1);
    expect(await stored('count')).toBe(1);
    expect(await client.ask('throw')).toMatchObject({ exception: { status: 'error' } });
    expect(await stored('before')).toBe(true);
    expect(await client.ask('failing')).toMatchObject({ exception: { status: 'error' } });
    expect(await stored('streamed')).toBe(true);
    client.send('silent');
    await eventually(async () => expect(await stored('silent')).toBe(true));
  });

  it.each(['join', 'join later'])(
    'stores what a handler wrote that returns a stream (%s), before the first value',
    async (join) => {
      await using app = await start();
      const visitor = app.visitor();
      const { asHeaders } = await visitor.handle((session) => session.put('user', 'ann'));
      await using client = await connect(library, app.url, asHeaders);
      client.send(join, 'blue');
      await eventually(async () => expect(await visitor.in((session) => session.get('room'))).toBe('blue'));
      shared.next('hello');
      await eventually(() => expect(client.heard).toEqual([['answer', 'hello']]));
    },
  );

  it('stores what each value of a stream wrote before that value is sent', async () => {
    await using app = await start();
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.put('user', 'ann'));
    await using client = await connect(library, app.url, asHeaders);
    expect(await client.ask('many')).toBe('1:1');
    await eventually(() =>
      expect(client.heard).toEqual([
        ['answer', '2:2'],
        ['answer', '3:3'],
      ]),
    );
    expect(await visitor.in((session) => session.get('count'))).toBe(3);
  });

  it('loses no update when messages of one socket and requests run in parallel', async () => {
    await using app = await start();
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.put('user', 'ann'));
    await using client = await connect(library, app.url, asHeaders);
    const names = Array.from({ length: 20 }, (_, index) => `item ${index}`);
    await Promise.all([
      ...names.map((name) => client.ask('add', name)),
      ...names.map(() => visitor.in((session) => session.increment('count'))),
    ]);
    const { cart, count } = await visitor.in((session) => session.only(['cart', 'count']));
    expect([...(cart as string[])].toSorted()).toEqual(names.toSorted());
    expect(count).toBe(20);
  });

  it('stores what a handler writes after its client has left', async () => {
    await using app = await start();
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.put('user', 'ann'));
    held.clear();
    const gone = new Promise<void>((resolve) => {
      left = resolve;
    });
    const client = await connect(library, app.url, asHeaders);
    client.send('held');
    await eventually(() => expect(held.size).toBe(1));
    client.close();
    await gone;
    held.forEach((release) => release());
    await eventually(async () => expect(await visitor.in((session) => session.get('count'))).toBe(1));
  });

  it('neither sees nor consumes flash messages, and can leave one for the next page', async () => {
    await using app = await start();
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.flash('status', 'Saved.'));
    await using client = await connect(library, app.url, asHeaders);
    expect(await client.ask('flash')).toEqual([{}, null, null, {}]);
    await client.ask('add', 'mug');
    expect(await visitor.in((session) => session.flashMessages.all())).toEqual({ status: 'Saved.' });
    await client.ask('say');
    expect(await visitor.in((session) => session.flashMessages.all())).toEqual({ status: 'From a socket.' });
  });

  it('keeps visitors apart, even in a stream that both listen to', async () => {
    await using app = await start();
    const [ann, bob] = [app.visitor(), app.visitor()];
    const cookies = [
      await ann.handle((session) => session.put('user', 'ann')),
      await bob.handle((session) => session.put('user', 'bob')),
    ].map(({ asHeaders }) => asHeaders);
    await using first = await connect(library, app.url, cookies[0]);
    await using second = await connect(library, app.url, cookies[1]);
    const answers = [first.ask('shared'), second.ask('shared')];
    await eventually(() => expect(shared.observers).toHaveLength(2));
    shared.next('both');
    expect(await Promise.all(answers)).toEqual(['both', 'both']);
    first.send('listen');
    await eventually(() => expect(shared.observers).toHaveLength(3));
    seen.length = 0;
    await second.ask('speak', 'hello');
    await eventually(() => expect(first.heard.at(-1)).toEqual(['heard', 'hello']));
    await second.ask('speak', 'throw');
    await eventually(() => expect(first.heard.at(-1)).toEqual(['answer', 'caught']));
    expect(seen).toEqual(['behind:ann', 'filter:ann']);
    first.send('overhear');
    await eventually(() => expect(shared.observers).toHaveLength(3));
    await second.ask('speak', 'throw');
    await eventually(() => expect(seen).toEqual(['behind:ann', 'filter:ann', 'filter:ann']));
    expect(await Promise.all([first.ask('who'), second.ask('who')])).toEqual([
      ['ann', 'ann', 'ann'],
      ['bob', 'bob', 'bob'],
    ]);
  });

  it('costs one read, and one write if something was written', async () => {
    const driver = new CountingDriver();
    await using app = await startGateways(platform, library, [ShopGateway], {
      providers: [Cart],
      options: { driver: 'counting', drivers: { counting: { useFactory: () => driver } } },
    });
    const { asHeaders } = await app.visitor().handle((session) => session.put('user', 'ann'));
    driver.take();
    await using client = await connect(library, app.url, asHeaders);
    await eventually(() => expect(driver.take()).toEqual(['read']));
    await client.ask('who');
    expect(driver.take()).toEqual(['read']);
    await client.ask('add', 'mug');
    expect(driver.take()).toEqual(['read', 'write']);
    await using stranger = await connect(library, app.url);
    await stranger.ask('who');
    expect(driver.take()).toEqual([]);
  });

  it('is a visit that renews the session, without changing its user agent and IP address', async () => {
    const driver = new CountingDriver();
    await using app = await startGateways(platform, library, [ShopGateway], {
      providers: [Cart],
      options: { driver: 'counting', drivers: { counting: { useFactory: () => driver } }, touchEvery: 0 },
    });
    const visit = { headers: { 'user-agent': 'the browser' } };
    const { asHeaders, value: id } = await app
      .visitor()
      .handle((session) => session.put('user', 'ann').id, visit);
    const before = await app.manager.read(id);
    await clockGoesOn();
    // Connecting alone is no visit: clients reconnect by themselves.
    await using client = await connect(library, app.url, { ...asHeaders, 'user-agent': 'the socket' });
    await client.ask('who');
    await eventually(() => expect(driver.take()).toContain('touch'));
    await client.ask('add', 'mug');
    const after = await app.manager.read(id);
    expect(after?.expiresAt).toBeGreaterThan(before?.expiresAt ?? Infinity);
    expect([after?.userAgent, after?.ipAddress]).toEqual(['the browser', before?.ipAddress]);
  });

  it('reads a session that is stored in the cookie, and cannot write to it', async () => {
    const log = vi.spyOn(Logger.prototype, 'error');
    try {
      await using app = await startGateways(platform, library, [ShopGateway], {
        providers: [Cart],
        options: { driver: 'stealth', touchEvery: 0 },
      });
      const { asHeaders } = await app.visitor().handle((session) => session.put('user', 'ann'));
      await using client = await connect(library, app.url, asHeaders);
      expect(await client.ask('who')).toEqual(['ann', 'ann', 'ann']);
      expect(await client.ask('add', 'mug')).toMatchObject({ exception: { status: 'error' } });
      expect(await client.ask('who')).toEqual(['ann', 'ann', 'ann']);
      // Nest itself logs what a handler throws.
      expect(log.mock.calls.flat().filter((line) => String(line).includes('could not be stored'))).toEqual(
        [],
      );
    } finally {
      log.mockRestore();
    }
  });

  it('runs a request-scoped gateway in its session', async ({ skip }) => {
    skip(process.env['MATRIX_NEST'] === '11', 'Nest 11 makes gateways once, whatever their scope');
    await using app = await startGateways(platform, library, [ScopedCart], { providers: [Cart] });
    const { asHeaders } = await app.visitor().handle((session) => session.put('user', 'ann'));
    await using client = await connect(library, app.url, asHeaders);
    expect(await client.ask('scoped', 'mug')).toEqual(['mug']);
    expect(await client.ask('scoped', 'pen')).toEqual(['mug', 'pen']);
  });

  it('leaves no session behind outside of messages', async () => {
    await using app = await start();
    expect(() => Session.current()).toThrow(NoSessionError);
    expect(app.url).not.toBe('');
  });
});
