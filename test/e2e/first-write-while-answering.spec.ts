import { once } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:http2';
import { text as textOf } from 'node:stream/consumers';
import {
  Controller,
  Get,
  Inject,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type OnModuleInit,
  Param,
  Res,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import compress from '@fastify/compress';
import compression from 'compression';
import { csrfSync } from 'csrf-sync';
import express from 'express';
import { describe, expect, it } from 'vitest';
import {
  Session,
  SessionMiddleware,
  SessionModule,
  type SessionModuleOptions,
  type SessionRecord,
} from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { CountingDriver } from '../support/counting-driver.js';
import { HandlerApp } from '../support/handler-app.js';
import { type RawAnswer, rawRequest } from '../support/raw-request.js';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { PLATFORMS, type Platform, TestApp, UNHURRIED, setCookies } from '../support/test-app.js';
import { rawOf } from './endings.controller.js';

const visits = (): string => String(Session.increment('visits'));

/** Each looks up a method of the response, and then makes the first write to the session in its argument. */
const ANSWERS: Readonly<Record<string, (res: ServerResponse) => unknown>> = {
  end: (res) => res.end(visits()),
  write: (res) => [res.write(visits()), res.end()],
  writeHead: (res) => res.writeHead(200, { 'x-visits': visits() }).end('a page'),
  // The old name for it in Node up to 24, which its types do not have.
  writeHeader: (res) => [
    Reflect.apply(Object(Reflect.get(res, 'writeHeader')), res, [200, { 'x-visits': visits() }]),
    res.end('a page'),
  ],
  // It takes no argument, but JavaScript evaluates one anyway.
  flushHeaders: (res) => [
    Reflect.apply(Object(Reflect.get(res, 'flushHeaders')), res, [visits()]),
    res.end('a page'),
  ],
};

/** Node 26 has no `writeHeader` any more. */
const METHODS = Object.keys(ANSWERS).filter((name) => name in ServerResponse.prototype);

/** The body and the header `x-visits` of a second visit. */
const ARRIVES: Readonly<Record<string, [string, string | undefined]>> = {
  end: ['2', undefined],
  write: ['2', undefined],
  writeHead: ['a page', '2'],
  writeHeader: ['a page', '2'],
  flushHeaders: ['a page', undefined],
};

function answerBy(res: ServerResponse, method: string): void {
  // A type that compression compresses.
  res.setHeader('content-type', 'text/plain');
  ANSWERS[method]?.(res);
}

/** Resolves `written` when the first session is stored. */
class AnnouncingDriver extends CountingDriver {
  readonly written = new Deferred();

  override async write(id: string, record: SessionRecord): Promise<boolean> {
    const isStored = await super.write(id, record);
    this.written.resolve();
    return isStored;
  }
}

type ReplyOfEither = Parameters<typeof rawOf>[0];

@Controller()
class AnsweringController {
  @Get('handler/:method')
  handle(@Param('method') method: string, @Res() res: ReplyOfEither): void {
    res.hijack?.();
    answerBy(rawOf(res), method);
  }

  @Get('visits')
  visits(@Session('visits') count: unknown): object {
    return { visits: count };
  }
}

const answerInMiddleware = (
  { originalUrl, url }: IncomingMessage & { originalUrl?: string },
  res: ServerResponse,
  next: () => void,
): void => {
  const [, place, method] = (originalUrl ?? url ?? '').split('/');
  if (place === 'middleware') answerBy(res, method ?? '');
  else next();
};

@Module({})
class AnsweringMiddleware implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(answerInMiddleware).forRoutes('{*path}');
  }
}

/** Compression as Nest middleware: it wraps a response that is prepared for the gate already. */
@Module({})
class CompressingMiddleware implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(compression({ threshold: 0 })).forRoutes('{*path}');
  }
}

const WHERE = ['handler', 'middleware'] as const;

type Compressed = 'by the platform' | 'by Nest middleware';

function start(
  platform: Platform,
  options: Partial<SessionModuleOptions>,
  compressed?: Compressed,
): Promise<TestApp> {
  return TestApp.start(platform, {
    controllers: [AnsweringController],
    imports: [...(compressed === 'by Nest middleware' ? [CompressingMiddleware] : []), AnsweringMiddleware],
    options,
    configure: async (nest) => {
      if (compressed !== 'by the platform') return;
      // oxlint-disable typescript/no-unsafe-type-assertion -- the application was started on that platform
      if (platform === 'express') (nest as NestExpressApplication).use(compression({ threshold: 0 }));
      else await (nest as NestFastifyApplication).register(compress, { threshold: 0 });
      // oxlint-enable typescript/no-unsafe-type-assertion
    },
  });
}

/** The Cookie header of a client that got that response. */
const cookieFrom = (answer: RawAnswer): string =>
  setCookies(answer)
    .map((line) => line.split(';')[0])
    .join('; ');

describe.each(PLATFORMS)(
  'a response whose argument is the first write to its session, on %s,',
  (platform) => {
    const cases = WHERE.flatMap((place) => METHODS.map((method) => [method, place] as const));

    describe.each([
      ['memory', undefined],
      ['stealth', undefined],
      ['memory', 'by the platform'],
      ['stealth', 'by Nest middleware'],
    ] as const)('with %s, compressed: %s,', (driver, compressed) => {
      it.each(cases)('carries the cookie of the stored session: %s in a %s', async (method, place) => {
        await using app = await start(platform, { driver }, compressed);
        const headers = { 'accept-encoding': 'gzip' };
        const first = await rawRequest(`${app.url}/${place}/${method}`, { headers });
        expect([first.status, first.broken, setCookies(first).length]).toEqual([200, false, 1]);
        if (compressed === 'by Nest middleware' && (method === 'end' || method === 'write')) {
          expect(first.headers['content-encoding']).toBe('gzip');
        }
        const visitor = { cookie: cookieFrom(first) };
        const { body } = await rawRequest(`${app.url}/visits`, { headers: visitor });
        expect(JSON.parse(body)).toEqual({ visits: 1 });
        // Not compressed: what was written arrives as it was given.
        const second = await rawRequest(`${app.url}/${place}/${method}`, { headers: visitor });
        expect([second.body, second.headers['x-visits']]).toEqual(ARRIVES[method]);
      });
    });

    it.each(cases)('is a clean 503 if the store fails: %s in a %s', async (method, place) => {
      const driver = new ScriptedDriver();
      driver.moods = { write: 'failing' };
      await using app = await start(platform, {
        driver: 'scripted',
        drivers: { scripted: { useFactory: () => driver } },
      });
      const answer = await rawRequest(`${app.url}/${place}/${method}`);
      expect([answer.status, answer.broken, setCookies(answer)]).toEqual([503, false, []]);
      expect(JSON.parse(answer.body)).toEqual({ statusCode: 503, message: 'Service Unavailable' });
      expect(answer.headers['x-visits']).toBeUndefined();
      expect(driver.calls).toEqual(['write']);
    });

    it('carries the cookie if a plain Express application sends it', async () => {
      const legacy = express().use((_req, res) => void res.end(visits()));
      @Module({})
      class LegacyMiddleware implements NestModule {
        configure(consumer: MiddlewareConsumer): void {
          consumer.apply((req: never, res: never) => legacy(req, res)).forRoutes('{*path}');
        }
      }
      await using app = await TestApp.start(platform, { imports: [LegacyMiddleware] });
      const answer = await rawRequest(`${app.url}/`);
      expect([answer.body, setCookies(answer).length]).toEqual(['1', 1]);
    });

    it('arrives whole through compression that waits for the gate, not for a full socket', async () => {
      @Controller()
      class FlushingController {
        @Get('flushed')
        flushed(@Res() res: ReplyOfEither): void {
          res.hijack?.();
          const raw = rawOf(res);
          raw.setHeader('content-type', 'text/plain');
          raw.write(visits());
          Reflect.apply(Object(Reflect.get(raw, 'flush')), raw, []);
          void driver.written.promise.then(() => raw.end(' and the rest'));
        }
      }
      const driver = new AnnouncingDriver();
      await using app = await TestApp.start(platform, {
        controllers: [FlushingController],
        imports: [CompressingMiddleware],
        options: { driver: 'own', drivers: { own: { useFactory: () => driver } } },
      });
      const { text, headers } = await app.visitor().get('/flushed').buffer(true);
      expect([text, headers['content-encoding']]).toEqual(['1 and the rest', 'gzip']);
    });
  },
);

describe('a response whose argument is the first write to its session', () => {
  it('adds no property to a response of Express as long as nothing is written', async () => {
    await using app = await HandlerApp.start('express');
    const own = await app.visitor().in((session, { res }) => {
      const names = ['writeHead', 'write', 'end', 'flushHeaders'];
      const count = (): number => names.filter((name) => Object.hasOwn(Object(res), name)).length;
      session.get('nothing');
      return [count(), (session.put('a', 1), count())];
    });
    expect(own).toEqual([0, 4]);
  });

  it('carries the cookie over HTTP/2', async () => {
    const testing = await Test.createTestingModule({
      imports: [SessionModule.forRoot(UNHURRIED)],
      controllers: [AnsweringController],
    }).compile();
    // The adapter's options name HTTP/1 only; Fastify itself takes this one.
    const adapter = new FastifyAdapter(Object({ http2: true }));
    const warnings: string[] = [];
    const note = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', note);
    const app = testing.createNestApplication<NestFastifyApplication>(adapter, { logger: false });
    await app.listen(0, '127.0.0.1');
    const client = connect(await app.getUrl());
    try {
      // HTTP/2 never had the old name.
      for (const method of METHODS.filter((each) => each !== 'writeHeader')) {
        const stream = client.request({ ':path': `/handler/${method}` });
        const [headers] = await once(stream, 'response');
        expect([headers[':status'], headers['set-cookie']?.length]).toEqual([200, 1]);
        expect(await textOf(stream)).toMatch(/^(1|a page)$/);
      }
      // HTTP/2 has no status message, and Node warns when code reads one.
      expect(warnings.join()).not.toContain('Status message');
    } finally {
      process.off('warning', note);
      client.close();
      await app.close();
    }
  });

  it.each(['memory', 'stealth'])('carries the cookie with a token of csrf-sync, with %s', async (driver) => {
    const { generateToken, csrfSynchronisedProtection } = csrfSync();
    await using app = await TestApp.start('express', {
      controllers: [AnsweringController],
      options: { driver },
      configure: (nest) => {
        const sessions = nest.get(SessionMiddleware);
        nest.use(sessions.use.bind(sessions));
        nest.use('/token', (req: express.Request, res: express.Response) => {
          res.end(generateToken(req, true));
        });
        nest.use('/change', csrfSynchronisedProtection, (_req: unknown, res: ServerResponse) => {
          res.end('changed');
        });
      },
    });
    const visitor = app.visitor();
    const { text } = await visitor.get('/token').buffer(true).expect(200);
    expect(text).toMatch(/^[0-9a-f]{32,}$/);
    await visitor.post('/change').set('x-csrf-token', text).expect(200);
    await app.visitor().post('/change').set('x-csrf-token', text).expect(403);
  });

  it.each([
    ['both write', true],
    ['only the inner one writes', false],
  ])('carries the cookies of two applications, one mounted in the other, if %s', async (_case, both) => {
    const options = (name: string) => ({ cookie: { name } });
    await using inner = await TestApp.start('express', {
      controllers: [AnsweringController],
      options: options('inner'),
    });
    @Module({})
    class Mounting implements OnModuleInit {
      constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

      onModuleInit(): void {
        this.host.httpAdapter.use((_req: unknown, _res: unknown, next: () => void) => {
          if (both) visits();
          next();
        });
        this.host.httpAdapter.use('/below', inner.app.getHttpAdapter().getInstance());
      }
    }
    await using outer = await TestApp.start('express', { imports: [Mounting], options: options('outer') });
    for (const method of METHODS) {
      const answer = await rawRequest(`${outer.url}/below/handler/${method}`);
      const names = setCookies(answer).map((line) => line.split('=')[0]);
      expect([answer.status, names.length]).toEqual([200, both ? 2 : 1]);
      expect(new Set(names)).toEqual(new Set(both ? ['inner', 'outer'] : ['inner']));
    }
  });
});
