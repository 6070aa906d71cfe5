import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SessionRecord } from '../../lib/drivers/driver.js';
import { FileDriver } from '../../lib/drivers/file/file.driver.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { TempFolder } from '../support/temp-folder.js';
import { Deferred } from './support/deferred.js';
import { MortalDriver } from './support/mortal-driver.js';
import { HISTORIES_TIMEOUT_MS, playing } from './support/replay.js';
import { type Deed, type Limit, USER, UserStory, usersOf } from './support/user-story.js';
import { World } from './support/world.js';

const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.record({
    process: fc.nat({ max: 1 }),
    device: fc.nat({ max: 2 }),
    op: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('signIn', 'regenerate', 'put') },
      { weight: 1, arbitrary: fc.constantFrom('signOut', 'end', 'endAll') },
    ),
  }),
  { minLength: 2, maxLength: 8 },
);

const limits: fc.Arbitrary<Limit> = fc.record({
  max: fc.constantFrom(1, 2),
  when: fc.constantFrom('end-oldest', 'refuse'),
});

/** Plays all deeds concurrently, in the order of the scheduler. */
async function playAll(story: UserStory, scheduler: fc.Scheduler, history: readonly Deed[]): Promise<void> {
  const { driver } = story.world;
  driver.before = ({ method }) => scheduler.schedule(Promise.resolve(), method);
  driver.beforeListing = () => scheduler.schedule(Promise.resolve(), 'listByUser');
  await scheduler.waitFor(Promise.all(history.map((deed) => story.perform(deed))));
  driver.before = () => undefined;
  driver.beforeListing = () => undefined;
}

/** Reads the names of a user's records first and then each record, as redis does; a test may act in between. */
class HeldFileDriver extends FileDriver {
  beforeRead: () => unknown = () => undefined;

  override async read(id: string): Promise<SessionRecord | null> {
    await this.beforeRead();
    return super.read(id);
  }
}

describe('the sessions of a user, whatever two processes do concurrently', () => {
  it('can be ended while moving to another id and being written under the old one', async () => {
    const world = new World((clock) => new MemoryDriver({}, clock));
    const [here, there] = [world.process(), world.process()];
    const id = await world.seed((session) => session.signIn(USER));
    const [mover, writer] = [await here.request(id), await there.request(id)];
    mover.session.regenerate();
    writer.session.put('seen', true);
    // Stored under its new id, while the old id is not left yet.
    const [placed, goOn] = [new Deferred(), new Deferred()];
    world.driver.before = async (call) => {
      if (call.method !== 'write' || call.id !== id) return;
      world.driver.before = () => undefined;
      placed.resolve();
      await goOn.promise;
    };
    const moving = mover.respond();
    await placed.promise;
    expect(await usersOf(there).end(USER, writer.session.handle)).toBe(true);
    await writer.respond();
    goOn.resolve();
    await moving;
    expect(await world.living()).toEqual([]);
  });

  it('are found under their new id by a list that read the old id just before the move', async () => {
    await using folder = await TempFolder.make();
    let driver: HeldFileDriver | undefined;
    const world = new World((clock) => (driver = new HeldFileDriver({ location: folder.path }, clock)));
    const [here, there] = [world.process(), world.process()];
    const id = await world.seed((session) => session.signIn(USER));
    const mover = await here.request(id);
    mover.session.regenerate();
    const [isHeld, mayGoOn] = [new Deferred(), new Deferred()];
    if (driver === undefined) return expect.unreachable();
    driver.beforeRead = async () => {
      isHeld.resolve();
      await mayGoOn.promise;
    };
    const listing = usersOf(there).list(USER);
    await isHeld.promise;
    driver.beforeRead = () => undefined;
    const { cookieId } = await mover.respond();
    mayGoOn.resolve();
    expect(await listing).toMatchObject([{ id: cookieId, handle: mover.session.handle }]);
  });

  it('end completely, even after several processes have died while moving one to another id', async () => {
    const story = new UserStory(null);
    await story.begin(1, 1);
    const { world } = story;
    const [id] = await world.living();
    // Each process stores it under a new id, and dies before leaving the old one.
    for (let death = 0; death < 3; death += 1) {
      const driver = new MortalDriver(world.driver, 2);
      const request = await world.process(driver).request(id ?? null);
      request.session.regenerate();
      await driver.survive(request.respond());
    }
    expect(await world.living()).toHaveLength(4);
    const users = usersOf(world.process());
    const [only, ...others] = await users.list(USER);
    expect(others).toEqual([]);
    expect(await users.end(USER, only?.handle ?? '')).toBe(true);
    expect(await world.living()).toEqual([]);
  });

  it(
    'are listed while alive, and do not come back once ended',
    { timeout: HISTORIES_TIMEOUT_MS },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), deeds, async (scheduler, history) => {
          const story = new UserStory(null);
          await story.begin(2);
          await playAll(story, scheduler, history);
          const { listed, living, left } = await story.find();
          expect(listed).toEqual(living);
          expect(left).toEqual([]);
        }),
        playing(300),
      );
    },
  );

  it('are within the limit in the end', { timeout: HISTORIES_TIMEOUT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), limits, deeds, async (scheduler, limit, history) => {
        const story = new UserStory(limit);
        await story.begin(limit.max - 1);
        await playAll(story, scheduler, history);
        const { listed, living, left } = await story.find();
        expect(listed).toEqual(living);
        expect(left).toEqual([]);
        expect(living.length).toBeLessThanOrEqual(limit.max);
      }),
      playing(300),
    );
  });

  it(
    'are listed and stay ended whenever a process dies, and a later sign-in restores the limit',
    { timeout: HISTORIES_TIMEOUT_MS },
    async () => {
      const maybeLimits = fc.option(limits);
      const lastCalls = fc.integer({ min: 1, max: 20 });
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          maybeLimits,
          lastCalls,
          deeds,
          async (scheduler, limit, lastCall, history) => {
            const story = new UserStory(limit, lastCall);
            await story.begin(limit?.max ?? 2);
            await playAll(story, scheduler, history);
            const { listed, living, revived } = await story.find();
            expect(listed).toEqual(living);
            expect(revived).toEqual([]);
            if (limit?.when !== 'end-oldest') return;
            story.world.clock.advance(1);
            // On a device without a session, since a sign-in on a signed-in one changes no count.
            await story.perform({ process: 0, device: 3, op: 'signIn' });
            expect(await story.isSignedIn(3)).toBe(true);
            expect((await story.find()).living.length).toBeLessThanOrEqual(limit.max);
          },
        ),
        playing(300),
      );
    },
  );
});
