import { describe, expect, it } from 'vitest';
import { Keyring } from '../../lib/crypto/keyring.js';
import type { SealingDriver, SessionRecord } from '../../lib/drivers/driver.js';
import { StealthDriver } from '../../lib/drivers/stealth/stealth.driver.js';
import { Lifetimes } from '../../lib/lifecycle/lifetimes.js';
import { WatchedSessions } from '../../lib/lifecycle/watching/watched-sessions.js';
import { REDIRECT_MS } from '../../lib/lifecycle/lifetimes.js';
import { RecentFates } from '../../lib/lifecycle/recent-fates.js';
import { SealedBackend } from '../../lib/lifecycle/sealed/sealed-backend.js';
import { VISITOR } from '../../lib/lifecycle/caller.js';
import { SessionLifecycle } from '../../lib/lifecycle/session-lifecycle.js';
import type { CookieInstruction } from '../../lib/lifecycle/cookie-instruction.js';
import type { SessionRuntime } from '../../lib/lifecycle/session-runtime.js';
import { ConsistencyErrors } from '../../lib/lifecycle/consistency-errors.js';
import { TokenLimit } from '../../lib/lifecycle/sealed/token-limit.js';
import { StoppedClock } from '../conformance/stopped-clock.js';
import { Deferred } from '../parallel/support/deferred.js';
import { LIFETIMES } from '../parallel/support/world.js';

const RENEWAL_MS = 120_000;
const FORGOTTEN_MS = 10 * 60_000;

/** An application's own, slow sealing driver. */
class SlowSealer implements SealingDriver {
  /** `seal` waits for this. */
  gate: Promise<void> = Promise.resolve();
  sealing = new Deferred();

  async seal(record: SessionRecord): Promise<string> {
    this.sealing.resolve();
    await this.gate;
    return Buffer.from(JSON.stringify(record)).toString('base64url');
  }

  async open(token: string): Promise<SessionRecord | null> {
    const record: SessionRecord = JSON.parse(Buffer.from(token, 'base64url').toString());
    return record;
  }
}

/** One process of an application that keeps its sessions in cookies. */
class Process {
  readonly clock = new StoppedClock();
  readonly said: string[] = [];
  readonly #runtime: SessionRuntime;
  readonly #backend: SealedBackend;

  constructor(makeDriver: (clock: StoppedClock, keyring: Keyring) => SealingDriver) {
    const keyring = new Keyring(['a secret for tests that is long enough'], 'session');
    const note = (message: string): void => void this.said.push(message);
    const live = new WatchedSessions(this.clock, false);
    this.#runtime = {
      clock: this.clock,
      driver: 'test',
      keyring,
      serializer: JSON,
      log: { warn: note, error: note },
      faults: new ConsistencyErrors({ warn: note, error: note }, this.clock),
      lifetimes: new Lifetimes(this.clock, LIFETIMES),
      watched: live,
      fates: new RecentFates(this.clock, live),
      degrade: false,
      userKey: 'userId',
      tokenLimit: new TokenLimit(4000, JSON, null),
    };
    const driver = makeDriver(this.clock, keyring);
    this.#backend = new SealedBackend(this.#runtime, driver);
  }

  /** A request with a token (none: '') whose session is loaded. */
  async request(token: string): Promise<SessionLifecycle> {
    const life = new SessionLifecycle(this.#backend, VISITOR);
    if (token !== '') await life.loads.byToken(token);
    return life;
  }

  /** Performs a deed in a new request. Returns what the response does with the cookie. */
  async does(token: string, deed: (life: SessionLifecycle) => unknown): Promise<CookieInstruction> {
    const life = await this.request(token);
    await deed(life);
    return respond(life);
  }

  /** Creates a session and returns its token. */
  async signIn(): Promise<string> {
    return tokenOf(await this.does('', (life) => life.state.put('user', 'ann')));
  }

  async read(token: string): Promise<unknown> {
    return (await this.request(token)).state.all();
  }
}

async function respond(life: SessionLifecycle): Promise<CookieInstruction> {
  await life.commit();
  return life.cookieInstruction(true);
}

function tokenOf(cookie: CookieInstruction): string {
  if (cookie.kind !== 'set') throw new Error('No cookie was set');
  return cookie.token;
}

type Deed = (life: SessionLifecycle) => unknown;

const put = (life: SessionLifecycle): void => life.state.put('late', 1);
const rotate = (life: SessionLifecycle): void => life.regenerate();
const invalidate = (life: SessionLifecycle): void => {
  life.invalidate();
  life.state.flush();
};
const destroy = (life: SessionLifecycle): Promise<void> => life.destroy();

const ENDINGS: readonly Deed[] = [destroy, invalidate];

const DRIVERS: [string, () => Process][] = [
  ['stealth', () => new Process((clock, keyring) => new StealthDriver(keyring, clock))],
  ['a driver of the application', () => new Process(() => new SlowSealer())],
];

const LEAVING: [string, Deed][] = [
  ['destroyed', destroy],
  ['invalidated', invalidate],
  ['rotated', rotate],
];

describe.each(DRIVERS)('sealed sessions of %s in one process', (_driver, make) => {
  describe.each(LEAVING)('once %s', (_how, leave) => {
    it.each<[string, Deed]>([
      ['writes', put],
      ['is due for a renewal', () => undefined],
      ['is touched', (life) => life.touch()],
      ['is rotated', rotate],
      ['is reloaded and writes', async (life) => (await life.reload(), put(life))],
    ])('are not revived by a slower request that %s', async (_what, deed) => {
      const process = make();
      const token = await process.signIn();
      process.clock.advance(RENEWAL_MS);
      const slower = await process.request(token);
      await process.does(token, leave);
      await deed(slower);
      expect((await respond(slower)).kind).toBe('none');
    });

    it('are not revived by what a slower request has committed before', async () => {
      const process = make();
      const token = await process.signIn();
      const slower = await process.request(token);
      put(slower);
      await slower.commit();
      await process.does(token, leave);
      expect((await respond(slower)).kind).toBe('none');
    });

    it('are empty for a slower request that reloads them', async () => {
      const process = make();
      const token = await process.signIn();
      const slower = await process.request(token);
      await process.does(token, leave);
      await slower.reload();
      expect([slower.state.all(), slower.session.base]).toEqual([{}, null]);
    });

    it('cannot be read with the old token for ten minutes', async () => {
      const process = make();
      const token = await process.signIn();
      await process.does(token, leave);
      expect(await process.read(token)).toEqual({});
      process.clock.advance(REDIRECT_MS);
      expect(await process.read(token)).toEqual({});
      process.clock.advance(FORGOTTEN_MS - REDIRECT_MS - 1);
      expect(await process.read(token)).toEqual({});
    });
  });

  it.each(LEAVING)(
    'are not sent by a request that was sealing them when they were %s',
    async (_how, leave) => {
      const sealer = new SlowSealer();
      const process = new Process(() => sealer);
      for (const deed of [put, rotate]) {
        const token = await process.signIn();
        const slower = await process.request(token);
        const gate = new Deferred();
        sealer.gate = gate.promise;
        sealer.sealing = new Deferred();
        deed(slower);
        const answer = respond(slower);
        await sealer.sealing.promise;
        sealer.gate = Promise.resolve();
        await process.does(token, leave);
        gate.resolve();
        expect((await answer).kind).toBe('none');
      }
    },
  );

  it('end under all their tokens by destroy and invalidate with an old one', async () => {
    for (const end of ENDINGS) {
      for (const arrives of ['before', 'after']) {
        const process = make();
        const token = await process.signIn();
        const early = await process.request(token);
        const second = tokenOf(await process.does(token, rotate));
        const third = tokenOf(await process.does(second, rotate));
        const life = arrives === 'before' ? early : await process.request(token);
        await end(life);
        await respond(life);
        for (const left of [token, second, third]) expect(await process.read(left)).toEqual({});
        expect(process.said).toEqual([]);
      }
    }
  });

  it('end by invalidate also if they are touched after it', async () => {
    const process = make();
    const token = await process.signIn();
    const watching = await process.request(token);
    const { ended } = watching;
    const next = await process.does(token, (life) => (invalidate(life), life.touch()));
    expect(ended.aborted).toBe(true);
    expect(await process.read(tokenOf(next))).toEqual({});
  });

  it('last a whole lifetime under a new id if a passive request touches them', async () => {
    const process = make();
    const token = await process.signIn();
    process.clock.advance(RENEWAL_MS);
    const life = await process.request(token);
    const { expiresAt } = life.session;
    life.session.bePassive();
    rotate(life);
    await life.touch();
    await respond(life);
    expect(life.session.expiresAt).toBe(expiresAt + RENEWAL_MS);
  });

  it('begin anew when something is written after they were ended with an old token', async () => {
    for (const end of ENDINGS) {
      const process = make();
      const token = await process.signIn();
      const moved = tokenOf(await process.does(token, rotate));
      const cookie = await process.does(token, async (life) => {
        await end(life);
        life.state.put('status', 'You are signed out.');
      });
      expect(await process.read(tokenOf(cookie))).toEqual({ status: 'You are signed out.' });
      expect(await process.read(moved)).toEqual({});
    }
  });

  it('expire the cookie once when ended with an old token', async () => {
    const process = make();
    const token = await process.signIn();
    await process.does(token, rotate);
    expect((await process.does(token, invalidate)).kind).toBe('expire');
    expect((await process.does(token, destroy)).kind).toBe('none');
  });

  it('drop what is written with a token that was just left, and log it once', async () => {
    const process = make();
    const token = await process.signIn();
    const moved = tokenOf(await process.does(token, rotate));
    expect((await process.does(token, put)).kind).toBe('none');
    expect(process.said).toHaveLength(1);
    expect(process.said[0]).toContain('dropped');
    expect(await process.read(moved)).toEqual({ user: 'ann' });
    // After half a minute, the token is like any other that names no session.
    process.clock.advance(REDIRECT_MS);
    expect(await process.read(tokenOf(await process.does(token, put)))).toEqual({ late: 1 });
  });

  it('are loaded from a later cookie if the earlier one was left', async () => {
    const process = make();
    const token = await process.signIn();
    const moved = tokenOf(await process.does(token, rotate));
    const life = await process.request(token);
    await life.loads.byToken(moved);
    life.state.put('b', 1);
    expect(await process.read(tokenOf(await respond(life)))).toEqual({ user: 'ann', b: 1 });
  });

  it('end by invalidate even if the new session is too large to be stored', async () => {
    const process = make();
    const token = await process.signIn();
    const life = await process.request(token);
    invalidate(life);
    life.state.put('text', 'x'.repeat(10_000));
    await expect(Promise.resolve(life.commit())).rejects.toThrow('allowed');
    expect(await process.read(token)).toEqual({});
    life.state.put('text', 'short');
    expect(await process.read(tokenOf(await respond(life)))).toEqual({ text: 'short' });
  });

  it('are overwritten by the last response as long as nobody ends them', async () => {
    const process = make();
    const token = await process.signIn();
    const [one, other] = [await process.request(token), await process.request(token)];
    one.state.put('one', 1);
    other.state.put('other', 1);
    expect(await process.read(tokenOf(await respond(one)))).toEqual({ user: 'ann', one: 1 });
    expect(await process.read(tokenOf(await respond(other)))).toEqual({ user: 'ann', other: 1 });
  });
});

describe('sealed sessions of two applications in one process', () => {
  it('are independent of each other', async () => {
    const sealer = new SlowSealer();
    const [one, other] = [new Process(() => sealer), new Process(() => sealer)];
    const token = await one.signIn();
    await one.does(token, destroy);
    expect(await other.read(token)).toEqual({ user: 'ann' });
  });
});
