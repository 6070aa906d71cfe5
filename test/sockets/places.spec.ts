import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { DOORS, answer, connect, startGateways } from './gateway-app.js';

@WebSocketGateway()
class WhoGateway {
  @SubscribeMessage('who')
  who(@Session('user') user?: string) {
    return answer(user ?? null);
  }
}

describe.each(DOORS)('on %s with %s a socket has the session', (platform, library) => {
  it('of a client without cookies, by its header', async () => {
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
    // Made for the header, it opens nothing as a cookie, and the header counts where both are sent.
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

  it('of nobody, where the function of a tenant throws', async () => {
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
