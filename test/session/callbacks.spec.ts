import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type RequestSession,
  SessionReadonlyError,
  SessionStoreError,
  SessionValueError,
} from 'nestjs-session-kit';
import { systemClock } from '../../lib/drivers/clock.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

/** A store that fails on demand. */
class FailingDriver extends CustomDriver {
  failing = false;

  override async write(...args: Parameters<CustomDriver['write']>) {
    if (this.failing) throw new Error('The store is away.');
    return super.write(...args);
  }
  override async touch(...args: Parameters<CustomDriver['touch']>) {
    if (this.failing) throw new Error('The store is away.');
    return super.touch(...args);
  }
  // If only this still worked, a session would end whatever else fails.
  override async destroy(...args: Parameters<CustomDriver['destroy']>) {
    if (this.failing) throw new Error('The store is away.');
    return super.destroy(...args);
  }
}

type Operation = 'save' | 'commit' | 'regenerate' | 'roll' | 'destroy' | 'reload' | 'touch';

/** The arguments that an operation passes to its callback: none, or the error. */
function calledBack(session: RequestSession, operation: Operation): Promise<unknown[]> {
  return new Promise((resolve) => {
    void session[operation]((...args: unknown[]) => resolve(args));
  });
}

describe.each(PLATFORMS)('node-style callbacks on %s', (platform) => {
  let app: HandlerApp;
  let driver: FailingDriver;
  beforeAll(async () => {
    driver = new FailingDriver(systemClock);
    app = await HandlerApp.start(platform, {
      options: { driver: 'failing', drivers: { failing: { useFactory: () => driver } } },
    });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  it.each(['save', 'commit', 'regenerate', 'roll', 'destroy', 'reload', 'touch'] as const)(
    'are called without an error by %s when it is done',
    async (operation) => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      const args = await visitor.in((session) => calledBack(session.put('b', 2), operation));
      expect(args).toEqual([]);
    },
  );

  it('are called after the operation is done', async () => {
    const visitor = app.visitor();
    const id = await visitor.in((session) => session.put('a', 1).id);
    const saved = await visitor.in(async (session) => {
      await calledBack(session.put('b', 2), 'save');
      return (await app.manager.read(id))?.values;
    });
    expect(saved).toEqual({ a: 1, b: 2 });
    const reloaded = await visitor.in(async (session) => {
      session.put('a', 'forgotten');
      await calledBack(session, 'reload');
      return session.all();
    });
    expect(reloaded).toEqual({ a: 1, b: 2 });
    const regenerated = await visitor.in(async (session) => {
      await calledBack(session, 'regenerate');
      return { id: session.id, all: session.all() };
    });
    expect(regenerated.id).not.toBe(id);
    expect(regenerated.all).toEqual({ a: 1, b: 2 });
    const destroyed = await visitor.in(async (session) => {
      await calledBack(session, 'destroy');
      return [session.all(), await app.manager.read(regenerated.id)];
    });
    expect(destroyed).toEqual([{}, null]);
  });

  // Passport calls regenerate() from within a callback: an exception there would end the process.
  it.each(['regenerate', 'roll', 'destroy', 'touch'] as const)(
    'are called with the error when %s is refused immediately',
    async (operation) => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      const [error] = await visitor.in(async (session) => {
        await session.setId(session.id).start(true);
        return calledBack(session, operation);
      });
      expect(error).toBeInstanceOf(SessionReadonlyError);
      expect(await visitor.in((session) => session.all())).toEqual({ a: 1 });
    },
  );

  it.each([
    ['save', 200],
    ['touch', 200],
    // A user told that he is signed out must be.
    ['destroy', 503],
  ] as const)(
    'are called with the error when %s fails, and the response status is %i',
    async (operation, status) => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      const args = await visitor.in(
        async (session) => {
          driver.failing = true;
          try {
            return await calledBack(operation === 'save' ? session.put('b', 2) : session, operation);
          } finally {
            driver.failing = false;
          }
        },
        { status },
      );
      expect(args).toEqual([expect.any(SessionStoreError)]);
    },
  );

  it('are called with the error for an unstorable value', async () => {
    const args = await app.visitor().in(async (session) => {
      const outcome = await calledBack(session.put('n', Number.NaN), 'save');
      session.forget('n');
      return outcome;
    });
    expect(args).toEqual([expect.any(SessionValueError)]);
  });

  // @fastify/passport passes regenerate a list of keys; calling it would end the process.
  it.each(['save', 'commit', 'regenerate', 'roll', 'destroy', 'reload', 'touch'] as const)(
    'are not called when %s gets something other than a function',
    async (operation) => {
      const visitor = app.visitor();
      const id = await visitor.in((session) => session.put('a', 1).id);
      const outcomes = await visitor.in((session) =>
        Promise.all(
          [['a'], null, {}].map((given): unknown => Reflect.apply(session[operation], session, [given])),
        ),
      );
      expect(outcomes).toEqual([expect.anything(), expect.anything(), expect.anything()]);
      const isKept = !['regenerate', 'roll', 'destroy'].includes(operation);
      expect(await visitor.in((session) => session.id === id)).toBe(isKept);
    },
  );

  it('may be omitted: a failing save that is not awaited does not end the process, and the response is 503', async () => {
    const unhandled: unknown[] = [];
    const listen = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', listen);
    try {
      driver.failing = true;
      await app.visitor().handle((session) => void session.put('a', 1).save(), { status: 503 });
      // Node reports unhandled rejections once the microtasks have run.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    } finally {
      driver.failing = false;
      process.off('unhandledRejection', listen);
    }
    expect(unhandled).toEqual([]);
  });
});
