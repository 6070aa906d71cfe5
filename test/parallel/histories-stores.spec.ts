import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../servers/index.js';
import { KEYS, REQUESTS, expectAll, fifty } from './support/fifty.js';
import { histories } from './support/history.js';
import { playHistory } from './support/play-history.js';
import { playOverHttp } from './support/http-history.js';
import { HISTORIES_TIMEOUT_MS, playing } from './support/replay.js';
import { ServerProcesses, send } from './support/servers.js';
import { type OpenStore, openStore } from './support/store-setting.js';
import { SHARED_STORES, type TestStore } from './support/stores.js';
import { WatchedDriver } from './support/watched-driver.js';
import { World } from './support/world.js';

let processes: ServerProcesses;
beforeAll(async () => {
  processes = await ServerProcesses.start(2);
});
afterAll(() => processes[Symbol.asyncDispose]());

for (const kind of SHARED_STORES) {
  describeWith(kind.pieces, `an application on ${kind.name}`, () => {
    let store: TestStore;
    let look: OpenStore;
    let second: OpenStore;
    /** The application's address in each of the two processes. */
    let urls: string[];

    beforeAll(async () => {
      store = await kind.make();
      look = await openStore(store.setting);
      second = await openStore(store.setting);
      urls = await processes.serve(store.setting);
    });
    afterAll(async () => {
      await Promise.all([look.close(), second.close()]);
      await store.remove();
    });

    it(
      'gives parallel requests of two processes an outcome that some serial order explains, in any order of calls',
      async () => {
        await fc.assert(
          fc.asyncProperty(fc.scheduler(), histories(2), (scheduler, history) =>
            playHistory(scheduler, history, () => look.driver, [look.driver, second.driver]),
          ),
          playing(15),
        );
      },
      HISTORIES_TIMEOUT_MS,
    );

    it(
      'answers parallel requests to two processes as if they had come one after the other',
      async () => {
        await fc.assert(
          fc.asyncProperty(histories(2), (history) => playOverHttp(history, urls, look.driver)),
          playing(25),
        );
      },
      HISTORIES_TIMEOUT_MS,
    );

    it('takes one read and one write for each of fifty parallel requests in one process', async () => {
      const driver = new WatchedDriver(look.driver);
      const world = new World(() => look.driver);
      const id = await world.seed((session) => session.put('count', 0));
      await fifty(id, [world.process(driver)]);
      expectAll((await world.find(id))?.d);
      expect(driver.takeCounts()).toEqual({ read: REQUESTS, write: REQUESTS, touch: 0, destroy: 0 });
    });

    it('loses no change of fifty parallel requests in two processes', async () => {
      const { cookieId: id } = await send(`${urls[0]}/begin`, null, { count: 0 });
      const replies = await Promise.all(
        KEYS.map((key, index) => send(`${urls[index % urls.length]}/count/${key}`, id, {})),
      );
      expect(replies.map(({ status }) => status)).toEqual(KEYS.map(() => 201));
      expect(replies.map(({ cookieId }) => cookieId)).toEqual(KEYS.map(() => null));
      for (const url of urls) expectAll((await send(`${url}/view`, id)).body);
    });
  });
}
