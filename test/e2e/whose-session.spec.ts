import { AsyncResource } from 'node:async_hooks';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Inject,
  ImATeapotException,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestInterceptor,
  type NestModule,
  type OnModuleInit,
  type PipeTransform,
  Query,
  Req,
  Res,
  Session as NestSession,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import mysql from 'mysql2';
import passport from 'passport';
import pg from 'pg';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Flash, type FlashMessages, NoSessionError, Session, SessionModule } from 'nestjs-session-kit';
import { describeWith, type Piece, sharedServer } from '../servers/index.js';
import { PLATFORMS, SECRET, TestApp, setCookies } from '../support/test-app.js';

/** A connection that all visitors share, opened by the first request: its callbacks run in that request's context. */
interface Shared {
  ask(callback: () => void): void;
  close(): Promise<void> | void;
}

async function openSocket(): Promise<Shared> {
  const server: Server = createServer((each) => each.pipe(each));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  let socket: Socket | undefined;
  const waiting: (() => void)[] = [];
  return {
    ask(callback) {
      socket ??= connect(port, '127.0.0.1').on('data', (data) => {
        for (let answers = data.length; answers > 0; answers -= 1) waiting.shift()?.();
      });
      waiting.push(callback);
      socket.write('?');
    },
    close() {
      socket?.destroy();
      server.close();
    },
  };
}

async function openPostgres(): Promise<Shared> {
  const pool = new pg.Pool({ connectionString: (await sharedServer('postgres')).url, max: 1 });
  return {
    ask(callback) {
      pool.query('SELECT 1', () => callback());
    },
    close: () => pool.end(),
  };
}

async function openMariadb(): Promise<Shared> {
  const pool = mysql.createPool({ uri: (await sharedServer('mariadb')).url, connectionLimit: 1 });
  return {
    ask: (callback) => void pool.query('SELECT 1', () => callback()),
    close: () => new Promise((resolve) => pool.end(() => resolve())),
  };
}

const CONNECTIONS: readonly (readonly [string, readonly Piece[], () => Promise<Shared>])[] = [
  ['a plain socket', [], openSocket],
  ['a pool of pg', ['postgres'], openPostgres],
  ['a pool of mysql2', ['mariadb'], openMariadb],
];

let shared: Shared;

const userBySession = (): unknown => Session.get('user', null);

@Injectable()
class Service {
  who(): unknown {
    return userBySession();
  }
}

interface SeenRequest {
  readonly session: { get(key: string, fallback: null): unknown };
  seen?: Record<string, unknown>;
}

const note = (req: SeenRequest, where: string): void => void ((req.seen ??= {})[where] = userBySession());

@Injectable()
class NotingGuard implements CanActivate {
  canActivate(context: Parameters<CanActivate['canActivate']>[0]): boolean {
    note(context.switchToHttp().getRequest(), 'guard');
    return true;
  }
}

@Injectable()
class NotingInterceptor implements NestInterceptor {
  intercept(context: Parameters<NestInterceptor['intercept']>[0], next: CallHandler) {
    note(context.switchToHttp().getRequest(), 'interceptor');
    return next.handle();
  }
}

@Injectable()
class NotingPipe implements PipeTransform {
  transform(): unknown {
    return userBySession();
  }
}

@Catch(ImATeapotException)
class NotingFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    const res: { status(code: number): { send(body: object): void } } = host.switchToHttp().getResponse();
    res.status(418).send({ who: userBySession() });
  }
}

@Controller()
class WhoController {
  constructor(private readonly service: Service) {}

  @Get('in')
  signIn(@Session() session: Session, @Query('user') user: string) {
    session.regenerate().put({ user, passport: { user } }).flash('status', `Hello, ${user}.`);
    return {};
  }

  @Get('me')
  @UseGuards(NotingGuard)
  @UseInterceptors(NotingInterceptor)
  me(
    @Session() session: Session,
    @Session('user') value: unknown,
    @Flash() messages: FlashMessages,
    @NestSession() own: Session,
    @Query('x', NotingPipe) pipe: unknown,
    @Req() req: SeenRequest,
  ) {
    return {
      parameter: session.get('user', null),
      value: value ?? null,
      message: messages.get('status', null),
      own: own.get('user', null),
      request: req.session.get('user', null),
      service: this.service.who(),
      pipe,
      ...req.seen,
    };
  }

  @Get('facade')
  facade() {
    return { who: this.service.who() };
  }

  @Get('write')
  write(@Query('value') value: string) {
    Session.put('note', value);
    return {};
  }

  @Get('note')
  note(@Session() session: Session) {
    return { note: session.get('note', null) };
  }

  @Get('throw')
  @UseFilters(NotingFilter)
  throw() {
    throw new ImATeapotException();
  }

  /** Answers from within the callback. */
  @Get('callback')
  async callback(@Session() session: Session, @Res() res: { redirect(url: string): void }) {
    await new Promise<void>((resolve) => {
      shared.ask(() => {
        session.put('redirected', true).flash('status', 'Redirected.');
        res.redirect('/me');
        resolve();
      });
    });
  }

  /** What the facade gives in the callback, and in one that was bound to its request. */
  @Get('late')
  async late() {
    const bound = AsyncResource.bind(userBySession);
    return new Promise((resolve) => {
      shared.ask(() => {
        let unbound: unknown;
        try {
          unbound = userBySession();
        } catch (error) {
          unbound = [
            error instanceof NoSessionError,
            /@Session\(\).*AsyncResource\.bind/.test(String(error)),
          ];
        }
        resolve({ unbound, bound: bound() });
      });
    });
  }
}

type Middleware = (req: object, res: unknown, next: () => void) => void;

const WAYS: Record<string, () => Middleware[]> = {
  'middleware that goes on in its callback': () => [(_req, _res, next) => shared.ask(() => next())],
  'middleware that reads the body by hand and goes on at its end': () => [
    (_req, _res, next) => shared.ask(() => next()),
    (req, _res, next) => {
      if (!('resume' in req && 'once' in req)) throw new TypeError('no stream');
      Reflect.apply(Object(req.once), req, ['end', next]);
      Reflect.apply(Object(req.resume), req, []);
    },
  ],
  'Passport whose deserializeUser asks it': () => {
    const own = new passport.Passport();
    own.deserializeUser((id, done) => shared.ask(() => done(null, { id })));
    return [own.initialize(), own.session()];
  },
};

describe.each(PLATFORMS)('whose session a request gets on %s', (platform) => {
  for (const [connection, pieces, open] of CONNECTIONS) {
    describeWith(pieces, `behind ${connection} that visitors share`, () => {
      describe.each(Object.keys(WAYS))('with %s', (way) => {
        let app: TestApp;

        @Module({})
        class AskingModule implements NestModule {
          configure(consumer: MiddlewareConsumer): void {
            consumer.apply(...(WAYS[way]?.() ?? [])).forRoutes('{*path}');
          }
        }

        beforeAll(async () => {
          shared = await open();
          app = await TestApp.start(platform, {
            imports: [AskingModule],
            controllers: [WhoController],
            providers: [Service],
          });
        });
        afterAll(async () => {
          await app[Symbol.asyncDispose]();
          await shared.close();
        });

        it('is its own, by every way to access it', async () => {
          const [ann, bob, stranger] = [app.visitor(), app.visitor(), app.visitor()];
          await ann.get('/in?user=ann').expect(200);
          await bob.get('/in?user=bob').expect(200);
          for (const [visitor, name] of [
            [ann, 'ann'],
            [bob, 'bob'],
            [stranger, null],
          ] as const) {
            const everywhere = Object.fromEntries(
              ['parameter', 'value', 'own', 'request', 'service', 'pipe', 'guard', 'interceptor'].map(
                (where) => [where, name],
              ),
            );
            const message = name === null ? null : `Hello, ${name}.`;
            await visitor.get('/me').expect(200, { ...everywhere, message });
            await visitor.get('/facade').expect(200, { who: name });
            await visitor.get('/throw').expect(418, { who: name });
          }
        });

        it('is what a handler writes to, and what the cookie of the response belongs to', async () => {
          const [ann, bob] = [app.visitor(), app.visitor()];
          await ann.get('/in?user=ann');
          expect(setCookies(await bob.get('/write?value=mine').expect(200))).toHaveLength(1);
          await ann.get('/note').expect(200, { note: null });
          await bob.get('/note').expect(200, { note: 'mine' });
        });

        it('is committed if the callback answers', async () => {
          const [ann, bob] = [app.visitor(), app.visitor()];
          await ann.get('/in?user=ann');
          const redirected = await bob.get('/callback').redirects(0);
          expect(redirected.headers['location']).toBe('/me');
          expect(setCookies(redirected)).toHaveLength(1);
          expect((await bob.get('/me')).body).toMatchObject({ message: 'Redirected.', parameter: null });
        });

        it('is not replaced by that of an answered request in the facade, whose error says what to do', async () => {
          const [ann, bob] = [app.visitor(), app.visitor()];
          await ann.get('/in?user=ann');
          await bob.get('/in?user=bob');
          const { body } = await bob.get('/late').expect(200);
          expect(body).toMatchObject({ bound: 'bob' });
          expect([[true, true], 'bob']).toContainEqual(body.unbound);
        });
      });
    });
  }
});

const namesOf = (response: request.Response): (string | undefined)[] =>
  setCookies(response)
    .map((each) => each.split('=')[0])
    .toSorted((one, other) => String(one).localeCompare(String(other)));

describe('two applications, one mounted below the other', () => {
  it('have a session and a cookie each for a request that passes both', async () => {
    @Controller()
    class InnerController {
      @Get('count')
      count(@Session() session: Session) {
        return { inner: session.increment('count'), facade: Session.get('count') };
      }
    }
    @Controller()
    class OuterController {
      @Get('count')
      count(@Session() session: Session) {
        return { outer: session.increment('count'), facade: Session.get('count') };
      }
    }
    @Module({
      imports: [SessionModule.forRoot({ secret: SECRET, driver: 'memory', cookie: { name: 'inner' } })],
      controllers: [InnerController],
    })
    class InnerModule {}

    @Module({
      imports: [SessionModule.forRoot({ secret: SECRET, driver: 'memory', cookie: { name: 'outer' } })],
      controllers: [OuterController],
    })
    class OuterModule implements OnModuleInit {
      constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

      onModuleInit(): void {
        const counting: Middleware = (_req, _res, next) => {
          Session.increment('passed');
          next();
        };
        this.host.httpAdapter.use(counting);
        this.host.httpAdapter.use('/below', inner.getHttpAdapter().getInstance());
      }
    }
    const inner = await NestFactory.create<NestExpressApplication>(InnerModule, { logger: false });
    await inner.init();
    const outer = await NestFactory.create<NestExpressApplication>(OuterModule, { logger: false });
    await outer.listen(0, '127.0.0.1');
    try {
      const url = (await outer.getUrl()).replace('[::1]', '127.0.0.1');
      const visitor = request.agent(url);
      await visitor.get('/count').expect(200, { outer: 1, facade: 1 });
      const below = await visitor.get('/below/count').expect(200, { inner: 1, facade: 1 });
      expect(namesOf(below)).toEqual(['inner']);
      await visitor.get('/below/count').expect(200, { inner: 2, facade: 2 });
      await visitor.get('/count').expect(200, { outer: 2, facade: 2 });
      const newcomer = await request(url).get('/below/count').expect(200, { inner: 1, facade: 1 });
      // The outer application writes to its own session for this request, in its own middleware.
      expect(namesOf(newcomer)).toEqual(['inner', 'outer']);
    } finally {
      await outer.close();
      await inner.close();
    }
  });
});
