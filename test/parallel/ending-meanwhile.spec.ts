import { describe, expect, it } from 'vitest';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import type { RequestSession } from '../../lib/session/request-session.js';
import { LedgerWorld } from './support/ledger-world.js';
import { WatchedDriver } from './support/watched-driver.js';
import { type ApplicationProcess, World } from './support/world.js';

const WORLDS: readonly [name: string, create: () => World][] = [
  ['records', () => new World((clock) => new MemoryDriver({}, clock))],
  ['a ledger', () => new LedgerWorld((clock) => new MemoryDriver({}, clock), { userKey: 'userId' })],
];

/** Between its first write under a new id and the redirect, a session is listed, and may be ended. */
describe.each(WORLDS)(
  'a session that moves while others end all sessions of its user, with %s',
  (_, create) => {
    const endAll = async ({ backend }: ApplicationProcess): Promise<number | undefined> =>
      backend.users?.endAll('ann', null);

    const listed = async ({ backend }: ApplicationProcess): Promise<readonly string[]> =>
      ((await backend.users?.list('ann')) ?? []).map(({ id }) => id);

    /** Runs `before` ahead of each write under an id, with the number of that write. */
    function watched(world: World, before: (id: string, nth: number) => unknown): WatchedDriver {
      const driver = new WatchedDriver(world.driver);
      const counts = new Map<string, number>();
      driver.before = async (call) => {
        if (call.method !== 'write') return;
        const nth = (counts.get(call.id) ?? 0) + 1;
        counts.set(call.id, nth);
        await before(call.id, nth);
      };
      return driver;
    }

    /** The session of somebody signed in, in which others write and end everything while a request does something. */
    async function movedBy(act: (session: RequestSession) => unknown) {
      const world = create();
      const id = await world.seed((session) => session.signIn('ann'));
      const other = world.process();
      const driver = watched(world, async (written, nth) => {
        if (written === id && nth === 1) {
          const writing = await other.request(id);
          writing.session.put('theme', 'dark');
          await writing.respond();
        }
        if (written !== id && nth === 2) await endAll(other);
      });
      const process = world.process(driver);
      const request = await process.request(id);
      act(request.session);
      return { world, process, answer: await request.respond() };
    }

    it('has ended, and nobody hears of a store that loses records', async () => {
      const { world, process, answer } = await movedBy((session) => session.regenerate());
      expect(answer).toMatchObject({ status: 200, cookie: { kind: 'none' }, error: null });
      expect(await world.living()).toEqual([]);
      expect(await listed(process)).toEqual([]);
    });

    it('is the one that is listed and opened if somebody signs in to another one meanwhile', async () => {
      const world = create();
      const first = await world.process().request(null);
      first.session.put('cart', ['mug']);
      const { cookie } = await first.respond();
      if (cookie.kind !== 'set') throw new Error('The session to begin with was not stored.');
      const id = world.idOf(cookie.token);
      const process: ApplicationProcess = world.process(
        watched(world, async (written, nth) => {
          if (written !== id || nth !== 1) return;
          const moving = await world.process().request(cookie.token);
          moving.session.regenerate();
          await moving.respond();
          await endAll(process);
        }),
      );
      const request = await process.request(cookie.token);
      request.session.signIn('ann');
      const answer = await request.respond();
      expect(answer.status).toBe(200);
      expect(await listed(process)).toEqual([answer.cookieId]);
      const next = await process.request(answer.cookieId);
      expect(next.session.all()).toMatchObject({ userId: 'ann' });
    });
  },
);
