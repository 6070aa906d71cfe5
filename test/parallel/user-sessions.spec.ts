import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import type { UserSessions } from '../../lib/lifecycle/user-sessions.js';
import { Deferred } from './support/deferred.js';
import { HISTORIES_TIMEOUT_MS, playing } from './support/replay.js';
import { type ApplicationProcess, World } from './support/world.js';

const USER = 'ann';

/** What is done, on which of three devices where it is a request of one, and in which process. */
interface Deed {
  readonly process: number;
  readonly device: number;
  readonly op: 'signIn' | 'regenerate' | 'put' | 'signOut' | 'end' | 'endAll';
}

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

/** One user with three devices, and all that is done to his sessions at once. */
class Story {
  readonly world: World;
  readonly #processes: readonly ApplicationProcess[];
  readonly #devices: string[] = [];
  /** The handles of sessions of which somebody was told that they have ended. */
  readonly ended = new Set<string>();

  constructor() {
    this.world = new World((clock) => new MemoryDriver({}, clock));
    this.#processes = [this.world.process(), this.world.process()];
  }

  /** Two devices are signed in, the third is not yet. */
  async begin(): Promise<void> {
    for (const isSignedIn of [true, true, false]) {
      const id = await this.world.seed((session) =>
        isSignedIn ? session.signIn(USER) : session.put('cart', 1),
      );
      this.#devices.push(id);
    }
  }

  async perform({ process, device, op }: Deed): Promise<void> {
    const server = this.#processes[process];
    const id = this.#devices[device];
    if (server === undefined || id === undefined) throw new Error('There is no such process or device.');
    const users = usersOf(server);
    if (op === 'endAll') {
      const listed = await users.list(USER);
      await users.endAll(USER, null);
      for (const { handle } of listed) this.ended.add(handle);
      return;
    }
    if (op === 'end') {
      const handle = (await users.list(USER))[device]?.handle;
      if (handle !== undefined && (await users.end(USER, handle))) this.ended.add(handle);
      return;
    }
    const request = await server.request(id);
    const { session } = request;
    const before = session.stored ? session.handle : null;
    if (op === 'signIn') session.signIn(USER);
    if (op === 'regenerate') session.regenerate();
    if (op === 'put') session.put(`seen.${process}`, true);
    if (op === 'signOut') session.signOut();
    const { status, cookieId } = await request.respond();
    if (cookieId !== null) this.#devices[device] = cookieId;
    if (op === 'signOut' && status === 200 && before !== null) this.ended.add(before);
  }

  /** The handles that `list` gives, and those of all that the store holds of the user's. */
  async handles(): Promise<{ listed: string[]; living: string[]; all: string[] }> {
    const [server] = this.#processes;
    if (server === undefined) throw new Error('There is a process.');
    const listed = (await usersOf(server).list(USER)).map(({ handle }) => handle);
    const living: string[] = [];
    const all: string[] = [];
    for (const id of await this.world.living()) {
      const { session } = await server.request(id);
      all.push(session.handle);
      if (session.userId === USER) living.push(session.handle);
    }
    return { listed: listed.toSorted(), living: living.toSorted(), all };
  }
}

function usersOf({ backend }: ApplicationProcess): UserSessions {
  if (backend.users === null) throw new Error('The driver cannot list.');
  return backend.users;
}

describe('the sessions of a user, through all that two processes do at once', () => {
  it('end while they move to another id, and others write where they were', async () => {
    const world = new World((clock) => new MemoryDriver({}, clock));
    const [here, there] = [world.process(), world.process()];
    const id = await world.seed((session) => session.signIn(USER));
    const [mover, writer] = [await here.request(id), await there.request(id)];
    mover.session.regenerate();
    writer.session.put('seen', true);
    // Stored under its new id, and the old one not given up yet.
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

  it(
    'are listed while they live, and do not come back when they have ended',
    { timeout: HISTORIES_TIMEOUT_MS },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), deeds, async (scheduler, history) => {
          const story = new Story();
          await story.begin();
          const { driver } = story.world;
          driver.before = ({ method }) => scheduler.schedule(Promise.resolve(), method);
          await scheduler.waitFor(Promise.all(history.map((deed) => story.perform(deed))));
          driver.before = () => undefined;
          const { listed, living, all } = await story.handles();
          expect(listed).toEqual(living);
          expect(all.filter((handle) => story.ended.has(handle))).toEqual([]);
        }),
        playing(300),
      );
    },
  );
});
