import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { NEVER, type Observable, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { SOCKET_LIBRARIES, answer, connect, startGateways } from './gateway-app.js';
import { eventually } from '../support/eventually.js';

/** Writes after the handler is done. */
@Injectable()
class CountingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(tap(() => void Session.increment('answers')));
  }
}

@WebSocketGateway()
class CountedGateway {
  @UseInterceptors(CountingInterceptor)
  @SubscribeMessage('counted')
  counted() {
    return answer('counted');
  }
}

@UseInterceptors(CountingInterceptor)
@WebSocketGateway()
class CountedClassGateway {
  @SubscribeMessage('counted by class')
  counted() {
    return answer('counted');
  }
}

@WebSocketGateway()
class ShopGateway {
  @SubscribeMessage('who')
  who(@Session('user') user: string) {
    return answer(user);
  }

  @SubscribeMessage('add')
  add() {
    Session.push('cart', 'mug');
    return answer('added');
  }

  /** Never answers. */
  @SubscribeMessage('join')
  join() {
    Session.put('room', 'blue');
    return NEVER;
  }

  @SubscribeMessage('plain')
  plain() {
    return answer('plain');
  }

  @SubscribeMessage('mutate')
  mutate(@Session() session: Session) {
    session.put('broken', () => 0);
    return answer('mutated');
  }
}

describe.each(SOCKET_LIBRARIES)('while the store fails, a message on %s, by %s', (platform, library) => {
  const start = async (whenStoreFails: 'reject' | 'degrade' = 'reject') => {
    const driver = new ScriptedDriver();
    const app = await startGateways(platform, library, [ShopGateway, CountedGateway, CountedClassGateway], {
      options: { driver: 'scripted', drivers: { scripted: { useFactory: () => driver } }, whenStoreFails },
    });
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.put('user', 'ann'));
    return { app, driver, visitor, asHeaders, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  };
  const refused = { exception: { status: 'error' } };

  it('is answered with an exception if it needs the session, and normally if it does not', async () => {
    await using shop = await start();
    await using client = await connect(library, shop.app.url, shop.asHeaders);
    shop.driver.moods = { read: 'failing' };
    expect(await client.ask('who')).toMatchObject(refused);
    expect(JSON.stringify(await client.ask('add'))).not.toContain(shop.driver.secretMessage);
    expect(await client.ask('plain')).toBe('plain');
    shop.driver.moods = {};
    await eventually(async () => expect(await client.ask('who')).toBe('ann'));
    expect(client.isClosed).toBe(false);
  });

  it('is answered with an exception if its writes could not be stored', async () => {
    await using shop = await start();
    await using client = await connect(library, shop.app.url, shop.asHeaders);
    shop.driver.moods = { write: 'failing' };
    expect(await client.ask('add')).toMatchObject(refused);
    expect(await client.ask('join')).toMatchObject(refused);
    shop.driver.moods = {};
    await eventually(async () => expect(await client.ask('add')).toBe('added'));
    expect(await client.ask('mutate')).toMatchObject(refused);
    expect(await shop.visitor.in((session) => session.get('cart'))).toEqual(['mug']);
  });

  it.each(['counted', 'counted by class'])(
    'is answered with an exception if what an interceptor wrote after its handler could not be stored (%s)',
    async (message) => {
      await using shop = await start();
      await using client = await connect(library, shop.app.url, shop.asHeaders);
      shop.driver.moods = { write: 'failing' };
      expect(await client.ask(message)).toMatchObject(refused);
      shop.driver.moods = {};
      await eventually(async () => expect(await client.ask(message)).toBe('counted'));
      expect(await shop.visitor.in((session) => session.get('answers'))).toBe(1);
    },
  );

  it('is answered with whenStoreFails: degrade unless it writes, and nobody is disconnected', async () => {
    await using shop = await start('degrade');
    await using client = await connect(library, shop.app.url, shop.asHeaders);
    expect(await client.ask('who')).toBe('ann');
    shop.driver.moods = { read: 'failing' };
    expect(await client.ask('plain')).toBe('plain');
    expect(await client.ask('add')).toMatchObject(refused);
    shop.driver.moods = {};
    await eventually(async () => expect(await client.ask('who')).toBe('ann'));
    expect(client.isClosed).toBe(false);
  });
});
