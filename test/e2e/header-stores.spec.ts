import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../servers/index.js';
import { SHARED_STORES, type TestStore } from '../parallel/support/stores.js';
import { type OpenStore, openStore } from '../parallel/support/store-setting.js';
import { HandlerApp } from '../support/handler-app.js';
import { HEADER, HeaderClient, tokenOf } from '../support/header-client.js';
import { PLATFORMS } from '../support/test-app.js';

describeWith(
  [...new Set(SHARED_STORES.flatMap(({ pieces }) => pieces))],
  'A client without cookies of a tenant',
  () => {
    const opened: [TestStore, OpenStore][] = [];
    const storeOf = new Map<string, OpenStore>();

    beforeAll(async () => {
      for (const kind of SHARED_STORES) {
        const store = await kind.make();
        const open = await openStore(store.setting);
        opened.push([store, open]);
        storeOf.set(kind.name, open);
      }
    });
    afterAll(async () => {
      for (const [store, open] of opened) {
        await open.close();
        await store.remove();
      }
    });

    const ways = SHARED_STORES.flatMap(({ name }) => PLATFORMS.map((platform) => [name, platform] as const));

    it.each(ways)('begins, changes and ends its session with %s on %s', async (name, platform) => {
      const { driver } = storeOf.get(name) ?? expect.unreachable();
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
