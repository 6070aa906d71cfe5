import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/drivers/clock.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { describeWith } from '../servers/index.js';
import { ServerProcesses, send } from './support/servers.js';
import { type OpenStore, openStore } from './support/store-setting.js';
import { SHARED_STORES, type TestStore } from './support/stores.js';
import { WatchedDriver } from './support/watched-driver.js';
import { type ApplicationProcess, World } from './support/world.js';

const REQUESTS = 50;
const KEYS = Array.from({ length: REQUESTS }, (_, index) => `key${index}`);

/** What has to be there when nothing was lost. */
function expectAll(values: unknown): void {
  expect(values).toMatchObject({ count: REQUESTS, own: Object.fromEntries(KEYS.map((key) => [key, true])) });
  const { list } = values as { list: string[] };
  expect(list.toSorted()).toEqual(KEYS.toSorted());
}

/** Fifty requests that all load the session before the first of them stores anything. */
async function fifty(id: string, processes: readonly ApplicationProcess[]): Promise<void> {
  const requests = await Promise.all(
    KEYS.map(async (key, index) => {
      const process = processes[index % processes.length];
      if (process === undefined) throw new Error('No process');
      return { key, request: await process.request(id) };
    }),
  );
  const answers = await Promise.all(
    requests.map(({ key, request }) => {
      request.session.increment('count');
      request.session.push('list', key);
      request.session.put(`own.${key}`, true);
      return request.respond();
    }),
  );
  for (const { status, error } of answers) expect(status, String(error)).toBe(200);
}

describe.each([
  ['memory', (clock: Clock) => new MemoryDriver({}, clock)],
  ['a driver of the application', (clock: Clock) => new CustomDriver(clock)],
])('fifty parallel requests on %s', (_, makeDriver) => {
  it('lose nothing in one process, and cost one read and one write each', async () => {
    const world = new World(makeDriver);
    const id = await world.seed((session) => session.put('count', 0));
    world.driver.takeCounts();
    await fifty(id, [world.process()]);
    expectAll((await world.find(id))?.d);
    expect(world.driver.takeCounts()).toEqual({ read: REQUESTS, write: REQUESTS, touch: 0, destroy: 0 });
  });

  it('lose nothing in two processes', async () => {
    const world = new World(makeDriver);
    const id = await world.seed((session) => session.put('count', 0));
    await fifty(id, [world.process(), world.process()]);
    expectAll((await world.find(id))?.d);
  });

  it('lose nothing in a process each', async () => {
    const world = new World(makeDriver);
    const id = await world.seed((session) => session.put('count', 0));
    await fifty(
      id,
      KEYS.map(() => world.process()),
    );
    expectAll((await world.find(id))?.d);
  });
});

let processes: ServerProcesses;
beforeAll(async () => {
  processes = await ServerProcesses.start(2);
});
afterAll(() => processes[Symbol.asyncDispose]());

for (const kind of SHARED_STORES) {
  describeWith(kind.pieces, `fifty parallel requests on ${kind.name}`, () => {
    let store: TestStore;
    let look: OpenStore;

    beforeAll(async () => {
      store = await kind.make();
      look = await openStore(store.setting);
    });
    afterAll(async () => {
      await look.close();
      await store.remove();
    });

    it('cost one read and one write each inside one process', async () => {
      const driver = new WatchedDriver(look.driver);
      const world = new World(() => look.driver);
      const id = await world.seed((session) => session.put('count', 0));
      await fifty(id, [world.process(driver)]);
      expectAll((await world.find(id))?.d);
      expect(driver.takeCounts()).toEqual({ read: REQUESTS, write: REQUESTS, touch: 0, destroy: 0 });
    });

    it('lose nothing with two processes of the application', async () => {
      const urls = await processes.serve(store.setting);
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
