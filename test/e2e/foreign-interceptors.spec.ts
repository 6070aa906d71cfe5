import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  ImATeapotException,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  Query,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Observable, Subject, defer, map, switchMap, take } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NoSessionError, Session } from 'nestjs-session-kit';
import { PLATFORMS, TestApp } from '../support/test-app.js';

/**
 * What calls back from the context of another visitor, whose request is still running: as a pool does whose connection
 * that one opened, and an Observable that several requests wait for.
 */
const foreign = {
  waiting: [] as (() => void)[],
  hold: (): Promise<void> => Promise.resolve(),
};

/** Asked by a request: goes on from the other's. */
const ask = (callback: () => void): void => void foreign.waiting.push(callback);

const who = (): unknown => {
  try {
    return Session.get('user', null);
  } catch (error) {
    return error instanceof NoSessionError ? 'none' : error;
  }
};

interface Seen {
  seen?: Record<string, unknown>;
}

const note = (context: ExecutionContext, where: string): void => {
  const req: Seen = context.switchToHttp().getRequest();
  (req.seen ??= {})[where] = who();
};

const seenBy = (context: ExecutionContext): object => context.switchToHttp().getRequest<Seen>().seen ?? {};

/** Goes on in a callback that belongs to the other visitor. */
class Returning implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return new Observable((subscriber) => ask(() => next.handle().subscribe(subscriber)));
  }
}

@Injectable()
class ByClass extends Returning {}

@Injectable({ scope: Scope.REQUEST })
class ByRequest extends Returning {}

/** Many requests wait for one Observable, and it emits where it is fed. */
@Injectable()
class Waiting implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const ready = new Subject<void>();
    ask(() => ready.next());
    return ready.pipe(
      take(1),
      switchMap(() => next.handle()),
    );
  }
}

@Injectable()
class Inner implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    note(context, 'before');
    return next.handle().pipe(
      map((value: object) => {
        note(context, 'after');
        return { ...value, ...seenBy(context) };
      }),
    );
  }
}

@Injectable()
class AskingGuard implements CanActivate {
  canActivate(): Observable<boolean> {
    return new Observable((subscriber) =>
      ask(() => {
        subscriber.next(true);
        subscriber.complete();
      }),
    );
  }
}

@Injectable()
class NotingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    note(context, 'guard');
    return true;
  }
}

/** Returns a thenable of its own, as query builders are, that calls back from elsewhere. */
@Injectable()
class AskingPipe implements PipeTransform {
  transform(): unknown {
    const before = who();
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- what is tested
      then: (resolve: (value: unknown) => void) => ask(() => resolve(before)),
    };
  }
}

@Injectable()
class NotingPipe implements PipeTransform {
  transform(before: unknown): unknown {
    return [before, who()];
  }
}

@Catch(ImATeapotException)
class NotingFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    const res: { status(code: number): { send(body: object): void } } = host.switchToHttp().getResponse();
    res.status(418).send({ filter: who() });
  }
}

@Controller()
class PagesController {
  @Get('in')
  signIn(@Session() session: Session, @Query('user') user: string) {
    session.put('user', user);
    return {};
  }

  /** Runs as long as another request needs it. */
  @Get('hold')
  async hold() {
    await foreign.hold();
    return {};
  }

  @Get('class')
  @UseInterceptors(ByClass, Inner)
  byClass(@Query('x', NotingPipe) pipe: unknown) {
    return { pipe, handler: who() };
  }

  @Get('object')
  @UseInterceptors(new Returning(), Inner)
  byObject(@Query('x', NotingPipe) pipe: unknown) {
    return { pipe, handler: who() };
  }

  @Get('literal')
  @UseInterceptors(
    {
      intercept: (_context: ExecutionContext, next: CallHandler) =>
        new Observable((subscriber) => ask(() => next.handle().subscribe(subscriber))),
    },
    Inner,
  )
  byLiteral(@Query('x', NotingPipe) pipe: unknown) {
    return { pipe, handler: who() };
  }

  @Get('request')
  @UseInterceptors(ByRequest, Inner)
  byRequest(@Query('x', NotingPipe) pipe: unknown) {
    return { pipe, handler: who() };
  }

  @Get('subject')
  @UseInterceptors(Waiting, Inner)
  subject(@Query('x', NotingPipe) pipe: unknown) {
    return { pipe, handler: who() };
  }

  @Get('session')
  @UseInterceptors(Waiting, Inner)
  session(@Session() session: Session, @Query('x', NotingPipe) pipe: unknown) {
    return { pipe, handler: session.get('user', null) };
  }

  /** Subscribed to when the interceptors have gone on, and emits in the other's context. */
  @Get('observable')
  @UseInterceptors(Waiting, Inner)
  observable(@Query('x', NotingPipe) pipe: unknown) {
    return defer(() => {
      const handler = who();
      return new Observable((subscriber) =>
        ask(() => {
          subscriber.next({ pipe, handler });
          subscriber.complete();
        }),
      );
    });
  }

  @Get('throw')
  @UseInterceptors(Waiting)
  @UseFilters(NotingFilter)
  throw() {
    throw new ImATeapotException();
  }

  @Get('guard')
  @UseGuards(AskingGuard, NotingGuard)
  @UseInterceptors(Inner)
  guarded(@Query('x', AskingPipe, NotingPipe) pipe: unknown) {
    return { pipe, handler: who() };
  }
}

/** Asked for by one request header, so that it is in the way of the global chain only where it is meant to be. */
@Injectable()
class GlobalInterceptor extends Returning {
  override intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    return headers['x-global'] === undefined ? next.handle() : super.intercept(context, next);
  }
}

describe.each(PLATFORMS)("behind what goes on in another live visitor's context on %s", (platform) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(platform, {
      controllers: [PagesController],
      providers: [{ provide: APP_INTERCEPTOR, useClass: GlobalInterceptor }],
    });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  /** Visits a page as Bob while a request of Ann's runs, out of which all callbacks are called. */
  async function asBob(path: string, headers: Record<string, string> = {}) {
    const [ann, bob] = [app.visitor(), app.visitor()];
    await ann.get('/in?user=ann').expect(200);
    await bob.get('/in?user=bob').expect(200);
    const visit = { isThrough: false };
    let contextOfAnn: unknown;
    let enter = (): void => undefined;
    const entered = new Promise<void>((resolve) => {
      enter = resolve;
    });
    foreign.waiting = [];
    foreign.hold = async () => {
      contextOfAnn = who();
      enter();
      while (!visit.isThrough) {
        foreign.waiting.splice(0).forEach((callback) => callback());
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const held = ann.get('/hold').then((response) => response);
    await entered;
    try {
      return await bob.get(path).set(headers);
    } finally {
      visit.isThrough = true;
      expect((await held).status).toBe(200);
      expect(contextOfAnn).toBe('ann');
    }
  }

  const everywhere = { pipe: [null, 'bob'], handler: 'bob', before: 'bob', after: 'bob' };

  it.each(['class', 'object', 'literal', 'request', 'subject', 'session', 'observable'])(
    'interceptors, pipes and the handler have their own session: %s',
    async (path) => {
      const { status, body } = await asBob(`/${path}`);
      expect(status).toBe(200);
      expect(body).toEqual(everywhere);
    },
  );

  it('so they have behind a global interceptor', async () => {
    const { body } = await asBob('/class', { 'x-global': 'yes' });
    expect(body).toEqual(everywhere);
  });

  it('so have guards and pipes behind guards and pipes', async () => {
    const { body } = await asBob('/guard');
    expect(body).toEqual({ ...everywhere, pipe: ['bob', 'bob'], guard: 'bob' });
  });

  it('so has a filter that answers what was thrown there', async () => {
    const { status, body } = await asBob('/throw');
    expect([status, body]).toEqual([418, { filter: 'bob' }]);
  });
});
