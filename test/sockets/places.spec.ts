import { type OnGatewayConnection, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { Session, SessionManager } from 'nestjs-session-kit';
import { systemClock } from '../../lib/drivers/clock.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { CountingDriver } from '../support/counting-driver.js';
import { eventually } from '../support/eventually.js';
import { heapUsed } from '../support/heap-growth.js';
import { PLATFORMS } from '../support/test-app.js';
import { SOCKET_LIBRARIES, LIBRARIES, answer, connect, startGateways } from './gateway-app.js';

@WebSocketGateway()
class WhoGateway {
  @SubscribeMessage('who')
  who(@Session('user') user?: string) {
    return answer(user ?? null);
  }
}

/** The handshake requests of sockets. */
const handshakes: WeakRef<object>[] = [];

@WebSocketGateway()
class HandshakeGateway implements OnGatewayConnection {
  handleConnection(_client: object, request: object): void {
    handshakes.push(new WeakRef(request));
  }
}

describe.each(SOCKET_LIBRARIES)('on %s with %s a socket has the session', (platform, library) => {
  it('of a client without cookies, identified by its header', async () => {
    await using app = await startGateways(platform, library, [WhoGateway], {
      options: { header: 'X-Session' },
    });
    const { response, cookies } = await app
      .visitor()
      .handle((session) => session.put('user', 'ann'), { headers: { 'x-session': '' } });
    expect(cookies).toEqual([]);
    const token = String(response.headers['x-session']);
    await using client = await connect(library, app.url, { 'x-session': token });
    expect(await client.ask('who')).toBe('ann');
    // The header's token is not valid as a cookie, and the header wins if both are sent.
    await using other = await connect(library, app.url, { cookie: `session=${token}` });
    expect(await other.ask('who')).toBeNull();
    await using empty = await connect(library, app.url, { 'x-session': '', cookie: `session=${token}` });
    expect(await empty.ask('who')).toBeNull();
  });

  it('of its tenant, and of no other', async () => {
    await using app = await startGateways(platform, library, [WhoGateway], {
      options: { cookie: { name: ({ hostname }) => (hostname === 'a.test' ? 'a' : 'b') } },
    });
    const visitor = app.visitor();
    const { cookies } = await visitor.handle((session) => session.put('user', 'ann'), {
      headers: { host: 'a.test' },
    });
    const [pair = ''] = (cookies[0] ?? '').split(';');
    expect(pair).toMatch(/^a=/);
    await using client = await connect(library, app.url, { host: 'a.test', cookie: pair });
    expect(await client.ask('who')).toBe('ann');
    await using other = await connect(library, app.url, {
      host: 'b.test',
      cookie: `${pair}; ${pair.replace('a=', 'b=')}`,
    });
    expect(await other.ask('who')).toBeNull();
  });

  it('of nobody if the tenant function throws', async () => {
    await using app = await startGateways(platform, library, [WhoGateway], {
      options: {
        cookie: {
          name() {
            throw new Error('no such tenant');
          },
        },
      },
    });
    await using client = await connect(library, app.url, { cookie: 'session=x' });
    expect(await client.ask('who')).toBeNull();
  });
});

describe.each(PLATFORMS)('on %s', (platform) => {
  it('an open ws socket retains nothing of its handshake but the token', async () => {
    handshakes.length = 0;
    await using app = await startGateways(platform, 'ws', [WhoGateway, HandshakeGateway]);
    const { asHeaders } = await app.visitor().handle((session) => session.put('user', 'ann'));
    const clients = await Promise.all(
      Array.from({ length: 20 }, () =>
        connect('ws', app.url, { ...asHeaders, 'x-large': 'x'.repeat(4_000) }),
      ),
    );
    for (const client of clients) expect(await client.ask('who')).toBe('ann');
    await heapUsed();
    expect(handshakes).toHaveLength(20);
    // The server may still hold the last ones.
    expect(handshakes.filter((request) => request.deref() !== undefined).length).toBeLessThan(5);
    for (const client of clients) expect(await client.ask('who')).toBe('ann');
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  it.each(LIBRARIES)(
    'a driver created per request gets the handshake even for late messages, by %s',
    async (library) => {
      const store = new CustomDriver(systemClock);
      const told: unknown[] = [];
      await using app = await startGateways(platform, library, [WhoGateway], {
        options: { driver: 'tenant' },
        configure: (each) => {
          each.get(SessionManager).extend('tenant', (_config, request: { headers?: object } | undefined) => {
            told.push(request?.headers);
            return store;
          });
        },
      });
      const { asHeaders } = await app.visitor().handle((session) => session.put('user', 'ann'));
      await using client = await connect(library, app.url, { ...asHeaders, 'x-tenant': 'a' });
      expect(await client.ask('who')).toBe('ann');
      told.length = 0;
      expect(await client.ask('who')).toBe('ann');
      expect(told).toContainEqual(expect.objectContaining({ 'x-tenant': 'a' }));
    },
  );

  it.each(LIBRARIES)(
    'a driver created per request is asked for the end of the session, by %s',
    async (library) => {
      const stores = { a: new CountingDriver(), b: new CountingDriver() };
      await using app = await startGateways(platform, library, [WhoGateway], {
        options: { driver: 'tenant', sockets: { checkEvery: '20ms' } },
        configure: (each) => {
          const storeOf = (_config: unknown, request: { headers: { 'x-tenant': 'a' | 'b' } }) =>
            stores[request.headers['x-tenant']];
          each.get(SessionManager).extend('tenant', storeOf);
        },
      });
      const headers = { 'x-tenant': 'a' };
      const visitor = app.visitor();
      const { asHeaders, value: id } = await visitor.handle((session) => session.put('user', 'ann').id, {
        headers,
      });
      await using client = await connect(library, app.url, { ...asHeaders, ...headers });
      expect(await client.ask('who')).toBe('ann');
      const before = stores.a.calls.length;
      await eventually(() => expect(stores.a.calls.length).toBeGreaterThan(before));
      expect(await client.ask('who')).toBe('ann');
      await stores.a.destroy(id);
      await client.closed;
      expect(stores.b.calls).toEqual([]);
    },
  );
});
