import { describe, expect, it } from 'vitest';
import { CustomDriver } from '../conformance/custom-driver.js';
import { WatchedDriver } from './support/watched-driver.js';
import { World } from './support/world.js';

describe('a commit that other processes repeatedly overtake', () => {
  it('keeps its changes when the session is written and moved in turn', async () => {
    const world = new World((clock) => new CustomDriver(clock));
    let id = await world.seed((session) => session.put('list', []));
    const driver = new WatchedDriver(world.driver);
    const request = await world.process(driver, () => Promise.resolve()).request(id);

    let overtakings = 0;
    driver.before = async ({ method }) => {
      if (method !== 'write' || overtakings === 16) return;
      overtakings += 1;
      const other = await world.process().request(id);
      other.session.increment('others');
      // Written first, then moved: the commit retries on the newest version and finds a marker in its place.
      if (overtakings % 2 === 0) other.session.regenerate();
      id = (await other.respond()).cookieId ?? id;
    };
    request.session.push('list', 'a').flash('status', 'pushed');
    const answer = await request.respond();

    expect(answer).toMatchObject({ status: 200, cookie: { kind: 'none' } });
    expect(overtakings).toBe(16);
    const stored = await world.find(id);
    expect(stored?.d).toEqual({ list: ['a'], others: 16 });
    expect(stored?.f?.map(([, messages]) => messages)).toEqual([{ status: 'pushed' }]);
    expect(await world.living()).toEqual([id]);
  });
});
