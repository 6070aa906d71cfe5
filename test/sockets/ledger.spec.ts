import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Session, SessionReadonlyError, type SessionModuleOptions } from 'nestjs-session-kit';
import { CountingDriver } from '../support/counting-driver.js';
import type { Handler, HandlerApp } from '../support/handler-app.js';
import { LIBRARIES, answer, connect, startGateways } from './gateway-app.js';

@WebSocketGateway()
class CartGateway {
  @SubscribeMessage('cart')
  cart(@Session('cart') cart: unknown) {
    return answer(cart ?? null);
  }

  @SubscribeMessage('add')
  async add(@Session() session: Session) {
    try {
      session.increment('cart');
      await session.commit();
      return answer('stored');
    } catch (error) {
      return answer(error instanceof SessionReadonlyError ? error.message : error);
    }
  }
}

/** Two applications with one ledger. */
async function two(library: (typeof LIBRARIES)[number], options: Partial<SessionModuleOptions> = {}) {
  const ledger = new CountingDriver();
  const shared: Partial<SessionModuleOptions> = {
    driver: 'stealth',
    stealth: { ledger: 'shared' },
    drivers: { shared: { useFactory: () => ledger } },
    ...options,
  };
  const here = await startGateways('express', library, [CartGateway], { options: shared });
  const there = await startGateways('fastify', library, [CartGateway], { options: shared });
  for (const app of [here, there]) onTestFinished(() => app[Symbol.asyncDispose]());
  return { here, there, ledger };
}

const begin = (app: HandlerApp, fill: Handler<unknown>) => app.visitor().handle(fill);
const asAnn: Handler<unknown> = (session) => session.put('cart', 1).signIn('ann');
const asNobody: Handler<unknown> = (session) => session.put('cart', 1);

describe.each(LIBRARIES)('with a ledger, a socket by %s', (library) => {
  it('of a signed-in user reads what others have written, and writes', async () => {
    const { here, there } = await two(library);
    const { asHeaders: headers } = await begin(here, asAnn);
    await using client = await connect(library, there.url, headers);
    await here.visitor().in((session) => session.increment('cart'), { headers });
    expect(await client.ask('cart')).toBe(2);
    expect(await client.ask('add')).toBe('stored');
    expect(await here.visitor().in((session) => session.get('cart'), { headers })).toBe(3);
  });

  it('of a signed-out visitor reads what its cookie holds, and says why it cannot write', async () => {
    const { there } = await two(library);
    const { asHeaders: headers } = await begin(there, asNobody);
    await using client = await connect(library, there.url, headers);
    expect(await client.ask('cart')).toBe(1);
    expect(await client.ask('add')).toMatch(/it is the visitor's cookie itself.*signed in/);
  });

  it.each<[string, Handler<unknown>]>([
    ['somebody', asAnn],
    ['nobody', asNobody],
  ])(
    'of %s is disconnected when its session ends, here at once and elsewhere within checkEvery',
    async (_who, fill) => {
      const { here, there } = await two(library, { sockets: { checkEvery: 100 } });
      const { asHeaders: headers } = await begin(here, fill);
      await using near = await connect(library, here.url, headers);
      await using far = await connect(library, there.url, headers);
      expect([await near.ask('cart'), await far.ask('cart')]).toEqual([1, 1]);
      await here.visitor().in((session) => session.destroy(), { headers });
      await near.closed;
      await far.closed;
    },
  );

  it('of a signed-out visitor stays connected while its session lives', async () => {
    const { there, ledger } = await two(library, { sockets: { checkEvery: 50 } });
    const { asHeaders: headers } = await begin(there, asNobody);
    await using client = await connect(library, there.url, headers);
    expect(await client.ask('cart')).toBe(1);
    ledger.take();
    await expect.poll(() => ledger.calls.length).toBeGreaterThan(3);
    expect(await client.ask('cart')).toBe(1);
    expect(client.isClosed).toBe(false);
  });
});
