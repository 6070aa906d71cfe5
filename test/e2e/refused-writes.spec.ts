import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable, pipeline } from 'node:stream';
import { Controller, Get, Param, Res } from '@nestjs/common';
import type { Response } from 'express';
import { describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { PLATFORMS, TestApp } from '../support/test-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';
import { rawOf } from './endings.controller.js';

refuseUnhandledRejections();

const WRITE_AFTER_END = 'ERR_STREAM_WRITE_AFTER_END';
/** Of the event. Fastify reports any other as a mistake of the application. */
const PREMATURE_CLOSE = 'ERR_STREAM_PREMATURE_CLOSE';

/** What somebody who waits for a response was told: the code of an error, or that there was none. */
type Told = string;
type Tell = (error?: unknown) => void;

/** Resolves once the client has its response. */
let answered = new Deferred();
/** What the handler of the current test was told. */
let told: Promise<Told> = Promise.resolve('');

const codeOf = (error: unknown): Told =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'no error';

const toldOf = (handle: (tell: Tell) => unknown): Promise<Told> =>
  new Promise((resolve) => void handle((error) => resolve(codeOf(error))));

/** Rows from a source that has to be closed. The row with the given number comes after the response. */
async function* rowsOf(late: number, close: () => void) {
  try {
    for (let row = 0; row < 5; row += 1) {
      // oxlint-disable-next-line eslint/no-await-in-loop
      if (row === late) await answered.promise;
      yield 'a row of many '.repeat(2000);
    }
  } finally {
    close();
  }
}

/** Pipes rows into a response; tells once their source is closed and the pipeline has called back. */
function pipeRows(res: ServerResponse, tell: Tell, late = Infinity): void {
  const closed = new Deferred();
  const ended = new Promise<unknown>((resolve) => {
    pipeline(
      rowsOf(late, () => closed.resolve()),
      res,
      resolve,
    );
  });
  void Promise.all([ended, closed.promise]).then(([error]) => tell(error));
}

/** What waits for a response in each of the ways that Node.js has. */
const WAITING: Readonly<Record<string, (res: ServerResponse, tell: Tell) => unknown>> = {
  'a pipeline of rows': (res, tell) => pipeRows(res, tell),
  'a pipeline whose second row is late': (res, tell) => pipeRows(res, tell, 1),
  'a pipeline behind a flushed head': (res, tell) => [res.flushHeaders(), pipeRows(res, tell, 0)],
  'a write': (res, tell) => res.write('half a page', tell),
  'a write with an encoding': (res, tell) => res.write('half a page', 'utf8', tell),
  'a write before an end': (res, tell) => [res.write('half a page', tell), res.end()],
  'a write after the response': (res, tell) => {
    res.end('a page');
    void answered.promise.then(() => res.write('more', tell));
  },
  'a second end with a chunk': (res, tell) => {
    res.end('a page');
    void answered.promise.then(() => res.end('more', tell));
  },
  'a wait for drain': (res, tell) => {
    res.write('half a page');
    void once(res, 'drain').then(() => tell(), tell);
  },
};

/** What waits for the end of a response. */
const ENDING: Readonly<Record<string, (res: ServerResponse, tell: Tell) => unknown>> = {
  'an end': (res, tell) => res.end(tell),
  'an end with a chunk': (res, tell) => res.end('a page', tell),
  'a second end': (res, tell) => res.end('a page').end(tell),
  'the end behind a write': (res, tell) => [res.write('a '), res.end('page', tell)],
};

const HANDLERS = { ...WAITING, ...ENDING };

@Controller()
class WaitingController {
  @Get('wait/:name')
  wait(@Param('name') name: string, @Res() res: Response): void {
    Session.put('visits', 1);
    told = toldOf((tell) => HANDLERS[name]?.(rawOf(res), tell));
  }

  @Get('piped')
  piped(@Res() res: Response): void {
    Session.put('visits', 1);
    Readable.from(['half ', 'a page']).pipe(rawOf(res));
  }

  @Get('under-way')
  underWay(@Res() res: Response): void {
    const raw = rawOf(res);
    raw.writeHead(200);
    raw.write('half a page');
    Session.put('visits', 2);
    told = toldOf((tell) => raw.end(tell));
  }

  @Get('after-a-held-end')
  afterHeldEnd(@Res() res: Response): void {
    Session.put('visits', 3);
    const raw = rawOf(res);
    raw.end('a page');
    told = toldOf((tell) => raw.write('more', tell));
  }
}

describe.each(PLATFORMS)('whoever waits for a response on %s', (platform) => {
  async function begin() {
    const driver = new ScriptedDriver();
    const app = await TestApp.start(platform, {
      controllers: [WaitingController],
      options: { driver: 'scripted', drivers: { scripted: { useFactory: () => driver } } },
    });
    answered = new Deferred();
    return { app, driver, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  }

  it.each(Object.keys(WAITING))('is told that a 503 was sent instead: %s', async (name) => {
    await using scene = await begin();
    const { app, driver } = scene;
    driver.mood = 'failing';
    await app
      .visitor()
      .get(`/wait/${encodeURIComponent(name)}`)
      .expect(503);
    answered.resolve();
    expect(await told).toBe(/^a (pipeline|wait)/.test(name) ? PREMATURE_CLOSE : WRITE_AFTER_END);
  });

  it.each(Object.keys(ENDING))('is told when a 503 was sent instead: %s', async (name) => {
    await using scene = await begin();
    const { app, driver } = scene;
    driver.mood = 'failing';
    await app
      .visitor()
      .get(`/wait/${encodeURIComponent(name)}`)
      .expect(503);
    expect(await told).toBe('no error');
  });

  it.each(Object.keys(ENDING))('is told when it has ended: %s', async (name) => {
    await using scene = await begin();
    await scene.app
      .visitor()
      .get(`/wait/${encodeURIComponent(name)}`)
      .expect(200);
    // Node.js calls an end that comes after the last byte an error.
    expect(await told).toMatch(/^(no error|ERR_STREAM_ALREADY_FINISHED)$/);
  });

  it('is told of a write after an end that was held, which reaches nobody', async () => {
    await using scene = await begin();
    const { text } = await scene.app.visitor().get('/after-a-held-end').expect(200);
    expect([text, await told]).toEqual(['a page', WRITE_AFTER_END]);
  });

  it('is told that the connection was cut after half of the response', async () => {
    await using scene = await begin();
    const { app, driver } = scene;
    const visitor = app.visitor();
    await visitor.get('/wait/an%20end').expect(200);
    driver.moods = { write: 'failing' };
    await expect(visitor.get('/under-way')).rejects.toThrow(/aborted|hang up|terminated/);
    expect(await told).toBe('ERR_STREAM_DESTROYED');
  });

  it('need not listen for errors: a 503 ends no process, and its connection is used again', async () => {
    await using scene = await begin();
    const { app, driver } = scene;
    driver.mood = 'failing';
    const visitor = app.visitor();
    await visitor.get('/piped').expect(503, { statusCode: 503, message: 'Service Unavailable' });
    driver.mood = 'well';
    expect((await visitor.get('/piped').expect(200)).text).toBe('half a page');
  });
});
