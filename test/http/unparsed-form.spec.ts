import { once } from 'node:events';
import { connect } from 'node:http2';
import multipart from '@fastify/multipart';
import { Controller, Get, Logger, Post, UseFilters } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type request from 'supertest';
import { FormErrorsFilter, InvalidFormException, Session, SessionModule } from 'nestjs-session-kit';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { PLATFORMS, type Platform, TestApp, type TestApplication, UNHURRIED } from '../support/test-app.js';

const warnings: string[] = [];

beforeEach(() => {
  warnings.length = 0;
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((line) => void warnings.push(String(line)));
  return () => vi.restoreAllMocks();
});

@Controller()
class FormController {
  @Post('all')
  all(@Session() session: Session) {
    session.flashAll();
    return {};
  }

  @Post('only')
  only(@Session() session: Session) {
    session.flashOnly('name');
    return {};
  }

  @Post('except')
  except(@Session() session: Session) {
    session.flashExcept('comment');
    return {};
  }

  @Post('refused')
  @UseFilters(new FormErrorsFilter({ form: '/form' }))
  refused() {
    throw new InvalidFormException({ name: 'Give a name.' });
  }

  @Post('nothing')
  nothing(@Session() session: Session) {
    session.flash('status', 'Saved.');
    return {};
  }

  @Get('read')
  read(@Session() session: Session) {
    session.flashAll();
    return {};
  }
}

const isFastify = (app: TestApplication): app is NestFastifyApplication =>
  app.getHttpAdapter().getType() === 'fastify';

/** Parses no field of a multipart form, and only reads its files when asked. */
async function configure(app: TestApplication): Promise<void> {
  if (isFastify(app)) await app.register(multipart);
}

const start = (platform: Platform) => TestApp.start(platform, { controllers: [FormController], configure });

const withFile = (test: request.Test): request.Test =>
  test.field('name', 'Ada').attach('picture', Buffer.from('bytes'), 'picture.png');

const MULTIPART =
  'A form was to be flashed, but nothing has parsed the body of the request (multipart/form-data): no field of it is kept. ' +
  'On Express, put an interceptor of Multer on the handler';

describe.each(PLATFORMS)('a form whose body nothing has parsed, on %s,', (platform) => {
  it.each(['all', 'only', 'except', 'refused'])('is said in the log by /%s, once', async (path) => {
    await using app = await start(platform);
    for (let count = 0; count < 2; count++) await withFile(app.request.post(`/${path}`).accept('html'));
    expect(warnings).toEqual([expect.stringContaining(MULTIPART)]);
    expect(warnings[0]).toContain("register @fastify/multipart with attachFieldsToBody: 'keyValues'");
    expect(warnings[0]).toMatch(/ Said once\.$/);
  });

  it('is not spoken of where nothing of it is to be flashed', async () => {
    await using app = await start(platform);
    await withFile(app.request.post('/nothing')).expect(201);
    expect(warnings).toEqual([]);
  });

  it.each<[string, (app: TestApp) => request.Test]>([
    ['an empty object', ({ request: sent }) => sent.post('/all').send({})],
    ['an empty form', ({ request: sent }) => sent.post('/all').type('form').set('content-length', '0')],
    ['no body', ({ request: sent }) => sent.post('/all')],
    ['no body, of a visit', ({ request: sent }) => sent.get('/read')],
    ['a parsed form', ({ request: sent }) => sent.post('/all').type('form').send('name=Ada')],
  ])('is not what a request has that sends %s', async (_what, send) => {
    await using app = await start(platform);
    expect((await send(app)).status).toBeLessThan(300);
    expect(warnings).toEqual([]);
  });
});

describe('a body that is no form', () => {
  it('does not use up the warning about forms, whatever visitors send', async () => {
    await using app = await start('express');
    for (const type of ['application/xml', 'x/y\u00e4', 'text/csv'])
      await app.request.post('/all').set('content-type', type).send('text').expect(201);
    await withFile(app.request.post('/all')).expect(201);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('(of another type than forms have)');
    expect(warnings[1]).toContain(MULTIPART);
  });

  it('but was parsed is not spoken of', async () => {
    await using app = await start('fastify');
    await app.request.post('/all').set('content-type', 'text/plain').send('text').expect(201);
    await app.request.post('/all').set('content-type', 'application/json').send('null').expect(201);
    expect(warnings).toEqual([]);
  });

  it('is none that a parser should know, if it came with GET or has no type', async () => {
    await using express = await start('express');
    await express.request.post('/all').set('transfer-encoding', 'chunked').expect(201);
    await using fastify = await start('fastify');
    await fastify.request.get('/read').send({ name: 'Ada' }).expect(200);
    expect(warnings).toEqual([]);
  });

  it('is recognized over HTTP/2, where no header has to announce it', async () => {
    const testing = await Test.createTestingModule({
      imports: [SessionModule.forRoot({ ...UNHURRIED })],
      controllers: [FormController],
    }).compile();
    const app = testing.createNestApplication<NestFastifyApplication>(
      new FastifyAdapter(Object({ http2: true })),
      { logger: false },
    );
    await configure(app);
    await app.listen(0, '127.0.0.1');
    const client = connect((await app.getUrl()).replace('[::1]', '127.0.0.1'));
    try {
      const post = async (body: string | null): Promise<void> => {
        const sent = client.request(
          { ':method': 'POST', ':path': '/all', 'content-type': 'multipart/form-data; boundary=x' },
          { endStream: body === null },
        );
        if (body !== null) sent.end(body);
        sent.resume();
        await once(sent, 'close');
      };
      await post(null);
      expect(warnings).toEqual([]);
      await post('--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nAda\r\n--x--\r\n');
      expect(warnings).toEqual([expect.stringContaining(MULTIPART)]);
    } finally {
      client.destroy();
      await app.close();
    }
  });
});
