import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type RecordDriver,
  type SessionModuleOptions,
  type SessionPage,
  SessionValueError,
} from 'nestjs-session-kit';
import { OneStore, type OneVisitor } from './one-session.js';
import { SECRET } from './test-app.js';
import { SHARED_STORES } from '../parallel/support/stores.js';
import { type OpenStore, openStore } from '../parallel/support/store-setting.js';

/** More than two pages on any driver. */
const MANY = 420;
const AT_ONCE = 10;
const OTHER_SECRET = 'another secret for tests that is long enough';

/** Wraps a driver to count its calls of `listByUser`. */
function counting(driver: RecordDriver): { driver: RecordDriver; asked: () => number } {
  let asked = 0;
  const counted = new Proxy(driver, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]): unknown => {
        if (name === 'listByUser') asked += 1;
        return Reflect.apply(member, target, given);
      };
    },
  });
  return { driver: counted, asked: () => asked };
}

/** A store of the test's own, which is removed when it is closed. */
export async function ownStore(name: string): Promise<OpenStore> {
  const store = await SHARED_STORES.find((kind) => kind.name === name)?.make();
  if (store === undefined) throw new Error(`There is no store ${name}`);
  const open = await openStore(store.setting);
  return {
    driver: open.driver,
    async close() {
      await open.close();
      await store.remove();
    },
  };
}

interface Setup {
  /** Whether a record may appear on two pages if many others end meanwhile. */
  readonly mayRepeat?: boolean;
  readonly options?: Partial<SessionModuleOptions>;
}

/** The behavior common to all drivers that can list a user's sessions in pages. */
export function describeListPages(name: string, open: () => Promise<OpenStore>, setup: Setup = {}): void {
  describe(`The pages of a user's sessions, on ${name}`, () => {
    const { mayRepeat = false, options = { driver: 'shared' } } = setup;
    let app: OneStore;
    let sealedAnew: OneStore;
    let asked: () => number;
    let visitors: readonly OneVisitor[];
    let handles: readonly string[];
    const closing: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      const store = await open();
      const counted = counting(store.driver);
      ({ asked } = counted);
      const drivers = { shared: { useFactory: () => counted.driver } };
      const common = { ...options, drivers, storeTimeout: '60s' } as const;
      app = await OneStore.start(common);
      const secret = [OTHER_SECRET, SECRET];
      sealedAnew = await OneStore.start({ ...common, secret });
      closing.push(
        () => app.module.close(),
        () => sealedAnew.module.close(),
        () => store.close(),
      );
      visitors = Array.from({ length: MANY }, () => app.visitor());
      for (let at = 0; at < MANY; at += AT_ONCE)
        await Promise.all(
          visitors.slice(at, at + AT_ONCE).map((each) => each.in((session) => session.signIn('ann'))),
        );
      await app.visitor().in((session) => session.signIn('bob'));
      handles = (await app.manager.list('ann')).map(({ handle }) => handle);
    });
    afterAll(async () => {
      for (const close of closing) await close();
      vi.restoreAllMocks();
    });

    async function* pages(between?: (page: SessionPage) => Promise<void>): AsyncGenerator<SessionPage> {
      for (let cursor: string | null = null; ;) {
        const page: SessionPage = await app.manager.listPage('ann', cursor);
        yield page;
        ({ cursor } = page);
        if (cursor === null) return;
        await between?.(page);
      }
    }

    async function all(between?: (page: SessionPage) => Promise<void>): Promise<string[]> {
      const found: string[] = [];
      for await (const { sessions } of pages(between)) found.push(...sessions.map(({ handle }) => handle));
      return found;
    }

    it('are several, and together hold each of the user’s sessions once and no others', async () => {
      expect(new Set(handles).size).toBe(MANY);
      const sizes: number[] = [];
      for await (const { sessions } of pages()) {
        sizes.push(sessions.length);
        const times = sessions.map(({ lastActivity }) => lastActivity);
        expect(times).toEqual(times.toSorted((a, b) => b - a));
      }
      expect(sizes.length).toBeGreaterThanOrEqual(2);
      expect((await all()).toSorted()).toEqual(handles.toSorted());
    });

    it('take one call of the store each', async () => {
      const before = asked();
      const { cursor } = await app.manager.listPage('ann');
      expect(asked() - before).toBe(1);
      await app.manager.listPage('ann', cursor);
      expect(asked() - before).toBe(2);
    });

    it('reject a cursor that was not issued for this user, without asking the store', async () => {
      const { cursor } = await app.manager.listPage('ann');
      const before = asked();
      const changed = `${cursor?.slice(0, -1)}${cursor?.endsWith('A') === true ? 'B' : 'A'}`;
      for (const wrong of [
        '',
        '0',
        '1',
        'x',
        '999999999999999999999',
        changed,
        cursor?.slice(0, -4),
        7,
        {},
        ['x'],
      ])
        await expect(app.manager.listPage('ann', wrong as string)).rejects.toMatchObject({
          name: SessionValueError.name,
          message: expect.stringMatching(/listPage got .* for a cursor/),
          statusCode: 400,
        });
      await expect(app.manager.listPage('bob', cursor)).rejects.toThrow(/for a cursor/);
      expect(asked()).toBe(before);
    });

    it('have cursors that reveal no session id and stay valid when the secret is rotated', async () => {
      const ids = await Promise.all(visitors.map((each) => each.in((session) => session.id)));
      for await (const { cursor } of pages()) {
        const inside = Buffer.from(cursor?.replace(/^.*\./, '') ?? '', 'base64url').toString('latin1');
        for (const id of ids) expect(`${cursor} ${inside} ${inside.replaceAll('\0', '')}`).not.toContain(id);
      }
      const { cursor } = await app.manager.listPage('ann');
      const [here, there] = [app, sealedAnew].map((each) => each.manager.listPage('ann', cursor));
      expect((await there)?.sessions).toEqual((await here)?.sessions);
    });

    it('miss no session whose id changes meanwhile', async () => {
      const found = await all(async () => {
        await Promise.all(visitors.slice(0, 40).map((each) => each.in((session) => session.regenerate())));
      });
      expect([...new Set(found)].toSorted()).toEqual(handles.toSorted());
    });

    it('hold each remaining session once while others begin and end', async () => {
      const ended = new Set<string>();
      const found = await all(async ({ sessions }) => {
        await Promise.all(
          // A few: to end one, all of the user's sessions are read.
          sessions.slice(0, 5).map(async ({ handle }) => {
            expect(await app.manager.end('ann', handle)).toBe(true);
            ended.add(handle);
          }),
        );
        await app.visitor().in((session) => session.signIn('ann'));
      });
      const goOn = handles.filter((handle) => !ended.has(handle));
      const foundOfThem = found.filter((handle) => goOn.includes(handle));
      expect((mayRepeat ? [...new Set(foundOfThem)] : foundOfThem).toSorted()).toEqual(goOn.toSorted());
      const left = await app.manager.list('ann');
      expect(left.filter(({ handle }) => ended.has(handle))).toEqual([]);
      expect(await app.manager.endAll('ann')).toBe(left.length);
      expect(await app.manager.listPage('ann')).toEqual({ sessions: [], cursor: null });
      expect((await app.manager.listPage('bob')).sessions).toHaveLength(1);
    });
  });
}
