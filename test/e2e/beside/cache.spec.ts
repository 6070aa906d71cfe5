import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import {
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Post,
  Query,
  Req,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { type Observable, map } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Flash, Session } from 'nestjs-session-kit';
import { PLATFORMS, TestApp } from '../../support/test-app.js';

let made = 0;

@Injectable()
class NameService {
  get name(): unknown {
    return Session.get('name', null);
  }
}

@Injectable()
class NameGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request: { user?: unknown } = context.switchToHttp().getRequest();
    request.user = Session.get('name', null);
    return true;
  }
}

/** Wraps every response, cached or not. */
@Injectable()
class WrappingCache extends CacheInterceptor {
  override async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const answers = await super.intercept(context, next);
    return answers.pipe(map((data: unknown) => ({ data })));
  }
}

@Controller()
@UseInterceptors(CacheInterceptor)
class PageController {
  constructor(private readonly names: NameService) {}

  @Post('name')
  name(@Session() session: Session, @Query('name') name: string) {
    session.put('name', name).flash('status', `Hello ${name}`);
    return {};
  }

  @Get('public')
  public() {
    made += 1;
    return { made };
  }

  @Get('parameter')
  parameter(@Session('name') name?: string) {
    return { name: name ?? null };
  }

  @Get('facade')
  facade() {
    return { name: this.names.name };
  }

  @Get('request')
  request(@Req() req: { session: { name?: string } }) {
    return { name: req.session.name ?? null };
  }

  @Get('whole')
  whole(@Session() session: Session) {
    return { name: session };
  }

  @Get('flashed')
  flashed(@Flash('status') status?: string) {
    return { name: status ?? null };
  }

  @Get('guarded')
  @UseGuards(NameGuard)
  guarded(@Req() req: { user: unknown }) {
    return { name: req.user };
  }
}

@Controller('wrapped')
@UseInterceptors(WrappingCache)
class WrappedController {
  @Get('public')
  public() {
    made += 1;
    return { made };
  }

  @Get('name')
  name(@Session('name') name?: string) {
    return { name: name ?? null };
  }
}

describe.each(PLATFORMS)('CacheInterceptor on %s', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(platform, {
      imports: [CacheModule.register({ ttl: 600_000 })],
      controllers: [PageController, WrappedController],
      providers: [NameService],
    });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  async function called(name: string): Promise<ReturnType<TestApp['visitor']>> {
    const visitor = app.visitor();
    await visitor.post(`/name?name=${name}`).expect(201);
    return visitor;
  }

  it.each([
    ['a parameter', 'parameter'],
    ['the facade in a service', 'facade'],
    ['request.session', 'request'],
    ['a guard', 'guarded'],
  ])('does not cache a response that reads the session by %s', async (_way, path) => {
    const [ada, grace] = [await called('Ada'), await called('Grace')];
    await ada.get(`/${path}`).expect(200, { name: 'Ada' });
    await grace.get(`/${path}`).expect(200, { name: 'Grace' });
    await app.visitor().get(`/${path}`).expect(200, { name: null });
    await ada.get(`/${path}`).expect(200, { name: 'Ada' });
  });

  it('does not cache a response that contains the session itself', async () => {
    const [ada, grace] = [await called('Ada'), await called('Grace')];
    expect((await ada.get('/whole').expect(200)).body.name).toMatchObject({ name: 'Ada' });
    expect((await grace.get('/whole').expect(200)).body.name).toMatchObject({ name: 'Grace' });
  });

  it('does not cache a response with flash messages', async () => {
    const [ada, grace] = [await called('Ada'), await called('Grace')];
    await ada.get('/flashed').expect(200, { name: 'Hello Ada' });
    await grace.get('/flashed').expect(200, { name: 'Hello Grace' });
    await ada.get('/flashed').expect(200, { name: null });
  });

  it.each(['/public', '/wrapped/public'])(
    'caches a response that does not use the session: %s',
    async (path) => {
      const first = await (await called('Ada')).get(path).expect(200);
      const second = await (await called('Grace')).get(path).expect(200);
      expect(second.body).toEqual(first.body);
      expect([first.headers['x-cache'], second.headers['x-cache']]).toEqual(['MISS', 'HIT']);
    },
  );

  it('does not cache session values in a subclass of the application either', async () => {
    const [ada, grace] = [await called('Ada'), await called('Grace')];
    await ada.get('/wrapped/name').expect(200, { data: { name: 'Ada' } });
    await grace.get('/wrapped/name').expect(200, { data: { name: 'Grace' } });
  });
});

describe('CacheInterceptor for all handlers', () => {
  it('caches every response except those that read the session', async () => {
    @Controller()
    class AnyController {
      @Post('name')
      name(@Session() session: Session, @Query('name') name: string) {
        session.put('name', name);
        return {};
      }

      @Get('name')
      read(@Session('name') name: string) {
        return { name };
      }

      @Get('public')
      public() {
        made += 1;
        return { made };
      }
    }
    await using app = await TestApp.start('express', {
      imports: [CacheModule.register({ ttl: 600_000 })],
      controllers: [AnyController],
      providers: [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
    });
    const pages: unknown[] = [];
    for (const name of ['Ada', 'Grace']) {
      const visitor = app.visitor();
      await visitor.post(`/name?name=${name}`).expect(201);
      await visitor.get('/name').expect(200, { name });
      pages.push((await visitor.get('/public').expect(200)).body);
    }
    expect(pages[0]).toEqual(pages[1]);
  });
});
