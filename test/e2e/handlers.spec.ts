import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { type Observable, of, tap, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Session, SessionInterceptor, SessionUnavailableException } from 'nestjs-session-kit';
import { SlowDriver } from '../support/slow-driver.js';
import { PLATFORMS, TestApp, type TestAppSetup } from '../support/test-app.js';

/** The filter of a single handler: knows what went wrong, and answers in its own words. */
@Catch(SessionUnavailableException)
class OwnFilter implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_error: SessionUnavailableException, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { answeredBy: 'own filter' }, 503);
  }
}

/** Knows a handler by its name and metadata, as guards do. */
@Injectable()
class RoleGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    Session.now('seen', {
      name: handler.name,
      length: handler.length,
      role: this.reflector.getAllAndOverride<string>('role', [handler, context.getClass()]),
    });
    return true;
  }
}

/** Writes to the session after the handler. */
class VisitInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      tap(() => {
        Session.increment('visits');
      }),
    );
  }
}

@UseFilters(OwnFilter)
class Inherited {
  @Get('inherited')
  inherited(@Session() session: Session) {
    return { count: session.increment('count') };
  }
}

@Controller()
@UseFilters(OwnFilter)
class HandlersController extends Inherited {
  private readonly step = 1;

  @Get('value')
  value(@Session() session: Session) {
    return { count: session.increment('count', this.step) };
  }

  @Get('promise')
  async promise(@Session() session: Session) {
    await Promise.resolve();
    return { count: session.increment('count', this.step) };
  }

  @Get('observable')
  observable(@Session() session: Session) {
    return of({ count: session.increment('count', this.step) });
  }

  @Get('observable-later')
  async observableLater(@Session() session: Session) {
    await Promise.resolve();
    return of({ count: session.increment('count', this.step) });
  }

  @Get('intercepted')
  @UseInterceptors(VisitInterceptor)
  intercepted(@Session() session: Session) {
    return { count: session.increment('count', this.step) };
  }

  @Get('failing-observable')
  failingObservable(@Session() session: Session) {
    session.increment('count', this.step);
    return throwError(() => new Error('the handler failed'));
  }

  @Get('seen')
  @SetMetadata('role', 'customer')
  @UseGuards(RoleGuard)
  seen(@Session() session: Session, @Session('seen') seen: unknown) {
    session.increment('count');
    return { seen };
  }

  @Get('visits')
  visits(@Session('visits') visits: number, @Session('count') count: number) {
    return { visits, count };
  }
}

/** Made anew for each request. */
@Controller({ scope: Scope.REQUEST })
@UseFilters(OwnFilter)
class RequestScopedController {
  @Get('request-scoped')
  requestScoped(@Session() session: Session) {
    return { count: session.increment('count') };
  }
}

/** Frozen, so that nothing can be added to it. */
@Controller()
@UseFilters(OwnFilter)
class FrozenController {
  constructor() {
    Object.freeze(this);
  }

  @Get('frozen')
  frozen(@Session() session: Session) {
    return { count: session.increment('count') };
  }
}

const setup = (driver: SlowDriver): TestAppSetup => ({
  controllers: [HandlersController, RequestScopedController, FrozenController],
  options: { driver: 'slow', drivers: { slow: { useFactory: () => driver } } },
});

const WAYS = [
  'value',
  'promise',
  'observable',
  'observable-later',
  'inherited',
  'request-scoped',
  'intercepted',
];

describe.each(PLATFORMS)('handlers with a session on %s', (platform) => {
  it.each(WAYS)('have the session stored once when the response arrives (%s)', async (way) => {
    const driver = new SlowDriver(20);
    await using app = await TestApp.start(platform, setup(driver));
    await app.request.get(`/${way}`).expect(200, { count: 1 });
    expect([...driver.records.values()].map(({ payload }) => payload)).toEqual([
      expect.stringContaining('"count":1'),
    ]);
    if (way !== 'intercepted') expect(driver.calls).toEqual(['write']);
  });

  it.each(WAYS)('let the filter of the handler answer a failed commit (%s)', async (way) => {
    const driver = new SlowDriver(1);
    driver.failing = true;
    await using app = await TestApp.start(platform, setup(driver));
    const response = await app.request.get(`/${way}`).expect(503);
    expect(response.body).toEqual({ answeredBy: 'own filter' });
    expect(response.headers['set-cookie']).toBeUndefined();
  });

  it('have changes stored that were made before an Observable failed', async () => {
    const driver = new SlowDriver(1);
    await using app = await TestApp.start(platform, setup(driver));
    await app.request.get('/failing-observable').expect(500);
    expect(driver.records.size).toBe(1);
  });

  it('have changes stored that an interceptor makes after the handler', async () => {
    await using app = await TestApp.start(platform, setup(new SlowDriver(1)));
    const visitor = app.visitor();
    await visitor.get('/intercepted').expect(200);
    await visitor.get('/intercepted').expect(200);
    await visitor.get('/visits').expect(200, { visits: 2, count: 2 });
  });

  it('show guards the name and the metadata of the original handler', async () => {
    await using app = await TestApp.start(platform, setup(new SlowDriver(1)));
    const response = await app.request.get('/seen').expect(200);
    expect(response.body).toEqual({ seen: { name: 'seen', length: 2, role: 'customer' } });
  });

  it('leave the class unchanged, for other applications and for tests without one', async () => {
    const written = Object.getOwnPropertyDescriptors(HandlersController.prototype);
    await using app = await TestApp.start(platform, setup(new SlowDriver(1)));
    expect(Object.getOwnPropertyDescriptors(HandlersController.prototype)).toEqual(written);
    expect(Object.keys(app.get(HandlersController))).toEqual(['step']);
  });

  it('commit once even with the interceptor provided for all handlers', async () => {
    const driver = new SlowDriver(1);
    await using app = await TestApp.start(platform, {
      ...setup(driver),
      configure: (nest) => void nest.useGlobalInterceptors(new SessionInterceptor()),
    });
    await app.request.get('/promise').expect(200, { count: 1 });
    expect(driver.calls).toEqual(['write']);
  });
});
