import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Session } from 'nestjs-session-kit';
import { fakeSession, sessionsOf } from 'nestjs-session-kit/testing';
import type request from 'supertest';
import { expectTypeOf } from 'vitest';

interface ShopSession {
  cart: string[];
  userId: string;
}

/** Never called: it only has to compile, except where an error is expected. */
export async function typesOf(
  app: NestFastifyApplication,
  agent: ReturnType<typeof request.agent>,
): Promise<void> {
  const count = (session: Session<ShopSession>): number => session.get('cart', []).length;
  count(fakeSession({ cart: ['tea'] }));
  count(fakeSession());
  // @ts-expect-error -- the cart is a list
  count(fakeSession({ cart: 'tea' }));
  const own = fakeSession<ShopSession>({ cart: [] });
  count(own);
  expectTypeOf(own.get('userId')).toEqualTypeOf<string | undefined>();
  expectTypeOf(await sessionsOf(app).sign(agent, { userId: '1' })).toEqualTypeOf(agent);
  const { headers, url } = await sessionsOf(app).sign({ url: '/account', headers: { accept: 'text/html' } });
  expectTypeOf([headers.cookie, headers.accept, url]).toEqualTypeOf<string[]>();
  await app.inject(await sessionsOf(app).sign({ url: '/account' }, { userId: '1' }));
  await app.inject(await sessionsOf(app).sign({ method: 'POST', url: '/cart', payload: { item: 'tea' } }));
}
