import { describe, expect, it } from 'vitest';
import { REDIRECT_MS } from '../../lib/lifecycle/lifetimes.js';
import type { RequestSession } from '../../lib/session/request-session.js';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import type { StoppedClock } from '../conformance/stopped-clock.js';
import { type Turns, everyInterleaving } from './support/interleavings.js';
import { WatchedDriver } from './support/watched-driver.js';
import { type Answer, World } from './support/world.js';

type Deed = (session: RequestSession, world: World) => unknown;

const write: Deed = (session) => session.put('written', true);
const regenerate: Deed = (session) => session.regenerate();
const signIn: Deed = (session) => session.regenerate().put('userId', 'ada');
const invalidate: Deed = (session) => session.invalidate().put('goodbye', true);
const destroy: Deed = (session) => session.destroy();
const touch: Deed = (session) => session.touch();
const nothing: Deed = () => undefined;

const SECRET = 'of the old session';

interface Meeting {
  readonly world: World;
  readonly turns: Turns;
  /** The id that all requests came with. */
  readonly old: string;
  readonly answers: readonly Answer[];
  /** The ids of the remaining sessions. */
  readonly living: readonly string[];
}

interface MeetingSetup {
  readonly makeDriver: (clock: StoppedClock) => RecordDriver;
  /** Whether the requests share a process and thus a queue. */
  readonly oneProcess: boolean;
  /** Whether the session is due for renewal. */
  readonly renewing?: boolean;
}

/** Lets requests load one session, and then act on it concurrently. */
async function meet(turns: Turns, deeds: readonly Deed[], setup: MeetingSetup): Promise<Meeting> {
  const world = new World(setup.makeDriver);
  const old = await world.seed((session) => session.put({ secret: SECRET, count: 1 }));
  if (setup.renewing === true) world.clock.advance(120_000);
  const drivers = deeds.map(() => new WatchedDriver(world.driver));
  const [first = world.driver] = drivers;
  const shared = world.process(first);
  const requests = await Promise.all(
    drivers.map((driver) => (setup.oneProcess ? shared : world.process(driver)).request(old)),
  );
  drivers.forEach((driver, index) => {
    turns.gate(String.fromCodePoint(97 + index), driver);
  });
  const answers = await turns.run(
    requests.map(async (request, index) => {
      await deeds[index]?.(request.session, world);
      return request.respond();
    }),
  );
  return { world, turns, old, answers, living: await world.living() };
}

function cookieKinds({ answers }: Meeting): string[] {
  return answers.map(({ cookie }) => cookie.kind);
}

/** One without `destroyVersion`, and one with it. */
const DRIVERS: Record<string, MeetingSetup['makeDriver']> = {
  'a driver of the application': (clock) => new CustomDriver(clock),
  memory: (clock) => new MemoryDriver({}, clock),
};

const SETTINGS = Object.entries(DRIVERS).flatMap(([name, makeDriver]) =>
  [true, false].map((oneProcess) => ({ name, makeDriver, oneProcess })),
);

for (const { name, makeDriver, oneProcess } of SETTINGS) {
  const where = `${oneProcess ? 'inside one process' : 'in processes of their own'}, on ${name}`;

  /** Checks a meeting in every order. */
  const always = async (
    deeds: readonly Deed[],
    check: (meeting: Meeting) => unknown,
    renewing = false,
  ): Promise<void> => {
    const orders = await everyInterleaving(async (turns) => {
      const meeting = await meet(turns, deeds, { makeDriver, oneProcess, renewing });
      // There are tens of thousands of orders, and an `expect` takes as long as a request.
      for (const { status, error } of meeting.answers)
        if (status !== 200) throw new Error(`A request failed: ${String(error)}`, { cause: error });
      await check(meeting);
    });
    if (!oneProcess) expect(orders).toBeGreaterThan(1);
  };

  describe(`requests that meet ${where}, in every order`, () => {
    it.each([
      ['a write', write],
      ['a regenerate', regenerate],
      ['a sign-in', signIn],
      ['another destroy', destroy],
      ['a touch', touch],
    ])('leave nothing behind when one is a destroy and the other %s', async (_, deed) => {
      await always([destroy, deed], ({ living }) => expect(living).toEqual([]));
    });

    it('leave nothing behind when a renewal meets a destroy', async () => {
      await always([destroy, nothing], ({ living }) => expect(living).toEqual([]), true);
    });

    it('leave nothing behind when a write and a regenerate meet a destroy', async () => {
      await always([destroy, write, regenerate], ({ living }) => expect(living).toEqual([]));
    });

    it('leave nothing behind when two regenerates meet a destroy', async () => {
      await always([destroy, regenerate, signIn], ({ living }) => expect(living).toEqual([]));
    });

    it('leave nothing of the old session when one of them is an invalidate', async () => {
      for (const deed of [write, regenerate, signIn, touch, invalidate]) {
        await always([invalidate, deed], async ({ world, answers, living }) => {
          expect(living).toHaveLength(1);
          for (const id of living) expect((await world.find(id))?.d).toEqual({ goodbye: true });
          // The new id is sent to the browser.
          const told = answers.flatMap(({ cookieId }) => (cookieId === null ? [] : [cookieId]));
          expect(told).toContain(living[0]);
        });
      }
    });

    it('leave at most the new session when an invalidate meets a destroy', async () => {
      await always([invalidate, destroy], async ({ world, answers, living }) => {
        for (const id of living) expect((await world.find(id))?.d).toEqual({ goodbye: true });
        expect(living.length).toBeLessThanOrEqual(1);
        expect(living).toEqual(answers.flatMap(({ cookieId }) => (cookieId === null ? [] : [cookieId])));
      });
    });

    it('keep a write that meets a regenerate, and only the new id finds it', async () => {
      await always([regenerate, write], async ({ world, old, answers, living }) => {
        expect(living).toEqual([answers[0]?.cookieId]);
        expect((await world.find(living[0] ?? ''))?.d).toEqual({ secret: SECRET, count: 1, written: true });
        expect(await world.find(old)).toBeNull();
        expect(answers[1]?.cookie.kind).toBe('none');
      });
    });

    it.each<[what: string, one: Deed, other: Deed, user: object]>([
      ['regenerate', regenerate, regenerate, {}],
      ['sign in as the same user', signIn, signIn, { userId: 'ada' }],
      ['sign in by signIn as the same user', (session) => session.signIn('ada'), signIn, { userId: 'ada' }],
    ])('agree on one new id when two %s', async (_, one, other, user) => {
      await always([one, other], async ({ world, answers, living }) => {
        expect(living).toHaveLength(1);
        expect((await world.find(living[0] ?? ''))?.d).toEqual({ secret: SECRET, count: 1, ...user });
        expect(answers.map(({ cookieId }) => cookieId)).toEqual([living[0], living[0]]);
      });
    });

    it.each<[what: string, deed: Deed]>([
      ['put', signIn],
      ['signIn', (session) => session.signIn('ada')],
    ])('do not send the new id of a sign-in (%s) to a request that only regenerates', async (_, deed) => {
      await always([deed, regenerate], async ({ world, answers, living }) => {
        expect(living).toEqual([answers[0]?.cookieId]);
        expect((await world.find(living[0] ?? ''))?.d).toEqual({ secret: SECRET, count: 1, userId: 'ada' });
        expect(answers[1]?.cookieId).not.toBe(living[0]);
      });
    });

    it('get separate sessions when two sign in as different users, and neither sees the values of the other', async () => {
      const as =
        (user: string): Deed =>
        (session) =>
          session.signIn(user).put(user, 'private');
      await always([as('ada'), as('eve')], async ({ world, answers, living }) => {
        expect(new Set(answers.map(({ cookieId }) => cookieId))).toEqual(new Set(living));
        expect(living).toHaveLength(2);
        for (const [at, user] of ['ada', 'eve'].entries()) {
          const found = await world.find(answers[at]?.cookieId ?? '');
          expect(found?.d).toEqual({ secret: SECRET, count: 1, userId: user, [user]: 'private' });
        }
      });
    });

    it('agree on one new id when three regenerate and a fourth writes', async () => {
      await always([regenerate, write, (session) => session.increment('count')], async (meeting) => {
        const { world, living } = meeting;
        expect(living).toHaveLength(1);
        expect((await world.find(living[0] ?? ''))?.d).toEqual({ secret: SECRET, count: 2, written: true });
      });
    });

    it.each([
      ['a renewal', nothing, true],
      ['a touch', touch, false],
      ['a renewal by a write', write, true],
    ])('never lead the browser back to the old id when %s meets a regenerate', async (_, deed, renewing) => {
      await always(
        [regenerate, deed],
        async ({ world, turns, old, answers, living }) => {
          expect(living).toEqual([answers[0]?.cookieId]);
          // Only a request that finished before the session moved may send the old id.
          const moved = turns.story.findIndex((line) => line === `a: write ${old.slice(0, 4)}`);
          const last = turns.story.findLastIndex((line) => line.startsWith('b:'));
          if (answers[1]?.cookie.kind === 'set') expect(last).toBeLessThan(moved);
          // The marker does not live longer because of it.
          world.clock.advance(REDIRECT_MS);
          expect(await world.driver.inner.read(old)).toBeNull();
        },
        renewing,
      );
    });

    it('expire the cookie once when both destroy, since the next cookie may be for another session', async () => {
      await always([destroy, destroy], (meeting) => {
        expect(cookieKinds(meeting).toSorted()).toEqual(['expire', 'none']);
      });
    });

    it('send no cookie when their session is gone', async () => {
      await always([destroy, write], (meeting) => {
        expect(cookieKinds(meeting)).toEqual(['expire', 'none']);
      });
    });
  });
}
