import { Readable, pipeline } from 'node:stream';
import { Controller, Get, Header, Head, Res, StreamableFile } from '@nestjs/common';
import type { Response } from 'express';
import { of } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Session, type SessionModuleOptions } from 'nestjs-session-kit';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { PLATFORMS, TestApp, setCookies } from '../support/test-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';
import { rawOf } from './endings.controller.js';

refuseUnhandledRejections();

const streams: Readable[] = [];
const called: string[] = [];
let released: () => void = () => undefined;

/** A file that never ends by itself. */
function endless(): Readable {
  const stream = new Readable({ read: () => undefined });
  streams.push(stream);
  return stream;
}

let failNow: () => void = () => undefined;

@Controller()
class FailingController {
  @Get('unstorable')
  unstorable(@Session() session: Session): object {
    session.put('callback', () => 'not for any log');
    return {};
  }

  @Get('facade')
  facade(): object {
    Session.put('callback', () => 'not for any log');
    return {};
  }

  @Get('cached')
  @Header('Cache-Control', 'public, max-age=600')
  @Header('ETag', '"page"')
  @Header('Expires', 'Wed, 21 Oct 2037 07:28:00 GMT')
  cached(@Session() session: Session): object {
    session.put('visits', 1);
    return {};
  }

  @Get('touched')
  @Header('Cache-Control', 'public, max-age=600')
  @Header('ETag', '"page"')
  async touched(@Session() session: Session): Promise<object> {
    failNow();
    await session.touch();
    return {};
  }

  @Get('reloaded')
  @Header('Cache-Control', 'public, max-age=600')
  @Header('Expires', 'Wed, 21 Oct 2037 07:28:00 GMT')
  async reloaded(@Session() session: Session): Promise<object> {
    failNow();
    await session.reload();
    return {};
  }

  @Get('file')
  file(@Session() session: Session): StreamableFile {
    session.put('visits', 1);
    return new StreamableFile(endless());
  }

  @Get('file-later')
  async fileLater(@Session() session: Session): Promise<StreamableFile> {
    session.put('visits', 1);
    return new StreamableFile(endless());
  }

  @Get('file-observed')
  fileObserved(@Session() session: Session) {
    session.put('visits', 1);
    return of(new StreamableFile(endless()));
  }

  @Head('head')
  @Get('head')
  head(@Res() res: Response): void {
    Session.put('visits', 1);
    rawOf(res).end('a page');
  }

  @Get('called-back')
  calledBack(@Res() res: Response): void {
    Session.put('visits', 1);
    rawOf(res).end('a page', () => called.push('ended'));
  }

  /** `stream` is no member of a response over HTTP/1, so an application may add one. */
  @Get('decorated')
  decorated(@Res() res: Response): void {
    Object.assign(rawOf(res), { stream: () => undefined });
    Session.put('visits', 1);
    rawOf(res).end('a page');
  }

  @Get('piped')
  piped(@Res() res: Response): void {
    Session.put('visits', 1);
    pipeline(Readable.from(['a ', 'page']), rawOf(res), () => undefined);
  }

  /** Begins to answer, and writes to the session after that. */
  @Get('under-way')
  underWay(@Res() res: Response): void {
    const raw = rawOf(res);
    raw.writeHead(200, { 'Content-Type': 'text/plain' });
    raw.write('the first half, ');
    Session.put('visits', 1);
    raw.end('the second half');
  }

  /** Writes to the session while its first commit is being stored. */
  @Get('meanwhile')
  meanwhile(@Res() res: Response): void {
    Session.put('first', 1);
    rawOf(res).end('a page');
    const session = Session.current();
    setImmediate(() => {
      session.put('second', 2);
      released();
    });
  }

  /** Keeps writing, faster than the store. */
  @Get('endless')
  endless(@Res() res: Response): void {
    const session = Session.current().put('count', 0);
    const timer = setInterval(() => session.increment('count'), 0);
    rawOf(res).on('close', () => clearInterval(timer));
    rawOf(res).end('a page');
  }

  /** The same, where the platform answers: Fastify writes the head before the end. */
  @Get('endless-value')
  endlessValue(@Res({ passthrough: true }) res: Response): object {
    const session = Session.current().put('count', 0);
    const timer = setInterval(() => session.increment('count'), 0);
    rawOf(res).on('close', () => clearInterval(timer));
    return {};
  }

  @Get('all')
  all(): object {
    return Session.all();
  }
}

describe.each(PLATFORMS)('a session that cannot be stored, on %s,', (platform) => {
  async function begin(options: Partial<SessionModuleOptions> = {}) {
    const driver = new ScriptedDriver();
    const log: string[] = [];
    const note = (line: unknown): void => void log.push(String(line));
    const app = await TestApp.start(platform, {
      controllers: [FailingController],
      options: { driver: 'scripted', drivers: { scripted: { useFactory: () => driver } }, ...options },
      configure: (application) => {
        application.useLogger({ log: () => undefined, warn: note, error: note });
      },
    });
    return { app, driver, log, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  }

  it.each(['unstorable', 'facade'])(
    'is logged with the key at fault, even if a filter answers: /%s',
    async (name) => {
      await using scene = await begin();
      const { app, log } = scene;
      await app.visitor().get(`/${name}`).expect(503, { statusCode: 503, message: 'Service Unavailable' });
      expect(log).toEqual([
        `A session could not be stored: The session's value at "callback" cannot be stored: a function cannot be stored. Nothing of this commit was stored. The request was answered with 503.`,
      ]);
    },
  );

  it('gets a response that no cache stores, whatever headers the handler had set', async () => {
    await using scene = await begin();
    const { app, driver } = scene;
    driver.mood = 'failing';
    const { headers } = await app.visitor().get('/cached').expect(503);
    expect(headers['cache-control']).toBe('no-store');
    expect([headers['etag'], headers['expires']]).toEqual([undefined, undefined]);
  });

  it.each(['touched', 'reloaded'])(
    'gets a response that no cache stores if a session that is %s by the handler cannot be',
    async (path) => {
      await using scene = await begin();
      const { app, driver } = scene;
      const visitor = app.visitor();
      await visitor.get('/cached').expect(200);
      failNow = () => void (driver.mood = 'failing');
      const { headers } = await visitor.get(`/${path}`).expect(503);
      expect(headers['cache-control']).toBe('no-store');
      expect([headers['etag'], headers['expires']]).toEqual([undefined, undefined]);
    },
  );

  it('gets a response that no cache stores if it could not even be loaded', async () => {
    await using scene = await begin();
    const { app, driver } = scene;
    const visitor = app.visitor();
    await visitor.get('/cached').expect(200);
    driver.mood = 'failing';
    const { headers } = await visitor.get('/all').expect(503);
    expect(headers['cache-control']).toBe('no-store');
  });

  it.each(['file', 'file-later', 'file-observed'])(
    'closes the file that the handler returned: /%s',
    async (name) => {
      await using scene = await begin();
      const { app, driver } = scene;
      driver.mood = 'failing';
      streams.length = 0;
      await app.visitor().get(`/${name}`).expect(503);
      expect(streams.map(({ destroyed }) => destroyed)).toEqual([true]);
    },
  );

  it('gets a 503 without a body for HEAD', async () => {
    await using scene = await begin();
    const { app, driver } = scene;
    driver.mood = 'failing';
    const response = await app.visitor().head('/head').expect(503);
    expect(response.text ?? '').toBe('');
    // On a connection that is kept alive, a body would be read as the next response.
    await app.visitor().get('/all').expect(200);
  });

  it('still calls back what waits for the end of the response', async () => {
    await using scene = await begin();
    const { app, driver } = scene;
    driver.mood = 'failing';
    called.length = 0;
    await app.visitor().get('/called-back').expect(503);
    expect(called).toEqual(['ended']);
  });

  it('is answered whatever the application has put on the response', async () => {
    await using scene = await begin();
    const { app, driver } = scene;
    driver.mood = 'failing';
    await app.visitor().get('/decorated').timeout(10_000).expect(503);
  });

  it('adds no listeners of which Node.js warns as of a leak', async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    await using scene = await begin();
    const { app, driver } = scene;
    driver.mood = 'failing';
    await app.visitor().get('/piped').expect(503);
    expect(warnings).not.toContain('MaxListenersExceededWarning');
  });

  it('breaks the connection after half of the response, so that nobody takes it for a whole one', async () => {
    await using scene = await begin();
    const { app, driver, log } = scene;
    const visitor = app.visitor();
    await visitor.get('/cached').expect(200);
    driver.moods = { write: 'failing' };
    await expect(visitor.get('/under-way')).rejects.toThrow(/aborted|hang up|terminated/);
    driver.moods = {};
    expect((await visitor.get('/under-way').expect(200)).text).toBe('the first half, the second half');
    expect(log.join()).not.toContain('callback');
  });

  it('is logged if it begins too late for its cookie', async () => {
    await using scene = await begin();
    const { app, log, driver } = scene;
    const response = await app.visitor().get('/under-way').expect(200);
    expect(setCookies(response)).toEqual([]);
    expect(response.text).toBe('the first half, the second half');
    expect(log.join()).toContain('nothing of it was stored');
    expect(driver.calls).toEqual([]);
  });

  it.each(['endless', 'endless-value'])(
    'gets a 503 if it is changed again and again, which would hold its response forever: /%s',
    async (name) => {
      await using scene = await begin();
      const { app, driver, log } = scene;
      driver.moods = { write: { slowMs: 4 } };
      await app.visitor().get(`/${name}`).expect(503);
      expect(log.join()).toContain('Does a timer or a stream go on writing to it?');
      expect(driver.calls.length).toBeLessThan(300);
    },
  );

  it('yet is stored with the changes that were made while the end was held', async () => {
    await using scene = await begin();
    const { app, driver } = scene;
    const visitor = app.visitor();
    const written = new Promise<void>((resolve) => {
      released = resolve;
    });
    driver.moods = { write: { slowMs: 20 } };
    const [response] = await Promise.all([visitor.get('/meanwhile'), written]);
    expect(response.text).toBe('a page');
    await visitor.get('/all').expect(200, { first: 1, second: 2 });
  });
});
