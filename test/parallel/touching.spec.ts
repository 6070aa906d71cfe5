import { describe, expect, it } from 'vitest';
import type { Duration, RequestSession } from 'nestjs-session-kit';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { everyInterleaving } from './support/interleavings.js';
import { LedgerWorld } from './support/ledger-world.js';
import { WatchedDriver } from './support/watched-driver.js';
import { World } from './support/world.js';

describe('a touch that is not awaited', () => {
  it.each(['before', 'after'])(
    'waits its turn when the same request moves the session, called %s that',
    async (when) => {
      const orders = await everyInterleaving(async (turns) => {
        const world = new World((clock) => new CustomDriver(clock));
        const id = await world.seed((session) => session.put('count', 1));
        const driver = new WatchedDriver(world.driver);
        const request = await world.process(driver, () => Promise.resolve()).request(id);
        // Answers are delayed as well: the store may have done something the request does not know of yet.
        const answers = new WatchedDriver(world.driver);
        turns.gate('request', driver);
        turns.gate('answer', answers);
        driver.after = (call) => answers.before(call);
        const { session } = request;
        session.regenerate().increment('count');
        const calls = [() => session.touch(), () => session.save()];
        if (when === 'after') calls.reverse();
        await turns.run<unknown>(calls.map((call) => call()));
        driver.before = driver.after = () => undefined;

        expect(session.get('count')).toBe(2);
        session.put('name', 'Ada');
        const answer = await request.respond();
        expect(answer).toMatchObject({ status: 200, cookieId: session.id });
        expect((await world.find(session.id))?.d).toEqual({ count: 2, name: 'Ada' });
        expect(await world.living()).toEqual([session.id]);
      });
      // A request's operations on its session run one after the other: there is only one order.
      expect(orders).toBe(1);
    },
  );

  it('loses no change of a request that follows to the new id, even when the redirect is gone by then', async () => {
    let led = 0;
    await everyInterleaving(async (turns) => {
      const world = new World((clock) => new CustomDriver(clock));
      const id = await world.seed((session) => session.put('count', 1));
      const [driver, others] = [new WatchedDriver(world.driver), new WatchedDriver(world.driver)];
      const slow = await world.process(driver, () => Promise.resolve()).request(id);
      const mover = await world.process(others).request(id);
      mover.session.regenerate();
      await mover.respond();
      turns.gate('slow', driver);
      turns.gate('marker', others);
      slow.session.increment('count');
      await turns.run<unknown>([slow.session.save(), slow.session.touch(), others.destroy(id)]);
      driver.before = others.before = () => undefined;

      // Without the redirect, the session is gone for this request, as after 30 seconds.
      if (slow.session.id !== mover.session.id) return;
      led += 1;
      expect((await slow.respond()).status).toBe(200);
      expect((await world.find(mover.session.id))?.d).toEqual({ count: 2 });
    });
    expect(led).toBeGreaterThan(2);
  });
});

describe('a renewal concurrent with a request that changes the lifetime', () => {
  const DAY_MS = 24 * 3_600_000;

  it.each<[string, Duration, (session: RequestSession) => unknown]>([
    ['a visit', '30d', () => undefined],
    ['a touch', '30d', (session) => session.touch()],
    ['a visit', '10m', () => undefined],
  ])('does not revert the lifetime: %s, %s', async (_how, duration, renew) => {
    for (const world of [
      new World((clock) => new CustomDriver(clock)),
      new LedgerWorld((clock) => new MemoryDriver({}, clock)),
    ]) {
      const id = await world.seed((session) => session.put('name', 'ann'));
      world.clock.advance(2 * 60_000);
      const [slow, other] = [await world.process().request(id), await world.process().request(id)];
      other.session.setDuration(duration);
      expect((await other.respond()).cookie.kind).toBe('set');
      await renew(slow.session);
      // The other response has the cookie: one sent here would have the previous lifetime.
      expect(await slow.respond()).toMatchObject({ status: 200, cookie: { kind: 'none' } });
      const stored = await world.stored.read(id);
      expect((stored?.expiresAt ?? 0) - world.clock.now()).toBe(
        duration === '30d' ? 30 * DAY_MS : 10 * 60_000,
      );
    }
  });
});

it('A renewal leaves the lifetime of a record that this process cannot read', async () => {
  const world = new World((clock) => new MemoryDriver({}, clock));
  const id = await world.seed((session) => session.put('count', 1));
  world.clock.advance(10 * 60_000);
  const request = await world.process().request(id);
  const record = await world.stored.read(id);
  if (record === null) throw new Error('Nothing is stored.');
  const sealed = { ...record, version: record.version + 1, payload: 'sealed with a newer secret' };
  expect(await world.driver.inner.write(id, sealed)).toBe(true);
  await request.respond();
  const kept = await world.stored.read(id);
  expect(kept?.expiresAt).toBeGreaterThanOrEqual(record.expiresAt);
});
