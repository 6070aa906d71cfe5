import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type RequestSession, SessionConfigError, type SessionModuleOptions } from 'nestjs-session-kit';
import type { SessionRecord } from '../../lib/drivers/driver.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { Deferred } from '../parallel/support/deferred.js';
import { openedStores } from '../parallel/support/opened-stores.js';
import { SHARED_STORES } from '../parallel/support/stores.js';
import { describeWith } from '../servers/index.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS, SECRET } from '../support/test-app.js';

const SAID = 'the code of the safe is 4711';
const MINUTE = 60_000;
const OTHER = 'another secret for tests, as long as it has to be';

afterEach(() => void vi.useRealTimers().restoreAllMocks());

/** The payloads that the driver gets. */
function watch(driver: { write(id: string, record: SessionRecord): Promise<boolean> }): string[] {
  const seen: string[] = [];
  const write = driver.write.bind(driver);
  vi.spyOn(driver, 'write').mockImplementation((id, record) => {
    seen.push(record.payload);
    return write(id, record);
  });
  return seen;
}

describeWith([...new Set(SHARED_STORES.flatMap(({ pieces }) => pieces))], 'encrypt', () => {
  const storeOf = openedStores();

  const ways = SHARED_STORES.flatMap(({ name }) => PLATFORMS.map((platform) => [name, platform] as const));

  it.each(ways)('shows %s nothing of a session, whatever happens to it, on %s', async (name, platform) => {
    const { driver } = storeOf(name);
    const seen = watch(driver);
    const canList = driver.listByUser !== undefined;
    const user = `ann on ${platform}`;
    await using app = await HandlerApp.start(platform, {
      options: {
        encrypt: true,
        driver: 'shared',
        drivers: { shared: { useFactory: () => driver } },
        ...(canList && { sessionsPerUser: { max: 2 } }),
      },
    });
    const visitor = app.visitor();
    await visitor.in((session) => session.put('said', SAID).flash('note', SAID));
    const ids = [await visitor.in(({ id }) => id)];
    await visitor.in((session) => session.signIn(user).increment('visits'));
    ids.push(await visitor.in((session) => (session.increment('visits'), session.id)));
    const [, id = ''] = ids;
    expect(await visitor.in((session) => session.only(['said', 'visits', 'userId']))).toEqual({
      said: SAID,
      visits: 2,
      userId: user,
    });
    expect((await app.manager.read(id))?.values).toMatchObject({ said: SAID, visits: 2 });
    await app.manager.run(id, (session) => session.flash('job', SAID));
    expect(await visitor.in((session) => session.flashMessages.get('job'))).toBe(SAID);
    if (canList) {
      const [others, third] = [app.visitor(), app.visitor()];
      await others.in((session) => session.signIn(user));
      expect(await app.manager.list(user)).toHaveLength(2);
      await third.in((session) => session.signIn(user));
      expect(await app.manager.list(user)).toHaveLength(2);
      expect(await app.manager.endAll(user)).toBe(2);
    }
    const other = app.visitor();
    await other.in((session) => session.put('said', SAID));
    await other.in((session) => session.destroy());
    expect(await other.in((session) => session.get('said'))).toBeUndefined();
    expect(seen.length).toBeGreaterThan(5);
    for (const payload of seen) expect(payload).toMatch(/^v1e\.[\w-]+$/);
    // Not even the new id, to which the old one redirects.
    for (const each of [SAID, ...ids]) expect(seen.join('\n')).not.toContain(each);
  });

  it.each(ways)(
    'lets processes with and without it share their sessions, on %s, on %s',
    async (name, platform) => {
      const { driver } = storeOf(name);
      const start = (options: Partial<SessionModuleOptions>) =>
        HandlerApp.start(platform, {
          options: { driver: 'shared', drivers: { shared: { useFactory: () => driver } }, ...options },
        });
      await using plain = await start({});
      await using sealing = await start({ encrypt: true, secret: [SECRET, OTHER] });
      const [apps, user] = [[plain, sealing], `bob on ${platform}`];
      for (const [here, there] of [apps, apps.toReversed()] as const) {
        if (here === undefined || there === undefined) return expect.unreachable();
        const isSealedBy = (app: HandlerApp): boolean => app === sealing;
        const looks = async (id: string): Promise<boolean> =>
          (await driver.read(id))?.payload.startsWith('v1e.') ?? expect.unreachable();

        const begun = await here
          .visitor()
          .handle((session) => session.put('list', ['a']).flash('note', SAID).id);
        expect(await looks(begun.value)).toBe(isSealedBy(here));
        const note = await there
          .visitor()
          .in((session) => session.push('list', 'b').flashMessages.get('note'), {
            headers: begun.asHeaders,
          });
        expect([note, await looks(begun.value)]).toEqual([SAID, isSealedBy(there)]);

        // A request is pending while the other process writes, then moves the session: it merges and follows.
        const [isLoaded, goOn] = [new Deferred(), new Deferred()];
        const slow = here.visitor().handle(
          async (session) => {
            session.update('list', (list) => [...(list as string[]), 'd']);
            isLoaded.resolve();
            await goOn.promise;
          },
          { headers: begun.asHeaders },
        );
        await isLoaded.promise;
        await there.visitor().in((session) => session.push('list', 'c'), { headers: begun.asHeaders });
        const moved = await there
          .visitor()
          .handle((session) => session.signIn(user).id, { headers: begun.asHeaders });
        goOn.resolve();
        await slow;
        for (const app of apps) {
          const view = (session: RequestSession) => [session.userId, session.get('list')];
          const seen = await app.visitor().in(view, { headers: moved.asHeaders });
          expect(seen).toEqual([user, ['a', 'b', 'c', 'd']]);
          expect((await app.manager.read(moved.value))?.values['list']).toHaveLength(4);
          await app.manager.run(moved.value, (session) => session.increment('runs'));
          if (driver.listByUser !== undefined) expect(await app.manager.list(user)).toHaveLength(1);
        }

        // What was sealed for one id opens nothing under another, on any store.
        await sealing.manager.run(moved.value, (session) => session.increment('runs'));
        const poor = await sealing.visitor().handle((session) => session.put('list', []).id);
        const [from, to] = [await driver.read(moved.value), await driver.read(poor.value)];
        if (from === null || to === null) return expect.unreachable();
        await driver.write(poor.value, { ...to, version: to.version + 1, payload: from.payload });
        for (const app of apps) {
          expect(await app.visitor().in(({ stored }) => stored, { headers: poor.asHeaders })).toBe(false);
          expect(await app.manager.read(poor.value)).toBeNull();
        }
        for (const id of [poor.value, moved.value]) await there.manager.destroy(id);
        expect([await driver.read(poor.value), await driver.read(moved.value)]).toEqual([null, null]);
      }
    },
  );
});

describe.each(PLATFORMS)('while encryption is switched on, off or to another secret, on %s', (platform) => {
  /** A store that outlives the applications on it. */
  function world() {
    const driver = new MemoryDriver();
    const start = (options: Partial<SessionModuleOptions>) =>
      HandlerApp.start(platform, {
        options: { driver: 'kept', drivers: { kept: { useFactory: () => driver } }, ...options },
      });
    return { driver, start };
  }

  async function visit(app: HandlerApp, cookie: string) {
    const { value } = await app
      .visitor()
      .handle((session) => [session.get('said'), session.id] as const, { headers: { cookie } });
    return value;
  }

  it('every session continues, and is sealed or unsealed with its next renewal, even without a write', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    const { driver, start } = world();
    let cookie = '';
    let id = '';
    {
      await using app = await start({ encrypt: false, secret: OTHER });
      const { asHeaders, value } = await app.visitor().handle((session) => session.put('said', SAID).id);
      ({ cookie } = asHeaders);
      id = value;
    }
    const payload = async (): Promise<string> => (await driver.read(id))?.payload ?? '';
    const steps: [Partial<SessionModuleOptions>, sealed: boolean][] = [
      [{ encrypt: true, secret: OTHER }, true],
      [{ encrypt: true, secret: [SECRET, OTHER] }, true],
      [{ encrypt: false, secret: [SECRET, OTHER] }, false],
    ];
    for (const [options, sealed] of steps) {
      await using app = await start(options);
      const before = await payload();
      expect(await visit(app, cookie)).toEqual([SAID, id]);
      // Not yet: a visit that is no renewal writes nothing.
      expect(await payload()).toBe(before);
      vi.setSystemTime(Date.now() + 2 * MINUTE);
      expect(await visit(app, cookie)).toEqual([SAID, id]);
      expect(await payload()).not.toBe(before);
      expect((await payload()).startsWith('v1e.')).toBe(sealed);
      const now = await payload();
      vi.setSystemTime(Date.now() + 2 * MINUTE);
      await visit(app, cookie);
      // Renewed as any other from now on.
      expect(await payload()).toBe(now);
    }
  });

  it('a record that cannot be opened counts as absent, is logged once, and can be ended', async () => {
    const { driver, start } = world();
    let cookie = '';
    let id = '';
    {
      await using app = await start({ encrypt: true, secret: [OTHER, SECRET] });
      const { asHeaders, value } = await app.visitor().handle((session) => session.put('said', SAID).id);
      ({ cookie } = asHeaders);
      id = value;
    }
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    await using app = await start({ encrypt: true, secret: SECRET });
    // Its cookie is signed with the secret that was dropped, so the test asks for it by its id.
    expect(await app.manager.read(id)).toBeNull();
    await expect(app.manager.run(id, () => undefined)).rejects.toThrow('found no session');
    expect(warn.mock.calls.flat().filter((line) => String(line).includes('could not be read'))).toHaveLength(
      1,
    );
    expect(warn.mock.calls.join('\n')).not.toContain(id);
    expect(await visit(app, cookie)).toEqual([undefined, expect.not.stringContaining(id)]);
    await app.manager.destroy(id);
    expect(await driver.read(id)).toBeNull();
  });

  it('a record sealed for another id opens nothing there', async () => {
    vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const { driver, start } = world();
    await using app = await start({ encrypt: true });
    const rich = await app.visitor().in((session) => session.put('said', SAID).id);
    const poor = await app.visitor().handle((session) => session.put('said', 'nothing').id);
    const [from, to] = [await driver.read(rich), await driver.read(poor.value)];
    if (from === null || to === null) return expect.unreachable();
    await driver.write(poor.value, { ...to, version: 2, payload: from.payload });
    expect((await visit(app, poor.asHeaders.cookie))[0]).toBeUndefined();
  });

  it('stealth works as before', async () => {
    await using app = await HandlerApp.start(platform, { options: { driver: 'stealth', encrypt: true } });
    const visitor = app.visitor();
    await visitor.in((session) => session.put('said', SAID));
    expect(await visitor.in((session) => session.get('said'))).toBe(SAID);
  });

  it('the option takes true or false', async () => {
    const options: object = { encrypt: 'yes' };
    await expect(HandlerApp.start(platform, { options })).rejects.toThrow(SessionConfigError);
    await expect(HandlerApp.start(platform, { options })).rejects.toThrow("The option 'encrypt'");
  });
});
