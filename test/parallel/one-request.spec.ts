import { setImmediate as settled } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { TurnQueue } from '../../lib/lifecycle/records/turn-queue.js';
import { SessionStoreError } from '../../lib/session.errors.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { Deferred } from './support/deferred.js';
import { LedgerWorld } from './support/ledger-world.js';
import type { DriverCall } from './support/watched-driver.js';
import { LIFETIMES, World } from './support/world.js';

function makeWorld(): World {
  return new World((clock) => new CustomDriver(clock));
}

/** Holds the next call of a method until `open` is called; `reached` resolves when it arrives. */
function hold(world: World, method: DriverCall['method']): { reached: Promise<void>; open: () => void } {
  const reached = new Deferred();
  const gate = new Deferred();
  world.driver.before = async (call) => {
    if (call.method !== method) return;
    world.driver.before = () => undefined;
    reached.resolve();
    await gate.promise;
  };
  return { reached: reached.promise, open: () => gate.resolve() };
}

describe('one request that does several things concurrently', () => {
  it('removes what a pending commit has just stored when the session is destroyed meanwhile', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const { session, ...request } = await world.process().request(id);
    session.put('a', 2);
    const write = hold(world, 'write');
    const saving = session.save();
    await write.reached;
    const destroying = session.destroy();
    write.open();
    await Promise.all([saving, destroying]);
    expect(await world.living()).toEqual([]);
    expect(request.tokens).toHaveLength(1);
  });

  it('removes a session that was first stored while it was being destroyed', async () => {
    const world = makeWorld();
    const request = await world.process().request(null);
    request.session.put('a', 1);
    const write = hold(world, 'write');
    const saving = request.session.save();
    await write.reached;
    const destroying = request.session.destroy();
    write.open();
    await Promise.all([saving, destroying]);
    expect(await world.living()).toEqual([]);
    expect((await request.respond()).cookie.kind).toBe('none');
  });

  it('removes a session that was destroyed while the sessions of its user were counted', async () => {
    const world = new World((clock) => new MemoryDriver({}, clock), {
      sessionsPerUser: { max: 1, when: 'refuse', turns: new TurnQueue(Infinity) },
    });
    const request = await world.process().request(null);
    request.session.signIn('ann');
    const counting = new Deferred();
    const gate = new Deferred();
    world.driver.beforeListing = async () => {
      counting.resolve();
      await gate.promise;
    };
    const saving = request.session.save();
    await counting.promise;
    const destroying = request.session.destroy();
    gate.resolve();
    await Promise.all([saving, destroying]);
    expect(await world.living()).toEqual([]);
    expect((await request.respond()).cookie.kind).toBe('none');
  });

  it('removes the new record when the session is destroyed while it is moving there', async () => {
    for (const held of [1, 2]) {
      const world = makeWorld();
      const id = await world.seed((session) => session.put('a', 1));
      const request = await world.process().request(id);
      request.session.regenerate();
      const reached = new Deferred();
      const gate = new Deferred();
      let writes = 0;
      world.driver.before = async ({ method }) => {
        if (method !== 'write' || (writes += 1) !== held) return;
        reached.resolve();
        await gate.promise;
      };
      const saving = request.session.save();
      await reached.promise;
      const destroying = request.session.destroy();
      gate.resolve();
      await Promise.all([saving, destroying]);
      expect(await world.living()).toEqual([]);
      expect((await request.respond()).cookie.kind).toBe('expire');
    }
  });

  it('says nothing about the cookie of a session that another request ended while it was being destroyed', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    const other = await world.process().request(id);
    request.session.put('a', 2);
    const write = hold(world, 'write');
    const saving = request.session.save();
    await write.reached;
    await other.session.destroy();
    const destroying = request.session.destroy();
    write.open();
    await Promise.all([saving, destroying]);
    expect(await world.living()).toEqual([]);
    expect((await request.respond()).cookie.kind).toBe('none');
  });

  it('says nothing about the cookie of a session that another request ended before it signed out', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    const other = await world.process().request(id);
    await other.session.destroy();
    await request.session.put('b', 1).save();
    request.session.signOut();
    expect((await request.respond()).cookie).toEqual({ kind: 'none' });
  });

  it('stores a new session that was emptied while an earlier one was being removed', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    const removal = hold(world, 'destroy');
    const destroying = request.session.destroy();
    await removal.reached;
    request.session.put('b', 1).invalidate();
    removal.open();
    await destroying;
    const { cookieId } = await request.respond();
    expect(cookieId).toBe(request.session.id);
    expect(await world.living()).toEqual([cookieId]);
  });

  it('leaves nothing of a session that is destroyed while a commit ends it and begins the next', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    request.session.invalidate().put('b', 1);
    const removal = hold(world, 'destroy');
    const saving = request.session.save();
    await removal.reached;
    const destroying = request.session.destroy();
    removal.open();
    await Promise.all([saving, destroying]);
    expect(await world.living()).toEqual([]);
    expect((await request.respond()).cookie.kind).toBe('expire');
  });

  it('destroys the session it switched to, not the previous one', async () => {
    const world = makeWorld();
    const first = await world.seed((session) => session.put('a', 1));
    const second = await world.seed((session) => session.put('b', 1));
    const { session } = await world.process().request(first);
    session.put('a', 2);
    await session.save();
    session.setId(second);
    await session.start();
    session.put('b', 2);
    const write = hold(world, 'write');
    const saving = session.save();
    await write.reached;
    world.driver.after = ({ method }) => {
      world.driver.after = () => undefined;
      if (method === 'write') throw new Error('lost');
    };
    const destroying = session.destroy();
    write.open();
    await Promise.allSettled([saving, destroying]);
    expect(await world.living()).toEqual([first]);
  });

  it('stores a change in the session it was made in, also if it switches to another one while the store is slow', async () => {
    const world = makeWorld();
    const first = await world.seed((session) => session.put('a', 1));
    const second = await world.seed((session) => session.put('b', 1));
    const { session } = await world.process().request(first);
    session.put('mine', 1);
    const other = await world.process().request(first);
    other.session.put('other', 1);
    await other.respond();
    // The write is refused because the other request was first. The request switches while the newest record is read.
    const reading = hold(world, 'read');
    const saving = session.save();
    await reading.reached;
    world.driver.before = () => undefined;
    session.setId(second);
    await session.start();
    reading.open();
    await saving;
    session.put('c', 1);
    await session.save();
    expect((await world.find(second))?.d).toEqual({ b: 1, c: 1 });
    expect((await world.find(first))?.d).toEqual({ a: 1, other: 1, mine: 1 });
  });

  it('stores what a commit was called for before it switched to another session, whatever that commit waits for', async () => {
    const world = makeWorld();
    const first = await world.seed((session) => session.put('a', 1));
    const second = await world.seed((session) => session.put('b', 1));
    for (const waitsFor of ['touch', 'write'] as const) {
      const { session } = await world.process().request(first);
      const held = hold(world, waitsFor);
      const before = waitsFor === 'touch' ? session.touch() : session.put('before', 1).save();
      await held.reached;
      const saving = session.put(`after ${waitsFor}`, 1).save();
      session.setId(second);
      held.open();
      await Promise.all([before, saving]);
      expect((await world.find(first))?.d).toHaveProperty(`after ${waitsFor}`, 1);
      await session.start();
      expect(session.all()).toEqual({ b: 1 });
    }
  });

  it('stores what a commit was called for before a switch that comes too late for a cookie', async () => {
    const world = makeWorld();
    const first = await world.seed((session) => session.put('a', 1));
    const second = await world.seed((session) => session.put('b', 1));
    const { session, hosted } = await world.process().request(first);
    const write = hold(world, 'write');
    const saving = session.put('c', 1).save();
    await write.reached;
    const next = session.put('d', 1).save();
    session.setId(second);
    hosted.giveUpTooLate();
    write.open();
    await Promise.all([saving, next]);
    expect((await world.find(first))?.d).toEqual({ a: 1, c: 1, d: 1 });
  });

  it('ends the session it has invalidated, if a commit was called before it switched to another one', async () => {
    const world = makeWorld();
    const first = await world.seed((session) => session.put('a', 1));
    const second = await world.seed((session) => session.put('b', 1));
    const { session } = await world.process().request(first);
    const touch = hold(world, 'touch');
    const touching = session.touch();
    await touch.reached;
    const saving = session.invalidate().save();
    session.setId(second);
    touch.open();
    await Promise.all([touching, saving]);
    expect(await world.find(first)).toBeNull();
    expect((await world.find(second))?.d).toEqual({ b: 1 });
  });

  it('reports that what it left by switching to another session could not be stored, and does not store it later', async () => {
    const world = makeWorld();
    const first = await world.seed((session) => session.put('a', 1));
    const second = await world.seed((session) => session.put('b', 1));
    const request = await world.process().request(first);
    const touch = hold(world, 'touch');
    const touching = request.session.touch();
    await touch.reached;
    const saving = request.session.put('c', 1).save();
    request.session.setId(second);
    world.driver.before = ({ method }) => {
      if (method === 'write') throw new Error('The store is down');
    };
    touch.open();
    await touching;
    await expect(saving).rejects.toThrow(SessionStoreError);
    world.driver.before = () => undefined;
    await request.session.start();
    expect((await request.respond()).cookieId).toBe(second);
    expect((await world.find(first))?.d).toEqual({ a: 1 });
  });

  it('signs the visitor out while a reload is under way that it did not await', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    const read = hold(world, 'read');
    const reloading = request.session.reload();
    await read.reached;
    request.session.signOut();
    read.open();
    const { cookieId } = await request.respond();
    await reloading;
    expect(await world.find(id)).toBeNull();
    expect(await world.living()).toEqual([cookieId]);
    expect(request.session.isEmpty).toBe(true);
  });

  it.each(['regenerate', 'signIn', 'put'] as const)(
    'keeps what it changes while a reload is under way that it did not await: %s',
    async (change) => {
      const world = makeWorld();
      const id = await world.seed((session) => session.put('a', 1));
      const request = await world.process().request(id);
      const read = hold(world, 'read');
      const reloading = request.session.reload();
      await read.reached;
      if (change === 'signIn') request.session.signIn('ann');
      else if (change === 'regenerate') request.session.regenerate();
      else request.session.put('b', 2);
      read.open();
      await reloading;
      const { error, cookieId } = await request.respond();
      expect(error).toBeNull();
      const left = (await world.find(id))?.d ?? null;
      if (change === 'put') return expect(left).toEqual({ a: 1, b: 2 });
      expect([left, cookieId === id]).toEqual([null, false]);
      expect((await world.find(cookieId ?? ''))?.d).toEqual({
        a: 1,
        ...(change === 'signIn' && { userId: 'ann' }),
      });
    },
  );

  it('stores what it committed before a reload, although it awaited nothing', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const { session } = await world.process().request(id);
    const saved = [session.put('b', 2).save(), session.put('c', 3).save()];
    const reloading = session.put('d', 4).reload();
    await Promise.all([...saved, reloading]);
    expect((await world.find(id))?.d).toMatchObject({ a: 1, b: 2, c: 3 });
  });

  it('stores what it changes while a reload is under way that fails, even if failures are tolerated', async () => {
    const world = new World((clock) => new CustomDriver(clock), { degrade: true });
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    const reached = new Deferred();
    const gate = new Deferred();
    world.driver.before = async () => {
      world.driver.before = () => undefined;
      reached.resolve();
      await gate.promise;
      throw new Error('The store is down');
    };
    const reloading = request.session.reload();
    await reached.promise;
    request.session.put('b', 2);
    gate.resolve();
    await reloading;
    expect((await request.respond()).error).toBeNull();
    expect((await world.find(id))?.d).toEqual({ a: 1, b: 2 });
  });

  it('reloads the session although it is touched meanwhile', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const { session } = await world.process().request(id);
    const other = await world.process().request(id);
    other.session.put('a', 2);
    await other.respond();
    const reloading = session.put('b', 2).reload();
    const touching = session.touch();
    await Promise.all([reloading, touching]);
    expect(session.all()).toEqual({ a: 2 });
  });

  it('discards what it changed before a reload, if it ends in the same moment', async () => {
    for (const saves of [0, 1]) {
      const world = makeWorld();
      const id = await world.seed((session) => session.put('a', 1));
      const request = await world.process().request(id);
      const { session } = request;
      const write = hold(world, 'write');
      const saved = Array.from({ length: saves }, (_, save) => session.put('saved', save).save());
      if (saves === 0) write.open();
      else await write.reached;
      const reloading = session.put('b', 2).reload();
      const responding = request.respond();
      write.open();
      await Promise.all([...saved, reloading, responding]);
      expect((await world.find(id))?.d).toEqual({ a: 1, ...(saves > 0 && { saved: 0 }) });
    }
  });

  it('signs the visitor out of a cookie that another request moves while a touch is under way', async () => {
    const world = new LedgerWorld((clock) => new CustomDriver(clock));
    const first = await world.process().request(null);
    first.session.put('a', 1);
    const { cookie } = await first.respond();
    if (cookie.kind !== 'set') throw new Error('No cookie was set');
    const id = cookie.token;
    const process = world.process();
    const [request, other] = [await process.request(id), await process.request(id)];
    const read = hold(world, 'read');
    const touching = request.session.touch();
    await read.reached;
    const moved = await other.session
      .regenerate()
      .commit()
      .then(() => other.respond());
    request.session.signOut();
    read.open();
    await touching;
    expect((await request.respond()).error).toBeNull();
    if (moved.cookie.kind !== 'set') throw new Error('No cookie was set');
    expect((await process.request(moved.cookie.token)).session.stored).toBe(false);
  });

  it('keeps the session if it is reloaded after it was invalidated, and before that was stored', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    await request.session.invalidate().reload();
    expect((await request.respond()).cookie.kind).toBe('none');
    expect((await world.find(id))?.d).toEqual({ a: 1 });
  });

  it('leaves no record under an id that it abandoned while moving there', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const { session } = await world.process().request(id);
    const other = await world.process().request(id);
    other.session.put('other', 1);
    await other.respond();
    session.regenerate();
    const reading = hold(world, 'read');
    const saving = session.save();
    await reading.reached;
    session.regenerate();
    reading.open();
    await saving;
    expect(await world.living()).toEqual([session.id]);
    expect((await world.find(session.id))?.d).toEqual({ a: 1, other: 1 });
  });

  it('stores what it changes while a commit is pending', async () => {
    const world = makeWorld();
    const request = await world.process().request(await world.seed((session) => session.put('list', [])));
    const { session } = request;
    session.push('list', 1).increment('count');
    const list = session.get<number[]>('list', []);
    const write = hold(world, 'write');
    const saving = session.save();
    await write.reached;
    session.push('list', 2).increment('count');
    list.push(3);
    session.flash('status', 'done');
    write.open();
    await saving;
    await request.respond();
    const stored = await world.find(session.id);
    expect(stored?.d).toEqual({ list: [1, 2, 3], count: 2 });
    expect(stored?.f?.map(([, messages]) => messages)).toEqual([{ status: 'done' }]);
  });

  it('reports a failed destroy to the caller that awaits it, and removes the session on the second try', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    let failing = true;
    world.driver.before = () => {
      if (failing) throw new Error('away');
    };
    await expect(request.session.destroy()).rejects.toThrow('failed');
    expect(await world.living()).toEqual([id]);
    failing = false;
    await request.session.destroy();
    expect(await world.living()).toEqual([]);
    expect((await request.respond()).cookie.kind).toBe('expire');
  });

  it('answers 503 after a failed destroy that was not awaited', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    world.driver.before = () => {
      throw new Error('away');
    };
    void request.session.destroy();
    await settled();
    const answer = await request.respond();
    expect(answer.status).toBe(503);
    expect(answer.cookie.kind).toBe('none');
  });
});

describe('the manager', () => {
  it('ends a session by an id that it has moved away from', async () => {
    const world = makeWorld();
    const old = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(old);
    for (const _ of ['once', 'twice']) {
      request.session.regenerate();
      await request.respond();
    }
    expect(await world.living()).toHaveLength(1);
    await world.process().backend.remover.end(old, 0);
    expect(await world.living()).toEqual([]);
  });

  it('can end a moved session after an attempt that failed halfway', async () => {
    for (let broken = 0; ; broken += 1) {
      const world = makeWorld();
      const old = await world.seed((session) => session.put('a', 1));
      const request = await world.process().request(old);
      request.session.regenerate();
      await request.respond();
      const { remover } = world.process().backend;
      let calls = 0;
      world.driver.before = () => {
        if (calls++ === broken) throw new Error('away');
      };
      await remover.end(old, 0).catch(() => undefined);
      world.driver.before = () => undefined;
      await remover.end(old, 0);
      expect(await world.living(), `after a failure of call ${broken}`).toEqual([]);
      if (calls <= broken) break;
    }
  });
});

describe('an expiry', () => {
  it('during a slow request is final, and no cookie is sent', async () => {
    for (const change of ['put', 'regenerate', 'touch', 'nothing'] as const) {
      const world = makeWorld();
      const id = await world.seed((session) => session.put('a', 1));
      world.clock.advance(LIFETIMES.age - 1);
      const request = await world.process().request(id);
      expect(request.session.get('a')).toBe(1);
      world.clock.advance(1);
      if (change === 'put') request.session.put('b', 1);
      if (change === 'regenerate') request.session.regenerate().put('b', 1);
      if (change === 'touch') await request.session.touch();
      const answer = await request.respond();
      expect(answer.status).toBe(200);
      expect(answer.cookie.kind).toBe('none');
      expect(await world.living()).toEqual([]);
    }
  });
});
