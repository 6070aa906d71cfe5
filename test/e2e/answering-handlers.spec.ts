import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Res,
  UseFilters,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import compression from 'compression';
import { describe, expect, it } from 'vitest';
import { Session, SessionUnavailableException } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { type Platform, TestApp, type TestApplication, setCookies } from '../support/test-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';

refuseUnhandledRejections();

/** What Express's response and Fastify's reply have in common. */
interface Sending {
  send(body: unknown): unknown;
  status(code: number): Sending;
  header(name: string, value: string): unknown;
}

@Catch(SessionUnavailableException)
class OwnFilter implements ExceptionFilter {
  catch(_error: SessionUnavailableException, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<Sending>().status(503).send({ answeredBy: 'own filter' });
  }
}

let returned = new Deferred();
let goOn = new Deferred();
let sent = new Deferred<unknown>();

@Controller()
class AnsweringController {
  @Get('at-once')
  atOnce(@Session() session: Session, @Res() res: Sending): void {
    session.put('callback', () => 1);
    res.send({ ok: true });
  }

  /** Answers later, as in the callback of a database. */
  @Get('later')
  later(@Session() session: Session, @Res() res: Sending): void {
    session.put('callback', () => 1);
    void goOn.promise.then(() => {
      try {
        res.send({ ok: true });
        sent.resolve('sent');
      } catch (error) {
        sent.resolve(error);
      }
    });
    returned.resolve();
  }

  /** Leaves the answer to Nest, and only sets a header. */
  @Get('passthrough')
  @UseFilters(OwnFilter)
  passthrough(@Session() session: Session, @Res({ passthrough: true }) res: Sending): object {
    session.put('callback', () => 1);
    res.header('x-page', '1');
    return { ok: true };
  }

  @Get('storable')
  storable(@Session() session: Session, @Res() res: Sending): void {
    session.put('visits', 1);
    res.send({ ok: true });
  }

  /** Its own commit fails after it has begun to answer. */
  @Get('own-commit')
  async ownCommit(@Session() session: Session, @Res() res: Sending): Promise<void> {
    session.put('visits', 1);
    res.send({ ok: true });
    await session.commit();
  }

  /** Writes after its response has finished. */
  @Get('behind')
  async behind(@Session() session: Session, @Res() res: Sending & { raw?: unknown }): Promise<void> {
    const over = new Promise((resolve) => {
      Object(res.raw ?? res).once('finish', resolve);
    });
    res.send({ ok: true });
    await over;
    session.put('behind', 1);
  }

  @Get('all')
  all(@Session() session: Session): object {
    return session.all();
  }
}

const SETUPS: readonly (readonly [
  what: string,
  platform: Platform,
  configure: (app: TestApplication) => void,
])[] = [
  ['Express', 'express', () => undefined],
  ['Express with compression', 'express', (app) => void app.use(compression({ threshold: 0 }))],
  ['Fastify', 'fastify', () => undefined],
  [
    'Fastify with a hook that takes its time before an answer is sent',
    'fastify',
    (app) => {
      const fastify = (app as NestFastifyApplication).getHttpAdapter().getInstance();
      void fastify.addHook('onSend', async (_request, _reply, payload) => {
        await nextTurn();
        return payload;
      });
    },
  ],
];

describe.each(SETUPS)('a handler that answers by itself, on %s,', (_what, platform, configure) => {
  async function begin() {
    [returned, goOn, sent] = [new Deferred(), new Deferred(), new Deferred()];
    const log: string[] = [];
    const note = (line: unknown): void => void log.push(String(line));
    const driver = new ScriptedDriver();
    const app = await TestApp.start(platform, {
      controllers: [AnsweringController],
      options: { driver: 'scripted', drivers: { scripted: { useFactory: () => driver } } },
      configure: (nest) => {
        nest.useLogger({ log: () => undefined, warn: note, error: note });
        configure(nest);
      },
    });
    return { app, driver, log, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  }

  it('has its response replaced by a 503 if its session cannot be stored', async () => {
    await using scene = await begin();
    const response = await scene.app.visitor().get('/at-once');
    expect([response.status, response.body]).toEqual([
      503,
      { statusCode: 503, message: 'Service Unavailable' },
    ]);
    expect(scene.log).toEqual([expect.stringContaining('The request was answered with 503.')]);
  });

  it('has its response replaced by a single 503 also if it answers in a callback', async () => {
    await using scene = await begin();
    const response = Promise.resolve(scene.app.visitor().get('/later').expect(503));
    await returned.promise;
    await nextTurn();
    goOn.resolve();
    expect(await sent.promise).toBe('sent');
    await response;
    expect(scene.log).toEqual([expect.stringContaining('The request was answered with 503.')]);
  });

  it('has its response replaced by a 503 if its own commit after it fails', async () => {
    await using scene = await begin();
    scene.driver.mood = 'failing';
    const { headers } = await scene.app.visitor().get('/own-commit').expect(503);
    expect(headers['set-cookie']).toBeUndefined();
  });

  it('leaves the failure to an exception filter if it takes its response in passthrough mode', async () => {
    await using scene = await begin();
    await scene.app.visitor().get('/passthrough').expect(503, { answeredBy: 'own filter' });
  });

  it('has its session stored with the response, and so are changes after that', async () => {
    await using scene = await begin();
    const visitor = scene.app.visitor();
    expect(setCookies(await visitor.get('/storable').expect(200, { ok: true }))).toHaveLength(1);
    await visitor.get('/behind').expect(200, { ok: true });
    await expect
      .poll(async () => (await visitor.get('/all').expect(200)).body)
      .toEqual({ visits: 1, behind: 1 });
    expect(scene.log).toEqual([]);
  });
});
