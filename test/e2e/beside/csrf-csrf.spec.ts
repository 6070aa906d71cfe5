import { Body, Controller, Get, Post, Req, Res } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import cookieParser from 'cookie-parser';
import { doubleCsrf } from 'csrf-csrf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session, SessionManager, SessionMiddleware } from 'nestjs-session-kit';
import { PLATFORMS, TestApp, setCookies } from '../../support/test-app.js';

@Controller()
class FormController {
  @Get('form')
  form(@Req() req: { csrfToken(): string }) {
    return { token: req.csrfToken() };
  }

  @Post('form')
  save(@Session() session: Session, @Body('name') name: string) {
    session.put('name', name);
    return { id: session.id };
  }

  @Get('page')
  page(@Session() session: Session) {
    return { id: session.id };
  }
}

function protect(nest: NestExpressApplication): void {
  const { doubleCsrfProtection } = doubleCsrf({
    getSecret: () => 'a secret of the forms',
    getSessionIdentifier: (req) => Reflect.get(req, 'sessionID'),
    cookieName: 'form',
    cookieOptions: { secure: false },
  });
  const sessions = nest.get(SessionMiddleware);
  nest.use(sessions.use.bind(sessions), cookieParser(), doubleCsrfProtection);
}

describe.each(['memory', 'stealth'])('csrf-csrf, unmodified, with %s,', (driver) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start('express', {
      controllers: [FormController],
      options: { driver },
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the application was started on Express
      configure: (nest) => protect(nest as NestExpressApplication),
    });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const post = (visitor: ReturnType<TestApp['visitor']>, token: unknown) =>
    visitor.post('/form').set('x-csrf-token', String(token)).send({ name: 'Ada' });

  it("accepts a first visitor's form, under the id that its token was made from", async () => {
    const visitor = app.visitor();
    const { body } = await visitor.get('/form').expect(200);
    const { id } = (await visitor.get('/page')).body;
    const saved = await post(visitor, body.token).expect(201);
    expect(saved.body.id).toBe(id);
  });

  it('lets nobody else use its token', async () => {
    const { body } = await app.visitor().get('/form').expect(200);
    const other = app.visitor();
    await other.get('/form').expect(200);
    await post(other, body.token).expect(403);
    await post(app.visitor(), body.token).expect(403);
  });

  it('begins no session if no token is made', async () => {
    const response = await app.visitor().get('/page').expect(200);
    expect(setCookies(response)).toEqual([]);
  });
});

/** What Express's response and Fastify's reply have in common. */
interface Response {
  header(name: string, value: string): unknown;
}

@Controller()
class TokenController {
  @Get('looked-at')
  lookedAt(@Session() session: Session) {
    return { id: session.id };
  }

  @Get('cookie-of-its-own')
  cookie(@Res({ passthrough: true }) res: Response) {
    res.header('set-cookie', 'language=en');
    return {};
  }

  @Get('told')
  told(@Session() session: Session, @Res({ passthrough: true }) res: Response) {
    res.header('set-cookie', `token=${session.id.length}`);
    return { id: session.id };
  }

  @Get('told-signed')
  signed(@Session() session: Session, @Res({ passthrough: true }) res: Response) {
    res.header('set-cookie', `token=${session.signedId.length}`);
    return {};
  }

  @Get('told-then-destroyed')
  async destroyed(@Session() session: Session, @Res({ passthrough: true }) res: Response) {
    res.header('set-cookie', `token=${session.id.length}`);
    await session.destroy();
    return {};
  }

  @Get('told-read-only')
  async readOnly(@Session() session: Session, @Res({ passthrough: true }) res: Response) {
    await session.initiate(true);
    res.header('set-cookie', `token=${session.id.length}`);
    return {};
  }
}

describe.each(PLATFORMS)('on %s, the id of a visitor without a session', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(platform, { controllers: [TokenController] });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it('stays the id in the next request if a cookie was made from it', async () => {
    const visitor = app.visitor();
    const told = await visitor.get('/told').expect(200);
    expect(setCookies(told)).toEqual(['token=43', expect.stringMatching(/^session=/)]);
    await visitor.get('/looked-at').expect(200, { id: told.body.id });
    expect(await app.get(SessionManager).read(told.body.id)).not.toBeNull();
  });

  it('begins a session too if it was read as signedId', async () => {
    expect(setCookies(await app.visitor().get('/told-signed').expect(200))).toHaveLength(2);
  });

  it('begins a session too in place of one that has ended', async () => {
    const visitor = app.visitor();
    const ended = await visitor.get('/told').expect(200);
    await app.get(SessionManager).destroy(ended.body.id);
    const told = await visitor.get('/told').expect(200);
    expect(told.body.id).not.toBe(ended.body.id);
    await visitor.get('/looked-at').expect(200, { id: told.body.id });
  });

  it.each(['looked-at', 'cookie-of-its-own', 'told-then-destroyed', 'told-read-only'])(
    'begins no session if it is %s',
    async (path) => {
      const response = await app.visitor().get(`/${path}`).expect(200);
      expect(setCookies(response).filter((cookie) => cookie.startsWith('session='))).toEqual([]);
    },
  );
});
