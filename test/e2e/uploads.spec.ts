import { once } from 'node:events';
import { Agent, type ClientRequest, request as httpRequest } from 'node:http';
import { connect } from 'node:http2';
import { json } from 'node:stream/consumers';
import multipart from '@fastify/multipart';
import {
  Controller,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Post,
  Req,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { FileInterceptor } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import type { RequestHandler } from 'express';
import multer, { type StorageEngine } from 'multer';
import { Session, SessionModule } from 'nestjs-session-kit';
import { beforeEach, describe, expect, it } from 'vitest';
import { LiveVisitors, who } from '../support/live-visitors.js';
import { type Platform, type TestApplication, TestApp, UNHURRIED, setCookies } from '../support/test-app.js';

const live = new LiveVisitors();

/** Calls a connection that visitors share, and continues when it has answered. */
let ask = live.ask;

/** Makes it answer by itself, without another request. */
const answerAlone = (): void => {
  ask = (callback) => void setImmediate(callback);
};

/** Stores files over a connection that visitors share: it continues in the context of another request. */
const shared: StorageEngine = {
  _handleFile(_req, file, done) {
    file.stream.resume();
    file.stream.on('end', () => ask(() => done(null, {})));
  },
  _removeFile: (_req, _file, done) => done(null),
};

interface Parts {
  parts(): AsyncIterable<{ readonly type: string; toBuffer?(): Promise<Buffer> }>;
}

const seen = (session: Session) => {
  session.increment('uploads');
  return { session: session.get('user', null), facade: who() };
};

@Controller()
class InterceptorController {
  @Post('upload')
  @UseInterceptors(FileInterceptor('picture', { storage: shared }))
  upload(@Session() session: Session) {
    return seen(session);
  }
}

@Controller()
class PlainController {
  @Post('upload')
  upload(@Session() session: Session) {
    return seen(session);
  }
}

/** Reads the parts of the body itself. */
@Controller()
class PartsController {
  @Post('upload')
  async upload(@Session() session: Session, @Req() req: Parts) {
    const between: unknown[] = [];
    for await (const part of req.parts()) {
      if (part.toBuffer !== undefined) await part.toBuffer();
      await new Promise<void>((resolve) => ask(resolve));
      between.push(who());
    }
    const { session: user, facade } = seen(session);
    return { session: user, facade: between.every((each) => each === facade) ? facade : between };
  }
}

/** Applied as Nest applies middleware. */
const middleware = (...handlers: RequestHandler[]): Type => {
  @Module({})
  class UploadModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(...handlers).forRoutes('upload');
    }
  }
  return UploadModule;
};

function isFastify(app: TestApplication): app is NestFastifyApplication {
  return app.getHttpAdapter().getType() === 'fastify';
}

const withMultipart =
  (options: object) =>
  async (app: TestApplication): Promise<void> => {
    if (isFastify(app)) await app.register(multipart, options);
  };

interface Way {
  readonly platform: Platform;
  readonly controller: Type;
  readonly imports?: Type[];
  readonly configure?: (app: TestApplication) => Promise<void>;
}

const WAYS: Record<string, Way> = {
  'multer as an interceptor': { platform: 'express', controller: InterceptorController },
  'multer as middleware': {
    platform: 'express',
    controller: PlainController,
    imports: [middleware(multer({ storage: shared }).any())],
  },
  'multer as middleware, and more of it after that': {
    platform: 'express',
    controller: PlainController,
    imports: [middleware(multer({ storage: shared }).any(), (_req, _res, next) => ask(() => next()))],
  },
  '@fastify/multipart that attaches to the body': {
    platform: 'fastify',
    controller: PlainController,
    configure: withMultipart({
      attachFieldsToBody: 'keyValues',
      onFile: (part: { toBuffer(): Promise<Buffer> }) =>
        new Promise((resolve) => ask(() => resolve(part.toBuffer()))),
    }),
  },
  '@fastify/multipart in the handler': {
    platform: 'fastify',
    controller: PartsController,
    configure: withMultipart({}),
  },
};

const TYPE = 'multipart/form-data; boundary=part';

/** A form with a field and a file, in two pieces that arrive one after the other. */
const PIECES = [
  '--part\r\nContent-Disposition: form-data; name="name"\r\n\r\nAda\r\n--part\r\nContent-Disposition: form-data; ' +
    'name="picture"; filename="picture.png"\r\nContent-Type: image/png\r\n\r\nhalf of ',
  'a picture\r\n--part--\r\n',
] as const;

const start = ({ platform, controller, imports = [], configure }: Way) =>
  TestApp.start(platform, {
    controllers: [controller, live.controller],
    imports,
    ...(configure === undefined ? {} : { configure }),
  });

const cookieOf = (response: { headers: Record<string, unknown> }): string =>
  setCookies(response)[0]?.split(';')[0] ?? '';

describe.each(Object.entries(WAYS))('whose session an upload gets, with %s', (_name, way) => {
  beforeEach(() => {
    ask = live.ask;
  });

  it('is its own, even if the file goes to a connection that another visitor’s request has opened', async () => {
    await using app = await start(way);
    const response = await live.asBob(app.url, (bob) =>
      bob.post('/upload').set('Content-Type', TYPE).send(PIECES.join('')),
    );
    expect(response.body).toEqual({ session: 'bob', facade: 'bob' });
  });
});

describe.each(Object.entries(WAYS))('whose session a late upload gets, with %s', (_name, way) => {
  beforeEach(answerAlone);
  it('is its own, whichever visitor had the connection before', async () => {
    await using app = await start(way);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = (cookie: string): ClientRequest =>
      httpRequest(`${app.url}/upload`, { method: 'POST', agent, headers: { cookie, 'content-type': TYPE } });
    for (const user of ['ann', 'bob', null, 'eve']) {
      const cookie = user === null ? '' : cookieOf(await app.request.get(`/in?user=${user}`));
      const asked = post(cookie);
      asked.write(PIECES[0]);
      await new Promise((resolve) => setImmediate(resolve));
      asked.end(PIECES[1]);
      const [response] = await once(asked, 'response');
      expect(await json(response)).toEqual({ session: user, facade: user });
    }
    agent.destroy();
  });
});

describe('whose session an upload gets by HTTP/2', () => {
  beforeEach(answerAlone);

  it.each([
    ['that is attached to the body', PlainController, { attachFieldsToBody: 'keyValues' }],
    ['that the handler reads', PartsController, {}],
  ])('is its own, of several on one connection, %s', async (_how, controller, options) => {
    const testing = await Test.createTestingModule({
      imports: [SessionModule.forRoot(UNHURRIED)],
      controllers: [controller, live.controller],
    }).compile();
    // The adapter's options name HTTP/1 only; Fastify itself takes this one.
    const adapter = new FastifyAdapter(Object({ http2: true }));
    const app = testing.createNestApplication<NestFastifyApplication>(adapter, { logger: false });
    await withMultipart(options)(app);
    await app.listen(0, '127.0.0.1');
    const client = connect(await app.getUrl());
    try {
      const cookies: [string | null, string][] = [[null, '']];
      for (const user of ['ann', 'bob', 'eve']) {
        const stream = client.request({ ':path': `/in?user=${user}` });
        const [headers] = await once(stream, 'response');
        stream.resume();
        cookies.push([user, cookieOf({ headers })]);
      }
      const streams = cookies.map(([user, cookie]) => {
        const stream = client.request({
          ':path': '/upload',
          ':method': 'POST',
          'content-type': TYPE,
          cookie,
        });
        stream.write(PIECES[0]);
        return [user, stream] as const;
      });
      await new Promise((resolve) => setImmediate(resolve));
      // In reverse order.
      for (const [user, stream] of streams.toReversed()) {
        stream.end(PIECES[1]);
        expect(await json(stream)).toEqual({ session: user, facade: user });
      }
    } finally {
      client.close();
      await app.close();
    }
  });
});
