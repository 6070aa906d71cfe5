import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import {
  type ArgumentsHost,
  BadRequestException,
  type CallHandler,
  type CanActivate,
  Catch,
  ConflictException,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  GoneException,
  Header,
  HttpCode,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestInterceptor,
  type NestModule,
  NotFoundException,
  type PipeTransform,
  Query,
  Redirect,
  Req,
  RequestTimeoutException,
  Res,
  Sse,
  StreamableFile,
  type Type,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import fc from 'fast-check';
import {
  EMPTY,
  Observable,
  catchError,
  concat,
  concatMap,
  defer,
  finalize,
  from,
  map,
  mergeMap,
  of,
  race,
  retry,
  throwError,
  toArray,
} from 'rxjs';
import { Session, SessionInterceptor } from 'nestjs-session-kit';
import type { Platform } from './test-app.js';
import {
  type Deeds,
  type Part,
  type RequestNotes,
  areSync,
  deeds,
  isSync,
  doDeeds,
  pass,
  rawOf,
} from './session-writes.js';

const MIDDLEWARE = ['pass', 'answer', 'head', 'chunks', 'throw', 'next'] as const;
const GUARDS = ['true', 'promise', 'observable', 'false', 'throw'] as const;
const PIPES = ['pass', 'promise', 'throw'] as const;
const INTERCEPTORS = [
  'pass',
  'delay',
  'map',
  'retry',
  'replace',
  'throw',
  'catch',
  'timeout',
  'own',
  'list',
  'finalize',
  'promise',
] as const;
const FILTERS = ['base', 'body', 'redirect', 'raw'] as const;
const VALUES = [
  'object',
  'text',
  'undefined',
  'null',
  'number',
  'buffer',
  'of',
  'several',
  'empty',
  'file',
  'stream',
  'broken',
  'gone',
  'error',
  'url',
  'failing',
  'large',
] as const;
const ANSWERS = [
  'send',
  'json',
  'end',
  'head',
  'chunks',
  'pipe',
  'redirect',
  'status',
  'later',
  'flush',
] as const;

const ROUTES = ['value', 'code', 'none', 'redirect', 'passthrough', 'res', 'sse', 'missing'] as const;

/** One request to the application, and what its parts do with it. */
export interface Plan {
  readonly method: 'GET' | 'HEAD';
  readonly route: (typeof ROUTES)[number];
  readonly hasParameter: boolean;
  readonly isConditional: boolean;
  readonly middleware: Part<(typeof MIDDLEWARE)[number]>;
  readonly globalGuard: Part<(typeof GUARDS)[number]>;
  readonly guard: Part<(typeof GUARDS)[number]>;
  readonly pipe: Part<(typeof PIPES)[number]>;
  readonly globalInterceptor: Part<(typeof INTERCEPTORS)[number]>;
  readonly interceptor: Part<(typeof INTERCEPTORS)[number]>;
  readonly behind: Deeds;
  readonly handler: Part<(typeof VALUES)[number]>;
  readonly answer: (typeof ANSWERS)[number];
  readonly during: Deeds;
  readonly filter: Part<(typeof FILTERS)[number]>;
}

const part = <Kind extends string>(usual: Kind, kinds: readonly Kind[]): fc.Arbitrary<Part<Kind>> =>
  fc
    .tuple(
      deeds,
      fc.oneof(
        { weight: 3, arbitrary: fc.constant(usual) },
        { weight: 1, arbitrary: fc.constantFrom(...kinds) },
      ),
    )
    .map(([done, kind]) => ({ ...done, kind }));

const anyOf = <Kind extends string>(kinds: readonly Kind[]): fc.Arbitrary<Part<Kind>> =>
  fc.tuple(deeds, fc.constantFrom(...kinds)).map(([done, kind]) => ({ ...done, kind }));

const anyPlan: fc.Arbitrary<Plan> = fc.record({
  method: fc.oneof({ weight: 4, arbitrary: fc.constant('GET' as const) }, fc.constant('HEAD' as const)),
  route: fc.constantFrom(...ROUTES),
  hasParameter: fc.boolean(),
  isConditional: fc.boolean(),
  middleware: fc.oneof(
    { weight: 9, arbitrary: part('pass', ['pass']) },
    { weight: 1, arbitrary: part('pass', MIDDLEWARE) },
  ),
  globalGuard: part('true', ['true', 'promise', 'observable']),
  guard: part('true', GUARDS),
  pipe: part('pass', PIPES),
  globalInterceptor: part('pass', INTERCEPTORS),
  interceptor: part('pass', INTERCEPTORS),
  behind: deeds,
  handler: anyOf(VALUES),
  answer: fc.constantFrom(...ANSWERS),
  during: deeds,
  filter: anyOf(FILTERS),
});

const FAILING: readonly string[] = ['throw', 'timeout', 'broken', 'gone', 'error', 'failing'];

/**
 * What comes before Nest's own `setTimeout(0)` has sent the head of an event stream, and what after it, depends on time: a
 * failure is answered by filters or with an event, a HEAD request calls the handler or does not. Such streams come at
 * once.
 */
function withSteadyEvents(any: Plan): Plan {
  const { route, globalInterceptor, interceptor, handler } = any;
  const parts = [globalInterceptor, interceptor, handler];
  const isHead = any.method === 'HEAD';
  if (route !== 'sse' || !(isHead || parts.some(({ kind }) => FAILING.includes(kind)))) return any;
  const atOnce = <Own extends Deeds>(own: Own): Own => ({
    ...own,
    late: 0,
    writes: own.writes.filter(isSync),
  });
  const inTime = (own: Plan['interceptor']): Plan['interceptor'] =>
    atOnce(own.kind === 'timeout' ? { ...own, kind: 'pass' } : own);
  // With `@Session()`, events wait for the store.
  const failsBehind =
    isHead ||
    handler.kind === 'broken' ||
    [globalInterceptor, interceptor].some(({ kind }) => kind === 'throw');
  return {
    ...any,
    hasParameter: any.hasParameter && !failsBehind,
    globalInterceptor: inTime(globalInterceptor),
    interceptor: inTime(interceptor),
    handler: atOnce(handler),
    behind: atOnce(any.behind),
    during: atOnce(any.during),
  };
}

/**
 * A switch reaches the browser if its session is loaded before the answer: the head of an event stream does not wait for
 * that, nor does a failure of something else.
 */
function withAwaitedSwitches(any: Plan): Plan {
  const { route, globalInterceptor, interceptor } = any;
  const isLeft = route === 'sse' || [globalInterceptor, interceptor].some(({ kind }) => kind === 'timeout');
  const staying = <Own extends Deeds>(own: Own): Own => ({
    ...own,
    writes: own.writes.filter((each) => each.do !== 'switch'),
  });
  const awaited = <Own extends Deeds>(own: Own): Own => (isLeft ? staying(own) : own);
  return {
    ...any,
    globalInterceptor: awaited(globalInterceptor),
    interceptor: awaited(interceptor),
    handler: awaited(any.handler),
    behind: staying(any.behind),
    during: staying(any.during),
  };
}

/** If an interceptor fails behind a handler that has not sent its answer yet, it depends on time whose answer is sent. */
function withOneAnswer(any: Plan): Plan {
  const isRefused = [any.globalInterceptor, any.interceptor].some(({ kind }) => kind === 'throw');
  return any.route === 'res' && isRefused ? { ...any, answer: 'send' } : any;
}

export const plan = anyPlan.map(withSteadyEvents).map(withAwaitedSwitches).map(withOneAnswer);

/** What Express's response and Fastify's reply have in common. */
interface Reply {
  readonly raw?: ServerResponse;
  readonly request?: { readonly raw: IncomingMessage };
  send(body?: unknown): Reply;
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  redirect?(...args: unknown[]): unknown;
  hijack?(): unknown;
}

function redirectTo(res: Reply, code: number): void {
  if (res.raw === undefined) res.redirect?.(code, '/see');
  else res.status(code).redirect?.('/see');
}

type Request = IncomingMessage & { readonly raw?: IncomingMessage; readonly session?: unknown };

const HEADER = 'x-plan';

/** A request that an application performs, with what is noted of it. */
export interface Running {
  readonly plan: Plan;
  readonly notes: RequestNotes;
  /** Resolves once the response is closed. */
  readonly over: Promise<void>;
  end(): void;
  /** Called once a handler that takes longer than its client waits does nothing any more but that. */
  waits: () => void;
  tries: number;
}

const running = new Map<string, Running>();

/** Makes a plan known to the applications; a request with these headers performs it. */
export function announce(
  wanted: Plan,
  notes: RequestNotes,
): { running: Running; headers: Record<string, string> } {
  const key = 'it';
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  const each: Running = { plan: wanted, notes, over, end, waits: () => undefined, tries: 0 };
  running.set(key, each);
  return { running: each, headers: { [HEADER]: key } };
}

export function forgetPlans(): void {
  running.clear();
}

function runningFor(req: Request): Running | undefined {
  return running.get(String((req.raw ?? req).headers[HEADER]));
}

const responseOf = (res: Reply): ServerResponse => rawOf(res as unknown as ServerResponse);

/** Does the deeds of a part, then goes on with its result: at once, if the deeds are synchronous. */
function after<T>(
  name: string,
  done: Deeds,
  each: Running,
  req: Request,
  res: Reply,
  goOn: () => T,
): T | Promise<Awaited<T>> {
  const pending = doDeeds(each.notes, name, done, req, responseOf(res));
  return pending === undefined ? goOn() : (pending.then(goOn) as Promise<Awaited<T>>);
}

/** Uses middleware like that of an application, registered by a module. */
function middleware(req: Request, res: ServerResponse, next: (error?: unknown) => void): void {
  const each = runningFor(req);
  if (each === undefined) return next();
  // A client has all of its answer to HEAD with the head, and may leave before the end.
  if (each.plan.method === 'GET') res.once('finish', () => each.notes.called.push('finish'));
  res.once('close', () => {
    each.notes.called.push('close');
    each.end();
  });
  const { middleware: own } = each.plan;
  const act = (): void => {
    switch (own.kind) {
      case 'pass':
        return next();
      case 'answer':
        res.statusCode = 202;
        res.setHeader('x-answered', 'yes');
        return void res.end('answered');
      case 'head':
        res.writeHead(203, { 'x-head': 'yes', 'set-cookie': 'own=1' });
        return void res.end('headed');
      case 'chunks':
        res.write('one');
        res.write('two');
        return void res.end();
      case 'throw':
      case 'next':
        return next(new ConflictException('of the middleware'));
    }
  };
  const pending = doDeeds(each.notes, 'middleware', own, req, res);
  if (pending !== undefined) void pending.then(act);
  else if (own.kind === 'throw') throw new ConflictException('thrown by the middleware');
  else act();
}

const http = (context: ExecutionContext) => {
  const req = context.switchToHttp().getRequest<Request>();
  return { req, res: context.switchToHttp().getResponse<Reply>(), each: runningFor(req) };
};

function guardOf(name: 'globalGuard' | 'guard'): Type<CanActivate> {
  @Injectable()
  class OwnGuard implements CanActivate {
    canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
      const { req, res, each } = http(context);
      if (each === undefined) return true;
      const own = each.plan[name];
      const result = after(name, own, each, req, res, () => {
        if (own.kind === 'throw') throw new ForbiddenException(`of ${name}`);
        return own.kind !== 'false';
      });
      if (own.kind === 'observable') return from(Promise.resolve(result));
      return own.kind === 'promise' ? Promise.resolve(result) : result;
    }
  }
  return OwnGuard;
}

function interceptorOf(name: 'globalInterceptor' | 'interceptor'): Type<NestInterceptor> {
  @Injectable()
  class OwnInterceptor implements NestInterceptor {
    intercept(context: ExecutionContext, next: CallHandler) {
      const { req, res, each } = http(context);
      if (each === undefined) return next.handle();
      const own = each.plan[name];
      const { behind } = each.plan;
      const before = doDeeds(each.notes, name, own, req, responseOf(res));
      const later = <T>(value: T) =>
        defer(() => from(Promise.resolve(after(`${name}, behind`, behind, each, req, res, () => value))));
      const shape = (): Observable<unknown> => {
        const handled = next.handle();
        switch (own.kind) {
          case 'pass':
          case 'promise':
            return handled;
          case 'delay':
            return handled.pipe(concatMap(later));
          case 'map':
            return handled.pipe(
              map((value) => {
                if (areSync(behind)) void after(`${name}, behind`, behind, each, req, res, () => value);
                return typeof value === 'object' && value?.constructor === Object
                  ? { ...value, mapped: name }
                  : value;
              }),
            );
          case 'retry':
            return handled.pipe(retry(2));
          case 'replace':
            // Nobody else would answer.
            return each.plan.route === 'res' ? handled : later({ replaced: name });
          case 'throw':
            return handled.pipe(
              concatMap(later),
              mergeMap(() => throwError(() => new GoneException(`of ${name}`))),
            );
          case 'catch':
            return handled.pipe(catchError((error: unknown) => later({ caught: String(error) })));
          case 'timeout':
            if (each.plan.route === 'res') return handled;
            return race(
              handled,
              from(new Promise<void>((resolve) => (each.waits = resolve))).pipe(
                mergeMap(() => throwError(() => new RequestTimeoutException())),
              ),
            );
          case 'own':
            return new Observable((subscriber) => {
              const inner = handled.pipe(concatMap(later)).subscribe(subscriber);
              return () => inner.unsubscribe();
            });
          case 'list':
            return handled.pipe(
              toArray(),
              map((list) => list.at(-1)),
            );
          case 'finalize':
            return handled.pipe(
              finalize(() => {
                if (areSync(behind)) void after(`${name}, behind`, behind, each, req, res, () => undefined);
              }),
            );
        }
      };
      if (before !== undefined)
        return own.kind === 'promise' ? before.then(shape) : from(before).pipe(mergeMap(shape));
      return own.kind === 'promise' ? Promise.resolve(shape()) : shape();
    }
  }
  return OwnInterceptor;
}

@Injectable()
class OwnPipe implements PipeTransform {
  transform(value: unknown): unknown {
    const each = running.get(String(value));
    if (each === undefined) return value;
    const { pipe } = each.plan;
    const act = (): unknown => {
      if (pipe.kind === 'throw') throw new BadRequestException('of the pipe');
      return value;
    };
    // A pipe gets no request, so it has no deeds of its own but to take its time.
    each.notes.called.push('pipe');
    if (pipe.kind === 'promise' || pipe.late > 0) return pass(pipe.late).then(act);
    return act();
  }
}

@Catch()
@Injectable()
class OwnFilter extends BaseExceptionFilter implements ExceptionFilter {
  constructor({ httpAdapter }: HttpAdapterHost) {
    super(httpAdapter);
  }

  override catch(thrown: unknown, host: ArgumentsHost): void {
    const req = host.switchToHttp().getRequest<Request>();
    const res = host.switchToHttp().getResponse<Reply>();
    const each = runningFor(req);
    // oxlint-disable-next-line promise/valid-params -- a filter's `catch`, and no promise's
    const asUsual = (): void => super.catch(thrown, host);
    if (each === undefined) return asUsual();
    const { filter } = each.plan;
    const act = (): void => {
      // On Fastify, what middleware throws comes with the response of Node.js.
      if (responseOf(res).headersSent || res.redirect === undefined) return asUsual();
      switch (filter.kind) {
        case 'base':
          return asUsual();
        case 'body':
          return void res.status(418).send({ filtered: String(thrown) });
        case 'redirect':
          return redirectTo(res, 303);
        case 'raw':
          res.hijack?.();
          responseOf(res).writeHead(422, 'Filtered', { 'x-filtered': 'yes' });
          return void responseOf(res).end('filtered');
      }
    };
    void after('filter', filter, each, req, res, act);
  }
}

function valueOf(each: Running, req: Request, res: Reply, platform: Platform): unknown {
  const { handler, during } = each.plan;
  const deed = <T>(value: T) =>
    defer(() => from(Promise.resolve(after('during', during, each, req, res, () => value))));
  async function* chunks() {
    yield 'one ';
    await doDeeds(each.notes, 'during', during, req, responseOf(res));
    yield 'two';
  }
  each.tries += 1;
  switch (handler.kind) {
    case 'object':
      return { a: 1 };
    case 'text':
      return 'a text';
    case 'undefined':
      return undefined;
    case 'null':
      return null;
    case 'number':
      return 42;
    case 'buffer':
      return Buffer.from('a buffer');
    case 'of':
      return deed({ of: 1 });
    case 'several':
      return concat(of({ n: 1 }), deed({ n: 2 }), of({ n: 3 }));
    case 'empty':
      return EMPTY;
    case 'file':
      return new StreamableFile(Buffer.from('a file'), {
        disposition: 'attachment; filename="a"',
        length: 6,
      });
    case 'stream':
      return platform === 'fastify' && each.plan.hasParameter
        ? Readable.from(chunks())
        : new StreamableFile(Readable.from(chunks()));
    case 'broken':
      return concat(
        deed(1),
        throwError(() => new GoneException('of the observable')),
      );
    case 'gone':
      throw new NotFoundException('of the handler');
    case 'error':
      throw new Error('a plain error');
    case 'url':
      return { url: '/elsewhere', statusCode: 307 };
    case 'failing':
      if (each.tries === 1) throw new NotFoundException('the first time');
      return { tries: each.tries };
    case 'large':
      return 'large '.repeat(20_000);
  }
}

function answerWith(each: Running, req: Request, res: Reply, platform: Platform): unknown {
  const { answer, during, hasParameter } = each.plan;
  const raw = responseOf(res);
  const deed = () => doDeeds(each.notes, 'during', during, req, raw);
  const later = (goOn: () => void): void => {
    const pending = deed();
    if (pending === undefined) return goOn();
    void pending.then(goOn);
  };
  async function* chunks() {
    yield 'one ';
    await deed();
    yield 'two';
  }
  switch (answer) {
    case 'send':
      return void res.send('sent');
    case 'json':
      return void res.header('cache-control', 'max-age=5').send({ sent: true });
    case 'end':
      res.hijack?.();
      raw.setHeader('x-ended', 'yes');
      raw.setHeader('vary', 'Accept');
      return void raw.end('ended', () => each.notes.called.push('end called back'));
    case 'head':
      res.hijack?.();
      raw.writeHead(206, 'Some', ['x-one', '1', 'Set-Cookie', 'own=1']);
      return later(() => void raw.end('headed'));
    case 'chunks':
      res.hijack?.();
      raw.write('one', () => each.notes.called.push('write called back'));
      return later(() => {
        raw.write('two');
        raw.end('three');
      });
    case 'pipe':
      if (platform === 'fastify' && hasParameter) return void res.send(Readable.from(chunks()));
      res.hijack?.();
      return void Readable.from(chunks()).pipe(raw);
    case 'redirect':
      return redirectTo(res, 302);
    case 'status':
      return void res.status(204).send();
    case 'later':
      return later(() => void res.header('x-later', 'yes').send({ later: true }));
    case 'flush':
      res.hijack?.();
      raw.statusCode = 201;
      raw.flushHeaders();
      return later(() => void raw.end('flushed'));
  }
}

/** Routes with every kind of decorator. With sessions, those under `/with` have a parameter for it. */
function controllersOf(platform: Platform, hasSessions: boolean): Type[] {
  const handle = <T>(req: Request, res: Reply, answer: (each: Running) => T): T | Promise<Awaited<T>> => {
    const each = runningFor(req);
    if (each === undefined) throw new Error('There is no plan');
    const { handler, globalInterceptor, interceptor } = each.plan;
    const isTimed = globalInterceptor.kind === 'timeout' || interceptor.kind === 'timeout';
    if (!isTimed || each.plan.route === 'res')
      return after('handler', handler, each, req, res, () => answer(each));
    // It takes longer than its client waits.
    const handled = after('handler', handler, each, req, res, () => {
      each.waits();
      return each.over;
    });
    return Promise.resolve(handled) as Promise<Awaited<T>>;
  };
  const replyOf = (req: Request): Reply => replies.get(req.raw ?? req) ?? Object(Reflect.get(req, 'res'));

  return ['with', 'without'].map((prefix) => {
    const Own = (): ParameterDecorator => (hasSessions && prefix === 'with' ? Session() : Req());

    @Controller(prefix)
    @UseGuards(guardOf('guard'))
    @UseInterceptors(interceptorOf('interceptor'))
    class Handlers {
      @Get('value')
      value(@Own() _own: unknown, @Req() req: Request, @Query('piped', OwnPipe) _piped: unknown) {
        const res = replyOf(req);
        return handle(req, res, (each) => valueOf(each, req, res, platform));
      }

      @Get('code')
      @HttpCode(202)
      @Header('x-header', 'yes')
      @Header('Vary', 'Origin')
      code(@Own() _own: unknown, @Req() req: Request, @Query('piped', OwnPipe) _piped: unknown) {
        const res = replyOf(req);
        return handle(req, res, (each) => valueOf(each, req, res, platform));
      }

      @Get('none')
      @HttpCode(204)
      none(@Req() req: Request, @Own() _own: unknown) {
        const res = replyOf(req);
        return handle(req, res, (each) => valueOf(each, req, res, platform));
      }

      @Get('redirect')
      @Redirect('/default', 301)
      redirect(@Req() req: Request, @Own() _own: unknown) {
        const res = replyOf(req);
        return handle(req, res, (each) => valueOf(each, req, res, platform));
      }

      @Get('passthrough')
      passthrough(@Req() req: Request, @Own() _own: unknown, @Res({ passthrough: true }) res: Reply) {
        res.status(203).header('x-passed', 'yes').header('set-cookie', 'own=1');
        return handle(req, res, (each) => valueOf(each, req, res, platform));
      }

      @Get('res')
      res(@Req() req: Request, @Own() _own: unknown, @Res() res: Reply) {
        return handle(req, res, (each) => answerWith(each, req, res, platform));
      }

      @Sse('sse')
      sse(@Req() req: Request, @Own() _own: unknown) {
        const res = replyOf(req);
        return handle(req, res, (each) => {
          const value = valueOf({ ...each }, req, res, platform);
          const events = value instanceof Observable ? value : of({ event: 1 }, { event: 2 });
          return events.pipe(map((data: unknown) => ({ data: data as object })));
        });
      }
    }
    return Handlers;
  });
}

/** Fastify's replies: a handler without `@Res()` is not given its own. */
const replies = new WeakMap<object, Reply>();

/** Notes the reply of a request for its handler. */
@Injectable()
class ReplyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { req, res } = http(context);
    replies.set(req.raw ?? req, res);
    return true;
  }
}

@Module({})
class MiddlewareModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(middleware).forRoutes('{*path}');
  }
}

/** The page that shows what the session holds. */
@Controller()
class Look {
  @Get('look')
  look(): object {
    return Session.all();
  }

  /** Begins a session, to which others switch. */
  @Get('begin')
  begin(): object {
    return { id: Session.current().put('other', 'yes').id };
  }
}

/** The parts of the application, for one with sessions and one without. */
export function randomApplication(
  platform: Platform,
  hasSessions: boolean,
  isInterceptedEverywhere: boolean,
) {
  return {
    imports: [MiddlewareModule],
    controllers: [...controllersOf(platform, hasSessions), ...(hasSessions ? [Look] : [])],
    providers: [
      { provide: APP_GUARD, useClass: ReplyGuard },
      { provide: APP_GUARD, useClass: guardOf('globalGuard') },
      { provide: APP_INTERCEPTOR, useClass: interceptorOf('globalInterceptor') },
      ...(hasSessions && isInterceptedEverywhere
        ? [{ provide: APP_INTERCEPTOR, useClass: SessionInterceptor }]
        : []),
      { provide: APP_FILTER, useClass: OwnFilter },
    ],
  };
}
