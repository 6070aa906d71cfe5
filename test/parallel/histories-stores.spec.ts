import fc from 'fast-check';
import { afterAll, beforeAll, it } from 'vitest';
import { describeWith } from '../servers/index.js';
import { histories } from './support/history.js';
import { playHistory } from './support/play-history.js';
import { playOverHttp } from './support/http-history.js';
import { HISTORIES_TIMEOUT_MS, playing } from './support/replay.js';
import { ServerProcesses } from './support/servers.js';
import { type OpenStore, openStore } from './support/store-setting.js';
import { SHARED_STORES, type TestStore } from './support/stores.js';

let processes: ServerProcesses;
beforeAll(async () => {
  processes = await ServerProcesses.start(2);
});
afterAll(() => processes[Symbol.asyncDispose]());

for (const kind of SHARED_STORES) {
  describeWith(kind.pieces, `two processes of an application on ${kind.name}`, () => {
    let store: TestStore;
    let look: OpenStore;
    let second: OpenStore;

    beforeAll(async () => {
      store = await kind.make();
      look = await openStore(store.setting);
      second = await openStore(store.setting);
    });
    afterAll(async () => {
      await Promise.all([look.close(), second.close()]);
      await store.remove();
    });

    it(
      'let some serial order explain what parallel requests on one session come to, in any order of their calls',
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
      'answer parallel requests on one session as if they had come one after the other',
      async () => {
        const urls = await processes.serve(store.setting);
        await fc.assert(
          fc.asyncProperty(histories(2), (history) => playOverHttp(history, urls, look.driver)),
          playing(25),
        );
      },
      HISTORIES_TIMEOUT_MS,
    );
  });
}
