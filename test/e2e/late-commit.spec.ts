import { setImmediate } from 'node:timers/promises';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  Param,
  Query,
  Req,
  RequestTimeoutException,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { TimeoutError, catchError, throwError, timeout } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Session, SessionError, type SessionModuleOptions } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { HeardEvents } from '../support/heard-events.js';
import { PLATFORMS, TestApp, expiresPiece, setCookies } from '../support/test-app.js';

/** Resolved by a test to let a handler continue. */
let goOn = new Deferred();
let outcome = new Deferred<unknown>();

interface Raw {
  writeHead(status: number): unknown;
  write(text: string): unknown;
  end(text?: string): unknown;
}

const rawOf = (res: { raw?: Raw } & Partial<Raw>): Raw => res.raw ?? (res as Raw);

/** The recipe of Nest's documentation, with a short time: the test decides when the handler continues. */
@Injectable()
class TimeoutInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(
      timeout(20),
      catchError((error: unknown) =>
        throwError(() => (error instanceof TimeoutError ? new RequestTimeoutException() : error)),
      ),
    );
  }
}

@Controller()
class LateController {
  @Get('begin')
  begin(@Session() session: Session) {
    session.put('begun', true);
    return {};
  }

  @Get('all')
  all(@Session() session: Session) {
    return session.all();
  }

  @Get('slow')
  @UseInterceptors(TimeoutInterceptor)
  async slow(@Session() session: Session) {
    session.put('early', 1);
    await goOn.promise;
    session.put('late', 1);
    outcome.resolve(null);
    return {};
  }

  /** Ends the session without waiting until it has ended. */
  @Get('not-awaited/:way')
  notAwaited(@Req() req: { session: { destroy(): unknown } | null }, @Param('way') way: string) {
    if (way === 'null') req.session = null;
    else void req.session?.destroy();
    return {};
  }

  /** Begins a session, sends its cookie, and ends it. */
  @Get('begin-and-end')
  async beginAndEnd(@Session() session: Session, @Res() res: Parameters<typeof rawOf>[0]) {
    await session.put('begun', true).commit();
    const raw = rawOf(res);
    raw.writeHead(200);
    raw.write('begun, ');
    outcome.resolve(
      await session.destroy().then(
        () => 'done',
        (error: unknown) => error,
      ),
    );
    raw.end('ended');
  }

  /** Answers, and then changes the session and commits by hand, twice. */
  @Get('after-the-end')
  async afterTheEnd(@Session() session: Session, @Res() res: Parameters<typeof rawOf>[0]) {
    rawOf(res).end('ended');
    const outcomes: unknown[] = [];
    for (const late of [1, 2]) {
      await session
        .put('late', late)
        .commit()
        .catch((error: unknown) => outcomes.push(error));
    }
    await setImmediate();
    outcome.resolve(outcomes);
  }

  /** Sends the head, then switches to the session of a token and writes to it. */
  @Get('switch')
  async switch(
    @Session() session: Session,
    @Query('to') to: string,
    @Query('readonly') readonly: string | undefined,
    @Res() res: Parameters<typeof rawOf>[0],
  ) {
    const raw = rawOf(res);
    raw.writeHead(200);
    raw.write('begun, ');
    session.setSignedId(to);
    outcome.resolve(
      await session.start(readonly !== undefined).then(
        () => session.get('begun'),
        (error: unknown) => error,
      ),
    );
    if (readonly === undefined) session.put('late', 1);
    raw.end('ended');
  }

  /** Sends the head, changes the session, and commits by hand. */
  @Get(':change')
  async change(@Session() session: Session, @Res() res: Parameters<typeof rawOf>[0]) {
    const raw = rawOf(res);
    raw.writeHead(200);
    raw.write('begun, ');
    await goOn.promise;
    outcome.resolve(
      await session
        .put('late', 1)
        .commit()
        .then(
          () => 'stored',
          (error: unknown) => error,
        ),
    );
    raw.end('ended');
  }

  @Get('head/:way')
  async rest(
    @Session() session: Session,
    @Param('way') way: 'destroy' | 'touch',
    @Query('meanwhile') meanwhile: string | undefined,
    @Res() res: Parameters<typeof rawOf>[0],
  ) {
    const raw = rawOf(res);
    raw.writeHead(200);
    raw.write('begun, ');
    const pending = session[way]().then(
      () => 'done',
      (error: unknown) => error,
    );
    if (meanwhile !== undefined) raw.write(meanwhile);
    outcome.resolve(await pending);
    raw.end('ended');
  }
}

const STORES: Record<string, Partial<SessionModuleOptions>> = {
  'stealth and a ledger': { driver: 'stealth', stealth: { ledger: 'memory' }, userKey: 'begun' },
};

async function begin(platform: (typeof PLATFORMS)[number], driver: string) {
  goOn = new Deferred();
  outcome = new Deferred();
  const log: string[] = [];
  const note = (line: unknown): void => void log.push(String(line));
  const app = await TestApp.start(platform, {
    controllers: [LateController],
    options: STORES[driver] ?? { driver },
    configure: (nest) => {
      nest.useLogger({ log: () => undefined, warn: note, error: note });
    },
  });
  return { app, log, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
}

describe.each(PLATFORMS)('a commit after the head of the response was sent, on %s,', (platform) => {
  it.each([
    ['of a new session, on memory', 'memory', false],
    ['of a new session, on stealth', 'stealth', false],
    ['of any session, on stealth', 'stealth', true],
  ])('is refused and logged if it needs a cookie: %s', async (_what, driver, begun) => {
    await using scene = await begin(platform, driver);
    const visitor = scene.app.visitor();
    if (begun) await visitor.get('/begin').expect(200);
    goOn.resolve();
    const response = await visitor.get('/change').expect(200);
    expect(response.text).toBe('begun, ended');
    expect(await outcome.promise).toBeInstanceOf(SessionError);
    expect(String(await outcome.promise)).toContain('before the first byte');
    expect(setCookies(response)).toEqual([]);
    expect(scene.log).toEqual([expect.stringContaining('nothing of it was stored')]);
    await visitor.get('/all').expect(200, begun ? { begun: true } : {});
  });

  it('is refused each time and logged once after the end, without advice to call what was called', async () => {
    await using scene = await begin(platform, 'stealth');
    const visitor = scene.app.visitor();
    await visitor.get('/begin').expect(200);
    await visitor.get('/after-the-end').expect(200);
    expect(await outcome.promise).toEqual([expect.any(SessionError), expect.any(SessionError)]);
    expect(scene.log).toEqual([expect.stringContaining('nothing of it was stored')]);
  });

  describe.each(['memory', 'stealth', 'stealth and a ledger'])('made by a switch, with %s,', (driver) => {
    /** A visitor who has a session, and the token of it. */
    async function begun({ app }: { readonly app: TestApp }) {
      const visitor = app.visitor();
      const [cookie = ''] = setCookies(await visitor.get('/begin').expect(200));
      return {
        visitor,
        token: decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1, cookie.indexOf(';'))),
      };
    }

    it('is refused and logged where the browser would need the cookie of the other session', async () => {
      await using scene = await begin(platform, driver);
      const [mine, other] = [await begun(scene), await begun(scene)];
      using heard = new HeardEvents();
      const response = await mine.visitor.get('/switch').query({ to: other.token }).expect(200);
      expect(response.text).toBe('begun, ended');
      expect(heard.names()).toEqual(['loaded', 'loaded']);
      expect(await outcome.promise).toBeInstanceOf(SessionError);
      expect(String(await outcome.promise)).toContain('switch to another');
      expect(scene.log).toEqual([expect.stringContaining('nothing of it was stored')]);
      for (const { visitor } of [mine, other]) await visitor.get('/all').expect(200, { begun: true });
    });

    it('is no commit where it only reads the other session', async () => {
      await using scene = await begin(platform, driver);
      const [mine, other] = [await begun(scene), await begun(scene)];
      await mine.visitor.get('/switch').query({ to: other.token, readonly: 1 }).expect(200);
      expect(await outcome.promise).toBe(true);
      expect(scene.log).toEqual([]);
    });
  });

  it('is stored where the request switches to the session that its cookie names', async () => {
    await using scene = await begin(platform, 'memory');
    const visitor = scene.app.visitor();
    const [cookie = ''] = setCookies(await visitor.get('/begin').expect(200));
    const to = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1, cookie.indexOf(';')));
    await visitor.get('/switch').query({ to }).expect(200);
    expect([await outcome.promise, scene.log]).toEqual([true, []]);
    await visitor.get('/all').expect(200, { begun: true, late: 1 });
  });

  it('is stored if it needs no cookie', async () => {
    await using scene = await begin(platform, 'memory');
    const visitor = scene.app.visitor();
    await visitor.get('/begin').expect(200);
    goOn.resolve();
    await visitor.get('/change').expect(200);
    expect(await outcome.promise).toBe('stored');
    expect(scene.log).toEqual([]);
    await visitor.get('/all').expect(200, { begun: true, late: 1 });
  });

  it.each([
    ['memory', 'done'],
    ['stealth and a ledger', 'done'],
    ['stealth', expect.any(SessionError)],
  ])('still ends a session, and rejects if only its cookie holds it: %s', async (driver, expected) => {
    await using scene = await begin(platform, driver);
    const visitor = scene.app.visitor();
    await visitor.get('/begin').expect(200);
    await visitor.get('/head/destroy').expect(200);
    expect(await outcome.promise).toEqual(expected);
    await visitor.get('/all').expect(200, {});
  });

  it.each([
    ['memory', 'done', 0],
    ['stealth and a ledger', 'done', 0],
    ['stealth', expect.any(SessionError), 1],
  ])(
    'is refused if it ends a session whose cookie has just been sent: %s',
    async (driver, expected, lines) => {
      await using scene = await begin(platform, driver);
      const response = await scene.app.visitor().get('/begin-and-end').expect(200);
      expect(setCookies(response)).toEqual([expect.stringContaining('Max-Age=7200')]);
      expect(await outcome.promise).toEqual(expected);
      expect(scene.log).toHaveLength(lines);
    },
  );

  it.each(['stealth', 'memory'])(
    'is no commit of a session whose end nobody awaited, if the head carries the expired cookie: %s',
    async (driver) => {
      await using scene = await begin(platform, driver);
      for (const way of ['null', 'destroy']) {
        const visitor = scene.app.visitor();
        await visitor.get('/begin').expect(200);
        const response = await visitor.get(`/not-awaited/${way}`).expect(200);
        const cookies = setCookies(response).filter((each) => !expiresPiece(each));
        expect(cookies).toEqual([expect.stringContaining('session=; Max-Age=0')]);
      }
      expect(scene.log).toEqual([]);
    },
  );

  it('is logged once, even if a write of the response detects it first', async () => {
    await using scene = await begin(platform, 'stealth');
    const visitor = scene.app.visitor();
    await visitor.get('/begin').expect(200);
    await visitor.get('/head/destroy?meanwhile=going,').expect(200);
    expect(await outcome.promise).toEqual(expect.any(SessionError));
    expect(scene.log).toEqual([expect.stringContaining('nothing of it was stored')]);
  });

  it.each([
    ['memory', 'done', []],
    [
      'stealth',
      expect.objectContaining({ message: expect.stringContaining('before the first byte') }),
      [expect.stringContaining('nothing of it was stored')],
    ],
  ])(
    'made by touch() is refused and logged if the cookie holds the lifetime: %s',
    async (driver, expected, log) => {
      await using scene = await begin(platform, driver);
      const visitor = scene.app.visitor();
      await visitor.get('/begin').expect(200);
      await visitor.get('/head/touch').expect(200);
      expect(await outcome.promise).toEqual(expected);
      expect(scene.log).toEqual(log);
      await visitor.get('/all').expect(200, { begun: true });
    },
  );

  it.each(['memory', 'stealth'])(
    'is logged if a handler continues after TimeoutInterceptor has answered, with %s',
    async (driver) => {
      await using scene = await begin(platform, driver);
      const visitor = scene.app.visitor();
      await visitor.get('/begin').expect(200);
      await visitor.get('/slow').expect(408);
      goOn.resolve();
      await outcome.promise;
      await expect.poll(() => scene.log.join()).toContain('after its response had ended');
      await visitor.get('/all').expect(200, { begun: true, early: 1 });
    },
  );
});
