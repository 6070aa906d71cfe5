import { describe, expect, it } from 'vitest';
import { CustomDriver } from '../conformance/custom-driver.js';
import { encryptingSerializer } from '../support/unsteady.js';
import { World } from './support/world.js';

function makeWorld(serializer = JSON as ReturnType<typeof encryptingSerializer>): World {
  return new World((clock) => new CustomDriver(clock), { serializer });
}

describe('parallel requests on a session whose serialized text differs each time', () => {
  it.each(['one process', 'two processes'])(
    'lose no change and take at most six writes, in %s',
    async (processes) => {
      const world = makeWorld(encryptingSerializer());
      const id = await world.seed((session) => session.put({ cart: { items: [] }, user: { name: 'Ann' } }));
      const one = world.process();
      const other = processes === 'one process' ? one : world.process();
      const [first, second, third] = [await one.request(id), await other.request(id), await one.request(id)];
      world.driver.takeCounts();
      const user = first.session.get<{ name: string }>('user', { name: '' });
      first.session.push('cart.items', 'tea');
      second.session.push('cart.items', 'milk');
      second.session.get('user');
      third.session.get<{ name: string }>('user', { name: '' }).name = 'Eve';
      for (const request of [third, second, first]) expect((await request.respond()).status).toBe(200);
      expect(user.name).toBe('Ann');
      for (const request of [third, second, first]) expect(request.session.isModified).toBe(false);
      const { session } = await one.request(id);
      expect(session.all()).toEqual({ cart: { items: ['milk', 'tea'] }, user: { name: 'Eve' } });
      // A request overtaken in another process learns of it by a refused write.
      expect(world.driver.calls.filter(({ method }) => method === 'write').length).toBeLessThanOrEqual(6);
    },
  );
});

describe('a commit', () => {
  it('fails if an object is mutated each time that it is stored', async () => {
    const world = makeWorld();
    const { session, ...request } = await world.process().request(null);
    const progress = { percent: 0 };
    session.put({ progress, other: 1 });
    world.driver.after = () => (progress.percent += 1);
    await expect(session.commit()).rejects.toThrow(
      expect.objectContaining({ name: 'SessionValueError', statusCode: 503 }),
    );
    expect(world.driver.takeCounts().write).toBe(8);
    expect(request.tokens).toEqual([]);
    world.driver.after = () => undefined;
    await session.commit();
    expect(session.isModified).toBe(false);
    expect((await world.find(session.id))?.d).toEqual({ progress: { percent: 8 }, other: 1 });
  });

  it('succeeds if the application keeps calling the session', async () => {
    const world = makeWorld();
    const { session } = await world.process().request(null);
    session.put('list', []);
    world.driver.after = () => session.push('list', 'one more');
    await session.commit();
    expect(world.driver.takeCounts().write).toBe(8);
    world.driver.after = () => session.flash('status', 'One more.');
    await session.commit();
    world.driver.after = () => undefined;
    await session.commit();
    expect(session.isModified).toBe(false);
  });
});
