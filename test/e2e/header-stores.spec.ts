import { expect, it } from 'vitest';
import { describeWith } from '../servers/index.js';
import { SHARED_STORES } from '../parallel/support/stores.js';
import { openedStores } from '../parallel/support/opened-stores.js';
import { HandlerApp } from '../support/handler-app.js';
import { HEADER, HeaderClient, tokenOf } from '../support/header-client.js';
import { PLATFORMS } from '../support/test-app.js';

describeWith(
  [...new Set(SHARED_STORES.flatMap(({ pieces }) => pieces))],
  'A client without cookies of a tenant',
  () => {
    const storeOf = openedStores();

    const ways = SHARED_STORES.flatMap(({ name }) => PLATFORMS.map((platform) => [name, platform] as const));

    it.each(ways)('begins, changes and ends its session with %s on %s', async (name, platform) => {
      const { driver } = storeOf(name);
      await using app = await HandlerApp.start(platform, {
        options: {
          driver: 'shared',
          drivers: { shared: { useFactory: () => driver } },
          header: HEADER,
          cookie: { name: ({ headers }) => `of-${String(headers['x-tenant'])}` },
        },
      });
      const client = new HeaderClient(app);
      const of = (tenant: string) => ({ headers: { 'x-tenant': tenant } });
      await client.in((session) => session.put('userId', 'ann'), of('blue'));
      const first = client.token;
      await client.in((session) => session.regenerate().increment('visits'), of('blue'));
      expect(client.token).not.toBe(first);
      const read = (tenant: string) => client.in((session) => session.only(['userId', 'visits']), of(tenant));
      expect(await read('blue')).toEqual({ userId: 'ann', visits: 1 });
      expect(await read('green')).toEqual({});
      const ended = await client.handle((session) => session.destroy(), of('blue'));
      expect([tokenOf(ended), ended.cookies]).toEqual(['', []]);
      expect(await read('blue')).toEqual({});
    });
  },
);
