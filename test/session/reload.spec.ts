import { systemClock } from '../../lib/drivers/clock.js';
import { describe, expect, it } from 'vitest';
import { CustomDriver } from '../conformance/custom-driver.js';
import { HandlerApp } from '../support/handler-app.js';
import { PAIRS, PLATFORMS, expiresPiece } from '../support/test-app.js';

describe.each(PAIRS)('reload on %s with %s', (platform, driver) => {
  const start = () => HandlerApp.start(platform, { options: { driver } });

  it('discards uncommitted changes, and later ones are added to the stored values', async () => {
    await using app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.put('a', 1));
    const seen = await visitor.in(async (session) => {
      session.put('a', 'forgotten').put('b', 'forgotten');
      await session.reload();
      const { isModified } = session;
      session.put('c', 3);
      return [isModified, session.all()];
    });
    expect(seen).toEqual([false, { a: 1, c: 3 }]);
    expect(await visitor.in((session) => session.all())).toEqual({ a: 1, c: 3 });
  });

  it('reverts an uncommitted regenerate', async () => {
    await using app = await start();
    const visitor = app.visitor();
    const id = await visitor.in((session) => session.put('a', 1).id);
    const seen = await visitor.in(async (session) => {
      await session.regenerate().reload();
      return [session.id, session.fresh, session.all()];
    });
    expect(seen).toEqual([id, false, { a: 1 }]);
    expect(await visitor.in((session) => [session.id, session.all()])).toEqual([id, { a: 1 }]);
  });

  it.each(['begun', 'regenerated'] as const)(
    'still sends the cookie of a session that was %s and committed before it',
    async (how) => {
      await using app = await start();
      const visitor = app.visitor();
      if (how === 'regenerated') await visitor.in((session) => session.put('a', 1));
      const id = await visitor.in(async (session) => {
        if (how === 'regenerated') session.regenerate();
        await session.put('a', 2).commit();
        await session.put('z', 'forgotten').reload();
        return session.id;
      });
      expect(await visitor.in((session) => [session.id, session.all()])).toEqual([id, { a: 2 }]);
    },
  );

  it('still expires the cookie of a session that was destroyed before it', async () => {
    await using app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.put('a', 1));
    const { cookies } = await visitor.handle(async (session) => {
      await session.destroy();
      await session.reload();
    });
    expect(cookies.filter((each) => !expiresPiece(each))).toEqual([
      expect.stringContaining('session=; Max-Age=0'),
    ]);
  });

  it('waits for a commit that was not awaited', async () => {
    await using app = await start();
    const visitor = app.visitor();
    const seen = await visitor.in(async (session) => {
      void session.put('a', 1).save();
      await session.reload();
      return session.all();
    });
    expect(seen).toEqual({ a: 1 });
    expect(await visitor.in((session) => session.all())).toEqual({ a: 1 });
  });

  it('keeps old flash messages for this request and committed new ones for the next', async () => {
    await using app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.flash('old', 1));
    const seen = await visitor.in(async (session) => {
      await session.flash('new', 2).commit();
      await session.flash('lost', 3).reload();
      return [session.all(), session.flashMessages.all()];
    });
    expect(seen).toEqual([{ old: 1, new: 2 }, { old: 1 }]);
    expect(await visitor.in((session) => session.flashMessages.all())).toEqual({ new: 2 });
    expect(await visitor.in((session) => session.flashMessages.all())).toEqual({});
  });
});

describe.each(PLATFORMS)('reload during other requests on %s', (platform) => {
  it('does not revive a session that another request ended', async () => {
    await using app = await HandlerApp.start(platform);
    const visitor = app.visitor();
    const { asHeaders: headers } = await visitor.handle((session) => session.put('a', 1));
    const { value, cookies } = await visitor.handle(async (session) => {
      await app.visitor().in((other) => other.destroy(), { headers });
      await session.reload();
      return session.put('b', 2).stored;
    });
    expect([value, cookies]).toEqual([false, []]);
  });

  it('follows a session that another request moved, and leaves the cookie to that request', async () => {
    await using app = await HandlerApp.start(platform);
    const visitor = app.visitor();
    const { asHeaders: headers } = await visitor.handle((session) => session.put('a', 1));
    const { value, cookies } = await visitor.handle(async (session) => {
      const moved = await app.visitor().in((other) => other.put('b', 2).regenerate().id, { headers });
      await session.reload();
      return [session.id === moved, session.all(), session.increment('a')];
    });
    expect([value, cookies]).toEqual([[true, { a: 1, b: 2 }, 2], []]);
  });

  it('fails if the store fails, and leaves the session as it was', async () => {
    const driver = new CustomDriver(systemClock);
    const read = driver.read.bind(driver);
    await using app = await HandlerApp.start(platform, {
      options: { driver: 'own', drivers: { own: { useFactory: () => driver } } },
    });
    const visitor = app.visitor();
    await visitor.in((session) => session.put('a', 1));
    const seen = await visitor.in(async (session) => {
      session.put('b', 2);
      driver.read = () => Promise.reject(new Error('down'));
      try {
        await expect(session.reload()).rejects.toThrow(/store/);
      } finally {
        driver.read = read;
      }
      return session.all();
    });
    expect(seen).toEqual({ a: 1, b: 2 });
    expect(await visitor.in((session) => session.all())).toEqual({ a: 1, b: 2 });
  });
});
