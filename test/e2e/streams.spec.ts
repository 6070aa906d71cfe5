import { once } from 'node:events';
import { Readable } from 'node:stream';
import {
  Controller,
  Get,
  type MessageEvent,
  NotFoundException,
  Res,
  Sse,
  StreamableFile,
} from '@nestjs/common';
import { type Observable, from, fromEvent, map, takeUntil } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RequestSession, Session, SessionError, type SessionModuleOptions } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { describeWith, startRedis, type TestServer } from '../servers/index.js';
import { HandlerApp, type Visitor } from '../support/handler-app.js';
import { OpenStream } from '../support/open-stream.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS, type Platform } from '../support/test-app.js';

/** What a stream does, step by step; each yielded text is sent. Set by the test. */
let script: (session: RequestSession) => AsyncGenerator<string>;

/** Writes between two events, and then waits. */
const inTwoSteps = (goOn: Deferred): typeof script =>
  async function* (session) {
    yield 'first';
    session.put('step', 2);
    yield 'second';
    await goOn.promise;
  };

interface Raw {
  write(text: string): unknown;
  end(): unknown;
}

/** Takes some time, as a database does. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 5));

@Controller('stream')
class StreamController {
  @Sse('prepared')
  async prepared(@Session() session: Session): Promise<Observable<MessageEvent>> {
    await aWhile();
    session.put('user', 'bob');
    return this.events(session);
  }

  @Sse('missing')
  async missing(@Session('user') user: string): Promise<Observable<MessageEvent>> {
    await aWhile();
    throw new NotFoundException(`Nothing for ${user}.`);
  }

  @Sse('events')
  events(@Session() session: Session): Observable<MessageEvent> {
    return from(script(session)).pipe(map((data) => ({ data })));
  }

  @Sse('events-until')
  eventsUntil(@Session() session: Session): Observable<MessageEvent> {
    return this.events(session).pipe(takeUntil(fromEvent(session.ended, 'abort')));
  }

  @Get('file')
  file(@Session() session: Session): StreamableFile {
    return new StreamableFile(Readable.from(script(session)));
  }

  @Get('raw')
  async raw(@Session() session: Session, @Res() res: { raw?: Raw } & Raw): Promise<void> {
    const raw = res.raw ?? res;
    for await (const text of script(session)) raw.write(text);
    raw.end();
  }
}

const KINDS = ['events', 'file', 'raw'] as const;

interface Scene {
  readonly app: HandlerApp;
  readonly log: string[];
}

async function start(platform: Platform, options: Partial<SessionModuleOptions>): Promise<Scene> {
  const log: string[] = [];
  const note = (line: unknown): void => void log.push(String(line));
  const app = await HandlerApp.start(platform, {
    controllers: [StreamController],
    options,
    configure: (nest) => {
      nest.useLogger({ log: () => undefined, warn: note, error: note });
    },
  });
  return { app, log };
}

/** A visitor with a session, and the headers that carry its cookie of now. */
async function known({ app }: Scene): Promise<{ visitor: Visitor; headers: { cookie: string }; id: string }> {
  const visitor = app.visitor();
  const { asHeaders, value: id } = await visitor.handle((session) => session.put('user', 'ann').id);
  return { visitor, headers: asHeaders, id };
}

const valuesOf = (visitor: Visitor, headers: { cookie: string }): Promise<unknown> =>
  visitor.in((session) => session.all(), { headers });

/** What holds for every store of records. */
function describeStreams(scene: () => Scene): void {
  const open = (kind: string, cookie?: string): Promise<OpenStream> =>
    OpenStream.open(`${scene().app.url}/stream/${kind}`, cookie);

  describe.each(KINDS)('a stream (%s)', (kind) => {
    it('stores what was written before its first byte, and sends the cookie with its head', async () => {
      const goOn = new Deferred();
      script = async function* (session) {
        session.put('user', 'bob');
        yield 'first';
        await goOn.promise;
      };
      const stream = await open(kind);
      await stream.comes('first');
      const headers = { cookie: stream.cookie };
      expect(await valuesOf(scene().app.visitor(), headers)).toEqual({ user: 'bob' });
      goOn.resolve();
      expect(await stream.ended).toBe('complete');
    });

    it('stores its changes at once with commit(), and the rest at its end', async () => {
      const { visitor, headers } = await known(scene());
      const goOn = new Deferred();
      script = async function* (session) {
        yield 'first ';
        await session.put('committed', 1).commit();
        yield 'second';
        session.put('rest', 1);
        await goOn.promise;
      };
      const stream = await open(kind, headers.cookie);
      await stream.comes('second');
      await visitor.in((session) => session.put('other', 1), { headers });
      expect(await valuesOf(visitor, headers)).toEqual({ user: 'ann', committed: 1, other: 1 });
      goOn.resolve();
      expect(await stream.ended).toBe('complete');
      expect(await valuesOf(visitor, headers)).toEqual({ user: 'ann', committed: 1, rest: 1, other: 1 });
      expect(stream.cookie).toBe('');
    });

    it('does not bring back a session that has ended meanwhile', async () => {
      const { visitor, headers, id } = await known(scene());
      const goOn = new Deferred();
      script = async function* (session) {
        yield 'first ';
        await goOn.promise;
        await session.put('late', 1).commit();
        yield `ended: ${session.ended.aborted}`;
        session.put('later', 1);
      };
      const stream = await open(kind, headers.cookie);
      await stream.comes('first');
      await visitor.in((session) => session.destroy(), { headers });
      goOn.resolve();
      expect(await stream.ended).toBe('complete');
      expect(stream.text).toContain('ended: true');
      expect(await scene().app.manager.read(id)).toBeNull();
      expect(await valuesOf(visitor, headers)).toEqual({});
    });

    it('learns from session.ended that another request has signed out', async () => {
      const { visitor, headers } = await known(scene());
      script = async function* (session) {
        yield 'first ';
        await once(session.ended, 'abort');
        yield 'ended';
      };
      const stream = await open(kind, headers.cookie);
      await stream.comes('first');
      await visitor.in((session) => session.put('theme', 'dark').regenerate());
      await visitor.in((session) => session.invalidate());
      await stream.comes('ended');
      expect(await stream.ended).toBe('complete');
    });

    it('whose reader goes away has its changes stored, and gets no session.ended any more', async () => {
      const { visitor, headers } = await known(scene());
      const [changed, goOn] = [new Deferred<AbortSignal>(), new Deferred()];
      script = async function* (session) {
        yield 'first';
        session.put('seen', 1);
        changed.resolve(session.ended);
        await goOn.promise;
        session.put('later', 1);
        yield 'second';
      };
      const stream = await open(kind, headers.cookie);
      const ended = await changed.promise;
      stream.abort();
      await expect.poll(() => valuesOf(visitor, headers)).toEqual({ user: 'ann', seen: 1 });
      scene().log.length = 0;
      goOn.resolve();
      // Nest then ends the response of Server-Sent Events itself: later changes are too late, and logged.
      if (kind === 'events')
        await expect.poll(() => scene().log.join()).toContain('after its response had ended');
      else await expect.poll(() => valuesOf(visitor, headers)).toEqual({ user: 'ann', seen: 1, later: 1 });
      await visitor.in((session) => session.destroy(), { headers });
      expect([ended.aborted, kind === 'events' || scene().log.length === 0]).toEqual([false, true]);
    });

    it('cannot begin a session after its first byte: commit() is refused and logged', async () => {
      script = async function* (session) {
        yield 'first ';
        yield await session
          .put('late', 1)
          .commit()
          .then(String, (error: unknown) => `refused: ${error instanceof SessionError}`);
      };
      scene().log.length = 0;
      const stream = await open(kind);
      expect(await stream.ended).toBe('complete');
      expect(stream.text).toContain('refused: true');
      expect(stream.cookie).toBe('');
      expect(scene().log).toEqual([expect.stringContaining('nothing of it was stored')]);
    });
  });

  it('Server-Sent Events: changes before an event are stored before the event is sent', async () => {
    const { visitor, headers } = await known(scene());
    const goOn = new Deferred();
    script = inTwoSteps(goOn);
    const stream = await open('events', headers.cookie);
    await stream.comes('second');
    expect(await valuesOf(visitor, headers)).toEqual({ user: 'ann', step: 2 });
    goOn.resolve();
    await stream.ended;
  });

  it('Server-Sent Events: an asynchronous handler has its cookie, events and errors like any handler', async () => {
    const goOn = new Deferred();
    script = inTwoSteps(goOn);
    const stream = await open('prepared');
    await stream.comes('second');
    const headers = { cookie: stream.cookie };
    expect(await valuesOf(scene().app.visitor(), headers)).toEqual({ user: 'bob', step: 2 });
    goOn.resolve();
    expect(await stream.ended).toBe('complete');
    const missing = await fetch(`${scene().app.url}/stream/missing`, { headers });
    expect([missing.status, await missing.json()]).toMatchObject([404, { message: 'Nothing for bob.' }]);
  });

  it('Server-Sent Events: takeUntil(session.ended) ends the stream with the session', async () => {
    const { visitor, headers } = await known(scene());
    const goOn = new Deferred();
    script = async function* () {
      yield 'first';
      await goOn.promise;
    };
    const stream = await open('events-until', headers.cookie);
    await stream.comes('first');
    await visitor.in((session) => session.forget(), { headers });
    expect(await stream.ended).toBe('complete');
    goOn.resolve();
  });
}

/** What holds for two processes that share a store. */
function describeTwo(options: () => Partial<SessionModuleOptions>): void {
  it.each(PLATFORMS)(
    'ends Server-Sent Events when another process ends their session, on %s',
    async (platform) => {
      const [here, there] = await Promise.all([
        start(platform, { ...options(), sockets: { checkEvery: '50ms' } }),
        start(platform, options()),
      ]);
      const { headers } = await known(here);
      const goOn = new Deferred();
      script = async function* () {
        yield 'first';
        await goOn.promise;
      };
      const stream = await OpenStream.open(`${here.app.url}/stream/events-until`, headers.cookie);
      await stream.comes('first');
      const elsewhere = there.app.visitor();
      // The other process gives the session another id before it ends it.
      const moved = await elsewhere.handle((session) => session.regenerate().put('theme', 'dark'), {
        headers,
      });
      await elsewhere.in((session) => session.destroy(), { headers: moved.asHeaders });
      expect(await stream.ended).toBe('complete');
      goOn.resolve();
      await Promise.all([here.app.app.close(), there.app.app.close()]);
    },
  );
}

describe.each(PLATFORMS)('in memory, on %s,', (platform) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await start(platform, { driver: 'memory' });
  });
  afterAll(() => scene.app.app.close());
  describeStreams(() => scene);

  it('a stream does not extend its session by itself; touch() does', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    scene.log.length = 0;
    try {
      const { headers, id } = await known(scene);
      const goOn = new Deferred();
      script = async function* (session) {
        yield 'first';
        await goOn.promise;
        await session.touch();
        yield 'touched';
      };
      const stream = await OpenStream.open(`${scene.app.url}/stream/events`, headers.cookie);
      await stream.comes('first');
      const before = (await scene.app.manager.read(id))?.expiresAt ?? 0;
      vi.setSystemTime(Date.now() + 60 * 60_000);
      expect((await scene.app.manager.read(id))?.expiresAt).toBe(before);
      goOn.resolve();
      await stream.ended;
      expect((await scene.app.manager.read(id))?.expiresAt).toBe(before + 60 * 60_000);
      expect(scene.log).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe.each(PLATFORMS)('in the cookie (stealth), on %s,', (platform) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await start(platform, { driver: 'stealth' });
  });
  afterAll(() => scene.app.app.close());

  const LATE: [string, (session: RequestSession) => Promise<unknown>][] = [
    ['commit()', (session) => session.put('late', 1).commit()],
    ['touch()', (session) => session.touch()],
  ];

  it.each(KINDS.flatMap((kind) => LATE.map(([name, act]) => [kind, name, act] as const)))(
    'a stream (%s) that has begun is refused %s, which is logged',
    async (kind, _name, act) => {
      const { visitor, headers } = await known(scene);
      scene.log.length = 0;
      script = async function* (session) {
        yield 'first ';
        yield await act(session).then(
          String,
          (error: unknown) => `refused: ${error instanceof SessionError}`,
        );
      };
      const stream = await OpenStream.open(`${scene.app.url}/stream/${kind}`, headers.cookie);
      expect(await stream.ended).toBe('complete');
      expect(stream.text).toContain('refused: true');
      expect(stream.cookie).toBe('');
      expect(scene.log[0]).toContain('cannot reach the browser any more');
      expect(await valuesOf(visitor, headers)).toEqual({ user: 'ann' });
    },
  );

  it.each(KINDS)(
    'a stream (%s) that has begun loses changes without commit(), which is logged',
    async (kind) => {
      const { visitor, headers } = await known(scene);
      scene.log.length = 0;
      script = async function* (session) {
        yield 'first ';
        session.put('late', 1);
        yield 'second';
      };
      const stream = await OpenStream.open(`${scene.app.url}/stream/${kind}`, headers.cookie);
      expect(await stream.ended).toBe('complete');
      // Server-Sent Events can tell the reader as well.
      expect(stream.text).toContain(kind === 'events' ? 'event: error' : 'second');
      expect(scene.log[0]).toContain('cannot reach the browser any more');
      expect(await valuesOf(visitor, headers)).toEqual({ user: 'ann' });
    },
  );

  it.each(KINDS)(
    'a stream (%s) sends what was written before its first byte, and learns of a sign-out',
    async (kind) => {
      const { visitor, headers } = await known(scene);
      script = async function* (session) {
        session.put('seen', 1);
        yield 'first ';
        await once(session.ended, 'abort');
        yield 'ended';
      };
      const stream = await OpenStream.open(`${scene.app.url}/stream/${kind}`, headers.cookie);
      await stream.comes('first');
      expect(await valuesOf(scene.app.visitor(), { cookie: stream.cookie })).toEqual({
        user: 'ann',
        seen: 1,
      });
      await visitor.in((session) => session.invalidate(), { headers });
      await stream.comes('ended');
      await stream.ended;
    },
  );
});

describeWith(['redis'], 'in Redis', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
  });
  const options = () => ({ driver: 'redis', redis: { host: server.host, port: server.port } });

  describe.each(PLATFORMS)('on %s,', (platform) => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await start(platform, options());
    });
    afterAll(() => scene.app.app.close());
    describeStreams(() => scene);
  });

  describeTwo(options);
});

describe('in files', () => {
  let folder: TempFolder;
  beforeAll(async () => {
    folder = await TempFolder.make();
  });
  afterAll(() => folder[Symbol.asyncDispose]());
  describeTwo(() => ({ driver: 'file', file: { location: folder.path } }));
});
