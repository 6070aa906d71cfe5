import { describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/drivers/clock.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { REQUESTS, expectAll, fifty } from './support/fifty.js';
import { World } from './support/world.js';

describe.each([
  ['memory', (clock: Clock) => new MemoryDriver({}, clock)],
  ['a driver of the application', (clock: Clock) => new CustomDriver(clock)],
])('fifty parallel requests on %s', (_, makeDriver) => {
  it('lose no change in one process, and cost one read and one write each', async () => {
    const world = new World(makeDriver);
    const id = await world.seed((session) => session.put('count', 0));
    world.driver.takeCounts();
    await fifty(id, [world.process()]);
    expectAll((await world.find(id))?.d);
    expect(world.driver.takeCounts()).toEqual({ read: REQUESTS, write: REQUESTS, touch: 0, destroy: 0 });
  });

  it('lose no change in two processes', async () => {
    const world = new World(makeDriver);
    const id = await world.seed((session) => session.put('count', 0));
    await fifty(id, [world.process(), world.process()]);
    expectAll((await world.find(id))?.d);
  });

  it('lose no change in fifty processes', async () => {
    const world = new World(makeDriver);
    const id = await world.seed((session) => session.put('count', 0));
    await fifty(
      id,
      Array.from({ length: REQUESTS }, () => world.process()),
    );
    expectAll((await world.find(id))?.d);
  });
});
