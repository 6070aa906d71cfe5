import { Controller, Delete, Get, type LoggerService } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import {
  Session,
  SessionManager,
  type SessionModuleOptions,
  SessionReadonlyError,
  SessionStoreError,
} from 'nestjs-session-kit';
import { HandlerApp, type Visitor } from '../support/handler-app.js';
import { ScriptedDriver, type StoreMood } from '../support/scripted-driver.js';
import { PLATFORMS, setCookies } from '../support/test-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';

/**
 * Most tests wait for this time. A healthy driver answers before any timer runs, so that no test can miss it. That the
 * timeout holds to the millisecond is tested with a stopped clock (test/drivers/guard/store-guard.spec.ts).
 */
const STORE_TIMEOUT_MS = 50;

refuseUnhandledRejections();

/** The log that the operator reads. */
class Journal implements LoggerService {
  readonly lines: string[] = [];
  log = (message: unknown) => this.lines.push(`log: ${String(message)}`);
  warn = (message: unknown) => this.lines.push(`warn: ${String(message)}`);
  error = (message: unknown) => this.lines.push(`error: ${String(message)}`);
}

interface Scene extends AsyncDisposable {
  readonly app: HandlerApp;
  readonly driver: ScriptedDriver;
  readonly journal: Journal;
  /** Has a session already, with { name: 'Ada' } in it. */
  readonly visitor: Visitor;
}

@Controller()
class FacadeController {
  @Get('facade')
  write(): object {
    Session.put('a', 1);
    return {};
  }

  @Get('facade/commit')
  async commit(): Promise<void> {
    await Session.put('a', 1).commit();
  }
}

/** Passes on whatever the store does to Nest's exception filter. */
@Controller('managed')
class ManagedController {
  constructor(private readonly sessions: SessionManager) {}

  @Get()
  read(): Promise<unknown> {
    return this.sessions.read('some id');
  }

  @Delete()
  destroy(): Promise<unknown> {
    return this.sessions.destroy('some id');
  }
}

describe.each(PLATFORMS)('an application on %s whose store is in trouble', (platform) => {
  async function begin(options: Partial<SessionModuleOptions> = {}): Promise<Scene> {
    const driver = new ScriptedDriver();
    const journal = new Journal();
    const app = await HandlerApp.start(platform, {
      controllers: [FacadeController, ManagedController],
      options: {
        driver: 'scripted',
        drivers: { scripted: { useFactory: () => driver } },
        storeTimeout: STORE_TIMEOUT_MS,
        ...options,
      },
      configure: (application) => application.useLogger(journal),
    });
    const visitor = app.visitor();
    await visitor.in((session) => session.put('name', 'Ada'));
    driver.calls.length = 0;
    journal.lines.length = 0;
    return { app, driver, journal, visitor, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  }

  const read = (visitor: Visitor) => visitor.in((session) => session.get('name'));

  describe.each<[string, StoreMood]>([
    ['fails', 'failing'],
    ['hangs', 'hanging'],
  ])('because it %s', (_, mood) => {
    it('answers a visitor with a session 503, and leaves the cookie as it is', async () => {
      await using scene = await begin();
      const { driver, visitor } = scene;
      driver.mood = mood;
      const { response } = await visitor.handle(() => 'not reached', { status: 503 });
      expect(response.body).toEqual({ statusCode: 503, message: 'Service Unavailable' });
      expect(setCookies(response)).toEqual([]);
      expect(response.text).not.toContain(driver.secretMessage);
      driver.mood = 'well';
      expect(await read(visitor)).toBe('Ada');
    });

    it.each(['reject', 'degrade'] as const)(
      'calls the store once for a visitor with several cookies of the name (%s)',
      async (whenStoreFails) => {
        await using scene = await begin({ whenStoreFails });
        const { app, driver } = scene;
        const open = () => app.visitor().handle((session) => session.put('a', 1));
        const [first, second] = [await open(), await open()];
        driver.mood = mood;
        driver.calls.length = 0;
        const cookie = `${first.asHeaders.cookie}; ${second.asHeaders.cookie}`;
        const status = whenStoreFails === 'degrade' ? 200 : 503;
        await app.visitor().handle(() => null, { headers: { cookie }, status });
        expect(driver.calls).toEqual(['read']);
      },
    );

    it('answers a visitor without a session as if nothing had happened', async () => {
      await using scene = await begin();
      const { app, driver } = scene;
      driver.mood = mood;
      const { value, cookies } = await app.visitor().handle((session) => session.get('name', 'nobody'));
      expect(value).toBe('nobody');
      expect(cookies).toEqual([]);
      expect(driver.calls).toEqual([]);
    });

    it.each(['reject', 'degrade'] as const)(
      'answers 503 if a new session cannot be stored, and sends no cookie (%s)',
      async (whenStoreFails) => {
        await using scene = await begin({ whenStoreFails });
        const { app, driver } = scene;
        driver.mood = mood;
        const visitor = app.visitor();
        const { response } = await visitor.handle((session) => session.put('a', 1), { status: 503 });
        expect(setCookies(response)).toEqual([]);
        driver.mood = 'well';
        expect(await visitor.in((session) => session.all())).toEqual({});
      },
    );

    it.each(['reject', 'degrade'] as const)(
      'answers 503 if a loaded session cannot be stored, and keeps it as it was (%s)',
      async (whenStoreFails) => {
        await using scene = await begin({ whenStoreFails });
        const { driver, visitor } = scene;
        driver.moods = { write: mood };
        for (const change of ['put', 'regenerate'] as const) {
          const { response } = await visitor.handle(
            (session) => (change === 'put' ? session.put('name', 'Bob') : session[change]()),
            { status: 503 },
          );
          expect(setCookies(response), change).toEqual([]);
        }
        driver.moods = {};
        expect(await read(visitor)).toBe('Ada');
      },
    );

    it('answers 503 if the session after an invalidate cannot be stored; the previous one has ended if possible', async () => {
      await using scene = await begin();
      const { driver, visitor } = scene;
      driver.moods = { write: mood };
      const { response } = await visitor.handle((session) => void session.invalidate(), { status: 503 });
      expect(setCookies(response)).toEqual([]);
      driver.moods = {};
      // If the first write gets no answer, the request has no time left for another way.
      expect(await read(visitor)).toBe(mood === 'failing' ? undefined : 'Ada');
    });

    it('continues with an empty read-only session if it is to degrade, and leaves the cookie as it is', async () => {
      await using scene = await begin({ whenStoreFails: 'degrade' });
      const { driver, visitor } = scene;
      driver.mood = mood;
      const { value, cookies } = await visitor.handle((session) => {
        expect(() => session.put('a', 1)).toThrow(SessionReadonlyError);
        expect(() => session.regenerate()).toThrow(SessionReadonlyError);
        expect(() => session.destroy()).toThrow(SessionReadonlyError);
        return { all: session.all(), readonly: session.readonly, initiated: session.initiated };
      });
      expect(value).toEqual({ all: {}, readonly: true, initiated: true });
      expect(cookies).toEqual([]);
      driver.mood = 'well';
      expect(await read(visitor)).toBe('Ada');
    });

    it('answers 503 if an empty read-only session is written, and the error says why', async () => {
      await using scene = await begin({ whenStoreFails: 'degrade' });
      const { driver, visitor } = scene;
      driver.mood = mood;
      const writing = visitor.in((session) => session.put('a', 1));
      await expect(writing).rejects.toThrow(SessionReadonlyError);
      await expect(writing).rejects.toThrow("The session's store failed");
      const { response } = await visitor.handle(
        (session) => session.initiate(true).then(() => session.put('a', 1)),
        {
          status: 503,
        },
      );
      expect(setCookies(response)).toEqual([]);
      await visitor.agent.get('/facade').expect(503);
      driver.mood = 'well';
      expect(await read(visitor)).toBe('Ada');
      const own = await visitor.handle((session) => session.initiate(true).then(() => session.put('a', 1)), {
        status: 500,
      });
      expect(own.response.status).toBe(500);
    });

    it('logs the failure once, the recovery once, and nothing secret', async () => {
      await using scene = await begin();
      const { driver, journal, visitor } = scene;
      driver.mood = mood;
      await Promise.all([1, 2, 3].map(() => visitor.handle(() => null, { status: 503 })));
      await visitor.handle(() => null, { status: 503 });
      expect(journal.lines).toHaveLength(1);
      expect(journal.lines[0]).toMatch(/^error: The session store "scripted" (failed|did not answer)/);
      driver.mood = 'well';
      await Promise.all([1, 2, 3].map(() => read(visitor)));
      expect(journal.lines.slice(1)).toEqual(['warn: The session store "scripted" is back.']);
      expect(journal.lines.join()).not.toContain(driver.secretMessage);
    });

    it('logs the failure once even if it can be read but not written', async () => {
      await using scene = await begin();
      const { driver, journal, visitor } = scene;
      driver.moods = { write: mood };
      for (let times = 0; times < 3; times += 1) {
        await read(visitor);
        await visitor.handle((session) => session.put('a', 1), { status: 503 });
      }
      expect(journal.lines).toHaveLength(1);
      driver.moods = {};
      await visitor.in((session) => session.put('a', 1));
      await read(visitor);
      expect(journal.lines).toHaveLength(2);
    });

    it('logs the failure once even if handlers commit themselves', async () => {
      await using scene = await begin();
      const { driver, journal, visitor } = scene;
      driver.moods = { write: mood };
      for (let times = 0; times < 3; times += 1)
        await visitor.handle((session) => session.put('a', 1).commit(), { status: 503 });
      expect(journal.lines).toEqual([expect.stringContaining('Said once')]);
    });

    it('logs the failure once even if its errors reach the exception filter of Nest', async () => {
      await using scene = await begin();
      const { app, driver, journal } = scene;
      driver.mood = mood;
      for (let times = 0; times < 3; times += 1) {
        const { agent } = app.visitor();
        await agent.get('/facade/commit').expect(503);
        await agent.get('/managed').expect(503);
        await agent.delete('/managed').expect(503);
      }
      expect(journal.lines).toEqual([expect.stringContaining('Said once')]);
    });

    it('logs the failure once even if an empty read-only session is written', async () => {
      await using scene = await begin({ whenStoreFails: 'degrade' });
      const { driver, journal, visitor } = scene;
      driver.mood = mood;
      for (let times = 0; times < 3; times += 1) {
        await visitor.handle((session) => session.put('a', 1), { status: 503 });
        await visitor.agent.get('/facade').expect(503);
      }
      expect(journal.lines).toEqual([expect.stringContaining('Said once')]);
    });

    it('reports a failed save to the handler, which may try again', async () => {
      await using scene = await begin();
      const { driver, visitor } = scene;
      driver.moods = { write: mood };
      await visitor.in(async (session) => {
        session.increment('count');
        await expect(session.save()).rejects.toBeInstanceOf(SessionStoreError);
        driver.moods = {};
      });
      expect(await visitor.in((session) => session.get('count'))).toBe(1);
    });

    it('does not treat a failed save that the handler ignored as a success', async () => {
      await using scene = await begin();
      const { driver, visitor } = scene;
      driver.moods = { write: mood };
      await visitor.handle(
        (session) => {
          void session.put('a', 1).save();
          void session.increment('count');
        },
        { status: 503 },
      );
      driver.moods = {};
      expect(await visitor.in((session) => session.all())).toEqual({ name: 'Ada' });
    });

    it('answers 503 if a session cannot be destroyed, and leaves the cookie as it is', async () => {
      await using scene = await begin();
      const { driver, visitor } = scene;
      driver.moods = { write: mood, destroy: mood };
      const { response } = await visitor.handle((session) => void session.destroy(), { status: 503 });
      expect(setCookies(response)).toEqual([]);
      driver.moods = {};
      expect(await read(visitor)).toBe('Ada');
    });
  });

  it('answers many parallel writes 503 without a timeout for each of them in turn', async () => {
    await using scene = await begin();
    const { driver, visitor } = scene;
    driver.moods = { write: 'hanging' };
    await Promise.all(
      Array.from({ length: 20 }, () =>
        visitor.handle((session) => session.increment('count'), { status: 503 }),
      ),
    );
    // Each attempted write takes a timeout: most fail with the write that they wait for.
    expect(driver.calls.filter((call) => call === 'write').length).toBeLessThan(20);
    driver.moods = {};
    expect(await read(visitor)).toBe('Ada');
  });

  it('rarely calls a store that hangs after the first timeouts, until a call succeeds', async () => {
    await using scene = await begin();
    const { app, driver, visitor } = scene;
    const others = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const other = app.visitor();
        await other.in((session) => session.put('name', 'Bob'));
        return other;
      }),
    );
    driver.mood = 'hanging';
    driver.calls.length = 0;
    await Promise.all(others.slice(0, 3).map((other) => other.handle(() => null, { status: 503 })));
    expect(driver.calls).toEqual(['read', 'read', 'read']);
    // A hundred requests read and a hundred write.
    for (let times = 0; times < 5; times += 1) {
      await Promise.all(others.map((other) => other.handle(() => null, { status: 503 })));
      await Promise.all(
        others.map(() => app.visitor().handle((session) => session.put('a', 1), { status: 503 })),
      );
    }
    const counted = (method: string) => driver.calls.filter((call) => call === method).length;
    expect(counted('read')).toBeLessThan(20);
    // Writes of the first round time out, as the reads did; of each further round, at most a few are let through.
    expect(counted('write')).toBeLessThan(20 + 20);
    driver.mood = 'well';
    await vi.waitFor(async () => expect(await read(visitor)).toBe('Ada'), 500_000);
    expect(await Promise.all(others.map((other) => read(other)))).toEqual(others.map(() => 'Bob'));
  });

  it('answers as usual if the store is slow, but not too slow', async () => {
    await using scene = await begin({ storeTimeout: 150 });
    const { driver, journal, visitor } = scene;
    driver.mood = { slowMs: 30 };
    await Promise.all(Array.from({ length: 5 }, () => visitor.in((session) => session.increment('count'))));
    expect(await visitor.in((session) => session.get('count'))).toBe(5);
    expect(journal.lines).toEqual([]);
  });

  it('gives a slow store its time if that is longer than any timer of Node', async () => {
    await using scene = await begin({ storeTimeout: '1 year', gc: '1 year' });
    scene.driver.mood = { slowMs: 20 };
    await scene.visitor.in((session) => session.put('slow', true));
    expect(await scene.visitor.in((session) => session.get('slow'))).toBe(true);
  });

  it('works again with the first request after the store is back', async () => {
    await using scene = await begin();
    const { driver, visitor } = scene;
    for (const mood of ['failing', 'hanging'] as const) {
      driver.mood = mood;
      await Promise.all(Array.from({ length: 10 }, () => visitor.handle(() => null, { status: 503 })));
      driver.mood = 'well';
      expect(await visitor.in((session) => session.increment('count'))).toBe(mood === 'failing' ? 1 : 2);
    }
  });

  it.each(['reject', 'degrade'] as const)(
    'leaves the cookie as it is if only a renewal fails (%s)',
    async (whenStoreFails) => {
      await using scene = await begin({ age: '1h', touchEvery: '1s', whenStoreFails });
      const { driver, visitor } = scene;
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
      try {
        driver.moods = { touch: 'failing' };
        // No application data is lost with a renewal, so `degrade` continues.
        const status = whenStoreFails === 'degrade' ? 200 : 503;
        const { response } = await visitor.handle((session) => session.get('name'), { status });
        expect(setCookies(response)).toEqual([]);
        driver.moods = {};
        const { value, cookies } = await visitor.handle((session) => session.get('name'));
        expect(value).toBe('Ada');
        expect(cookies).toHaveLength(1);
      } finally {
        vi.useRealTimers();
      }
    },
  );

  it('logs a failed commit of the response gate once, if no handler takes the session', async () => {
    await using scene = await begin();
    const { driver, journal, visitor } = scene;
    driver.moods = { write: 'failing' };
    for (let times = 0; times < 3; times += 1) {
      const response = await visitor.agent.get('/facade').expect(503);
      expect(response.body).toEqual({ statusCode: 503, message: 'Service Unavailable' });
      expect(setCookies(response)).toEqual([]);
    }
    expect(journal.lines).toHaveLength(1);
  });
});
