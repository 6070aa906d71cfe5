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
import { Session } from 'nestjs-session-kit';
import { LiveVisitors, who } from '../support/live-visitors.js';
import { PLATFORMS, TestApp } from '../support/test-app.js';

const live = new LiveVisitors();
const { ask } = live;

interface Seen {
  seen?: Record<string, unknown>;
}

const note = (context: ExecutionContext, where: string): void => {
  const req: Seen = context.switchToHttp().getRequest();
  (req.seen ??= {})[where] = who();
};

const seenBy = (context: ExecutionContext): object => context.switchToHttp().getRequest<Seen>().seen ?? {};

/** Continues in a callback that belongs to the other visitor. */
class Returning implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return new Observable((subscriber) => ask(() => next.handle().subscribe(subscriber)));
  }
}

@Injectable()
class ByClass extends Returning {}

@Injectable({ scope: Scope.REQUEST })
class ByRequest extends Returning {}

/** Waits for an Observable that emits in the context of its producer, as one shared by many requests does. */
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

/** Returns a custom thenable, as query builders are, that calls back from elsewhere. */
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

  /** Subscribed to after the interceptors have continued, and emits in the other visitor's context. */
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

/** Enabled by a request header, so that it interferes only with the test that asks for it. */
@Injectable()
class GlobalInterceptor extends Returning {
  override intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    return headers['x-global'] === undefined ? next.handle() : super.intercept(context, next);
  }
}

describe.each(PLATFORMS)("after code that continues in another live visitor's context on %s", (platform) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(platform, {
      controllers: [PagesController, live.controller],
      providers: [{ provide: APP_INTERCEPTOR, useClass: GlobalInterceptor }],
    });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  const asBob = (path: string, headers: Record<string, string> = {}) =>
    live.asBob(app.url, (bob) => bob.get(path).set(headers));

  const everywhere = { pipe: [null, 'bob'], handler: 'bob', before: 'bob', after: 'bob' };

  it.each(['class', 'object', 'literal', 'request', 'subject', 'session', 'observable'])(
    'interceptors, pipes and the handler have their own session: %s',
    async (path) => {
      const { status, body } = await asBob(`/${path}`);
      expect(status).toBe(200);
      expect(body).toEqual(everywhere);
    },
  );

  it('interceptors, pipes and the handler have their own session after a global interceptor', async () => {
    const { body } = await asBob('/class', { 'x-global': 'yes' });
    expect(body).toEqual(everywhere);
  });

  it('guards and pipes have their own session after other guards and pipes', async () => {
    const { body } = await asBob('/guard');
    expect(body).toEqual({ ...everywhere, pipe: ['bob', 'bob'], guard: 'bob' });
  });

  it('an exception filter has its own session', async () => {
    const { status, body } = await asBob('/throw');
    expect([status, body]).toEqual([418, { filter: 'bob' }]);
  });
});
