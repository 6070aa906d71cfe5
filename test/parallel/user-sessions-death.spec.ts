import { describe, expect, it } from 'vitest';
import { DEEDS, type Limit, UserStory } from './support/user-story.js';

const ENDING: Limit = { max: 1, when: 'end-oldest' };
const REFUSING: Limit = { max: 1, when: 'refuse' };
/** The user's device, one with a session but not signed in, and one without a session. */
const DEVICES = [0, 1, 2];

/** A process performs an operation on a device and dies after one store call, the next after two, until one survives. */
async function* deaths(op: (typeof DEEDS)[number], limit: Limit | null): AsyncGenerator<UserStory> {
  for (const device of DEVICES) {
    for (let lastCall = 1, isThrough = false; !isThrough; lastCall += 1) {
      const story = new UserStory(limit, lastCall);
      await story.begin(1, 2);
      isThrough = await story.perform({ process: 1, device, op });
      yield story;
    }
  }
}

describe.each(DEEDS)('The sessions of a user after a process died between two store calls of %s', (op) => {
  it.each([null, ENDING, REFUSING])('are listed while alive, and stay ended, limit %j', async (limit) => {
    for await (const story of deaths(op, limit)) {
      const first = await story.find();
      expect(first.listed).toEqual(first.living);
      expect(first.revived).toEqual([]);
      for (const device of DEVICES) await story.perform({ process: 0, device, op: 'signOut' });
      const { listed, living, revived } = await story.find();
      expect(listed).toEqual(living);
      expect(revived).toEqual([]);
      // Only sessions whose cookie no browser ever got may be left.
      await story.perform({ process: 0, device: 0, op: 'endAll' });
      expect((await story.find()).living).toEqual([]);
    }
  });

  it('are within the limit after the next sign-in', async () => {
    for await (const story of deaths(op, ENDING)) {
      story.world.clock.advance(1);
      await story.perform({ process: 0, device: 2, op: 'signIn' });
      expect(await story.isSignedIn(2)).toBe(true);
      expect((await story.find()).living).toHaveLength(1);
    }
  });

  it('leave room for a sign-in once they have ended', async () => {
    for await (const story of deaths(op, REFUSING)) {
      await story.perform({ process: 0, device: 0, op: 'endAll' });
      await story.perform({ process: 0, device: 2, op: 'signIn' });
      expect(await story.isSignedIn(2)).toBe(true);
    }
  });
});
