// The manual of hyper-express-session's Session, from top to bottom, in this package's terms: names in camelCase, and
// string ids.
import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RequestSession } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS, SECRET } from '../support/test-app.js';

const HOUR = 3_600_000;

describe.each(PLATFORMS)('the manual of hyper-express-session on %s', (platform) => {
  let app: HandlerApp;
  const seenByMiddleware: unknown[] = [];

  @Module({})
  class WatchingModule implements NestModule {
    configure(consumer: MiddlewareConsumer) {
      const watch = (req: { session?: unknown }, _res: unknown, next: () => void) => {
        seenByMiddleware.push(req.session);
        next();
      };
      consumer.apply(watch).forRoutes('{*path}');
    }
  }

  beforeAll(async () => {
    app = await HandlerApp.start(platform, { imports: [WatchingModule] });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is request.session, the same for middleware and handler', async () => {
    seenByMiddleware.length = 0;
    const { value: seen } = await app.visitor().handle((session, { req }) => [req.session, session]);
    expect(seen[0]).toBeInstanceOf(RequestSession);
    expect(seen[0]).toHaveProperty('id', Reflect.get(Object(seen[1]), 'id'));
    expect(seenByMiddleware).toHaveLength(1);
    expect(seenByMiddleware[0]).toBe(seen[0]);
  });

  describe('properties', () => {
    it('provides the raw id, and the signed id of the cookie', async () => {
      const { value, asHeaders } = await app.visitor().handle((session) => {
        session.put('a', 1);
        return { id: session.id, signedId: session.signedId };
      });
      expect(value.id).toMatch(/^[\w-]{43}$/);
      expect(value.signedId).not.toBe(value.id);
      expect(asHeaders.cookie).toBe(`session=${value.signedId}`);
    });

    it('is ready in a handler, and stored once there is a record', async () => {
      const visitor = app.visitor();
      expect(await visitor.in((session) => [session.ready, session.stored])).toEqual([true, false]);
      const states = await visitor.in(async (session) => {
        session.put('a', 1);
        const before = session.stored;
        await session.commit();
        return [before, session.stored];
      });
      expect(states).toEqual([false, true]);
      expect(await visitor.in((session) => [session.ready, session.stored])).toEqual([true, true]);
    });

    it('provides its duration in milliseconds, and its expiry', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      const visitor = app.visitor();
      const began = Date.now();
      await visitor.in((session) => session.put('a', 1));
      vi.setSystemTime(began + 30_000);
      expect(await visitor.in((session) => [session.duration, session.expiresAt, session.createdAt])).toEqual(
        [2 * HOUR, began + 2 * HOUR, began],
      );
    });
  });

  it('makes every method chainable that has nothing else to return', async () => {
    const all = await app.visitor().in((session) =>
      session
        .set('a', 1)
        .set({ b: 2, c: 3 })
        .put('list', [1])
        .update<number>('a', (a = 0) => a + 10)
        .push('list', 2)
        .delete('b')
        .forget(['c'])
        .setDuration('1h')
        .permanent({ d: 4 })
        .regenerate()
        .roll()
        .flash('e', 5)
        .now('f', 6)
        .reflash()
        .keep(['e'])
        .flashAll()
        .flashOnly([])
        .flashExcept([])
        .all(),
    );
    expect(all).toEqual({ a: 11, list: [1, 2], d: 4, e: 5, f: 6 });
    expect(
      await app
        .visitor()
        .in((session) => session.put('a', 1).flush().clear().invalidate().reset({ b: 1 }).all()),
    ).toEqual({
      b: 1,
    });
  });

  describe('switching to another session', () => {
    // The manual takes ids from an 'id' event of the engine. Here applications do not make ids: each is 256 random bits
    // (design, Security).
    it('generates an id, and starts a session with it', async () => {
      const visitor = app.visitor();
      const made = await visitor.in(async (session) => {
        const id = await session.generateId();
        await session.setId(id).start();
        session.put('a', 1);
        return [id, session.id, session.fresh];
      });
      expect(made[0]).toMatch(/^[\w-]{43}$/);
      expect(made).toEqual([made[0], made[0], true]);
      expect(await visitor.in((session) => [session.id, session.all()])).toEqual([made[0], { a: 1 }]);
    });

    it('continues the session of a given id', async () => {
      const id = await app.visitor().in((session) => session.put('a', 1).id);
      const visitor = app.visitor();
      await visitor.in((session) => session.put('mine', 1));
      const { value } = await visitor.handle(async (session) => {
        await session.setId(id).start();
        return [session.id, session.all(), session.fresh, session.increment('a')];
      });
      expect(value).toEqual([id, { a: 1 }, false, 2]);
      expect((await app.manager.read(id))?.values).toEqual({ a: 2 });
    });

    // hyper-express-session accepts any id. Here an id that was neither stored nor generated here is not adopted, so
    // that planting ids is useless (design, section 5).
    it('does not adopt an id that has no record', async () => {
      const planted = 'planted'.padEnd(43, 'x');
      const id = await app.visitor().in(async (session) => {
        await session.setId(planted).start();
        return session.put('a', 1).id;
      });
      expect(id).not.toBe(planted);
      expect(await app.manager.read(planted)).toBeNull();
      expect(await app.manager.read(id)).not.toBeNull();
    });

    it('continues the session of a signed id after verifying the signature', async () => {
      const visitor = app.visitor();
      const [id, signedId] = await visitor.in((session) => [session.put('a', 1).id, session.signedId]);
      const read = await app.visitor().in(async (session) => {
        const switched = session.setSignedId(signedId);
        if (switched === false) return null;
        await switched.start();
        return [session.id, session.all()];
      });
      expect(read).toEqual([id, { a: 1 }]);
    });

    it('returns false for an invalid signature, and changes nothing', async () => {
      const visitor = app.visitor();
      const [id, signedId] = await visitor.in((session) => [session.put('a', 1).id, session.signedId]);
      const forged = signedId.slice(0, -4) + (signedId.endsWith('AAAA') ? 'BBBB' : 'AAAA');
      const outcome = await visitor.in((session) => [
        session.setSignedId(forged),
        session.setSignedId(id),
        session.setSignedId(''),
        session.ready,
        session.id,
        session.all(),
      ]);
      expect(outcome).toEqual([false, false, false, true, id, { a: 1 }]);
    });

    it('verifies with a given secret, or with its own by default', async () => {
      const foreign = 'quite another secret of enough letters';
      await using other = await HandlerApp.start(platform, { options: { secret: foreign } });
      const signedElsewhere = await other.visitor().in((session) => session.put('a', 1).signedId);
      const outcome = await app
        .visitor()
        .in((session) => [
          session.setSignedId(signedElsewhere),
          session.setSignedId(signedElsewhere, SECRET),
          session.setSignedId(signedElsewhere, foreign),
        ]);
      expect(outcome.slice(0, 2)).toEqual([false, false]);
      expect(outcome[2]).toBeInstanceOf(RequestSession);
    });

    it('cannot be accessed between setting the id and starting', async () => {
      await app.visitor().in(async (session) => {
        session.setId(await session.generateId());
        expect(session.ready).toBe(false);
        expect(() => session.get('a')).toThrow(/initiate/);
        expect(() => session.put('a', 1)).toThrow(/initiate/);
        await session.start();
        expect(session.get('a')).toBeUndefined();
      });
    });
  });

  it('remembers a custom duration', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const began = Date.now();
    const visitor = app.visitor();
    const first = await visitor.handle((session) => session.setDuration(10 * HOUR).id);
    expect(first.cookies).toEqual([expect.stringContaining(`Max-Age=${10 * 3600};`)]);
    expect(await visitor.in((session) => [session.duration, session.expiresAt, session.all()])).toEqual([
      10 * HOUR,
      began + 10 * HOUR,
      {},
    ]);
    vi.setSystemTime(began + 10 * HOUR - 1);
    const later = await visitor.handle((session) => session.put('a', 1).id);
    expect(later.value).toBe(first.value);
    expect(later.cookies).toEqual([expect.stringContaining(`Max-Age=${10 * 3600};`)]);
    vi.setSystemTime(Date.now() + 10 * HOUR);
    expect(await app.manager.read(first.value)).toBeNull();
  });

  it('is started before the handler runs, and starting it again does not reload it', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put('a', 1));
    const seen = await visitor.in(async (session) => {
      session.put('a', 2);
      await session.start();
      return session.get('a');
    });
    expect(seen).toBe(2);
  });

  // There roll resolves to a boolean; here it returns the session, like all methods with no other result (design,
  // Session).
  it('moves its data to a new id with roll', async () => {
    const visitor = app.visitor();
    const before = await visitor.in((session) => session.put('a', 1).id);
    // oxlint-disable-next-line typescript/await-thenable -- as the manual writes it: awaited, it has to work too
    const after = await visitor.in(async (session) => (await session.roll()).id);
    expect(after).not.toBe(before);
    expect(await visitor.in((session) => [session.id, session.all()])).toEqual([after, { a: 1 }]);
    expect(await app.manager.read(before)).toBeNull();
  });

  describe('touch', () => {
    it('renews the expiry in the store immediately, and nothing else', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      const visitor = app.visitor();
      const id = await visitor.in((session) => session.put('a', 1).id);
      const before = await app.manager.read(id);
      vi.setSystemTime(Date.now() + 1000);
      const inside = await visitor.in(async (session) => {
        await session.touch();
        return app.manager.read(id);
      });
      expect(inside).toEqual({ ...before, expiresAt: Date.now() + 2 * HOUR });
    });

    it('is automatic on each visit, unless automaticTouch is off', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      const began = Date.now();
      await using still = await HandlerApp.start(platform, { options: { automaticTouch: false } });
      const visitors = [app, still].map((each) => ({ each, visitor: each.visitor() }));
      const ids = await Promise.all(
        visitors.map(({ visitor }) => visitor.in((session) => session.put('a', 1).id)),
      );
      vi.setSystemTime(began + HOUR);
      const cookies = await Promise.all(
        visitors.map(
          async ({ visitor }) => (await visitor.handle((session) => session.get('a'))).cookies.length,
        ),
      );
      expect(cookies).toEqual([1, 0]);
      const ends = await Promise.all(visitors.map(({ each }, index) => each.manager.read(ids[index] ?? '')));
      expect(ends.map((record) => record?.expiresAt)).toEqual([began + 3 * HOUR, began + 2 * HOUR]);
    });
  });

  it('destroys the record immediately and expires the cookie', async () => {
    const visitor = app.visitor();
    const id = await visitor.in((session) => session.put('a', 1).id);
    const { value, cookies } = await visitor.handle(async (session) => {
      await session.destroy();
      return app.manager.read(id);
    });
    expect(value).toBeNull();
    expect(cookies).toEqual([expect.stringMatching(/^session=; Max-Age=0; Expires=Thu, 01 Jan 1970/)]);
    expect(await visitor.in((session) => session.all())).toEqual({});
  });

  it('sets one value, or several at once', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.set('id', 'some_id'));
    await visitor.in((session) => session.set({ id: 'other_id', email: 'some_email' }));
    expect(await visitor.in((session) => session.all())).toEqual({ id: 'other_id', email: 'some_email' });
  });

  it('replaces all values with those of an object', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.set({ a: 1, b: 2 }));
    expect(await visitor.in((session) => session.reset({ b: 3 }).all())).toEqual({ b: 3 });
    expect(await visitor.in((session) => session.all())).toEqual({ b: 3 });
  });

  it('gets one value, undefined if it is missing, or all of them', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.set({ email: 'a@example.org', age: 30 }));
    expect(await visitor.in((session) => [session.get('email'), session.get('name'), session.get()])).toEqual(
      ['a@example.org', undefined, { email: 'a@example.org', age: 30 }],
    );
  });

  // dframework's forget() without a key ends the session. Here both hold: delete() empties it, forget() ends it.
  it('deletes one value, or all of them without a name, and keeps its id', async () => {
    const visitor = app.visitor();
    const id = await visitor.in((session) => session.set({ a: 1, b: 2, c: 3 }).id);
    expect(await visitor.in((session) => session.delete('a').all())).toEqual({ b: 2, c: 3 });
    const { value, cookies } = await visitor.handle((session) => session.delete().all());
    expect(value).toEqual({});
    expect(cookies).toEqual([]);
    expect(await visitor.in((session) => [session.id, session.stored, session.all()])).toEqual([
      id,
      true,
      {},
    ]);
  });
});
