import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  Query,
  Scope,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR, ContextIdFactory } from '@nestjs/core';
import { Observable, map } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LiveVisitors, who } from '../support/live-visitors.js';
import { PLATFORMS, TestApp } from '../support/test-app.js';

const live = new LiveVisitors();

/** Continues in a callback that belongs to the other visitor. */
const goOn: NestInterceptor['intercept'] = (_context, next) =>
  new Observable((subscriber) => live.ask(() => next.handle().subscribe(subscriber)));

const straightOn: NestInterceptor['intercept'] = (_context, next) => next.handle();

/** Continues there if the request asks for it by name. */
const goOnFor =
  (name: string): NestInterceptor['intercept'] =>
  (context, next) => {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    return (headers['x-global'] === name ? goOn : straightOn)(context, next);
  };

class WithMethod implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): ReturnType<NestInterceptor['intercept']> {
    return next.handle();
  }
}

@Injectable()
class ByField implements NestInterceptor {
  intercept = goOn;
}

@Injectable({ scope: Scope.REQUEST })
class ByFieldRequest implements NestInterceptor {
  intercept = goOn;
}

@Injectable({ scope: Scope.REQUEST })
class ByFieldOverMethod extends WithMethod {
  override intercept = goOn;
}

@Injectable({ scope: Scope.TRANSIENT })
class ByFieldTransient implements NestInterceptor {
  intercept = goOn;
}

@Injectable({ scope: Scope.REQUEST, durable: true })
class ByFieldDurable implements NestInterceptor {
  intercept = goOn;
}

@Injectable()
class ByGetter implements NestInterceptor {
  readonly #own = goOn;
  get intercept() {
    return this.#own;
  }
}

@Injectable({ scope: Scope.REQUEST })
class ByGetterRequest extends ByGetter {}

@Injectable({ scope: Scope.REQUEST })
class FrozenRequest implements NestInterceptor {
  readonly #own = goOn;
  readonly intercept: NestInterceptor['intercept'] = (context, next) => this.#own(context, next);
  constructor() {
    Object.freeze(this);
  }
}

@Injectable()
class ByStaticMethod {
  static intercept(context: ExecutionContext, next: CallHandler) {
    return goOn(context, next);
  }
}

@Injectable()
class Inner implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const before = who();
    return next.handle().pipe(map((value: object) => ({ ...value, before, after: who() })));
  }
}

const everywhere = { pipe: 'bob', handler: 'bob', before: 'bob', after: 'bob' };

class NotingPipe {
  transform(): unknown {
    return who();
  }
}

function pageOf(path: string, scope: Scope, ...interceptors: (NestInterceptor | Type)[]): Type {
  @Controller({ path, scope })
  class Page {
    @Get()
    @UseInterceptors(...interceptors, Inner)
    page(@Query('x', NotingPipe) pipe: unknown) {
      return { pipe, handler: who() };
    }
  }
  return Page;
}

const shapes: Record<string, NestInterceptor | Type> = {
  field: ByField,
  'field-request': ByFieldRequest,
  'field-over-method': ByFieldOverMethod,
  'field-transient': ByFieldTransient,
  'field-durable': ByFieldDurable,
  getter: ByGetter,
  'getter-request': ByGetterRequest,
  'getter-object': new ByGetter(),
  'frozen-request': FrozenRequest,
  'frozen-object': Object.freeze({ intercept: goOn }),
  proxy: new Proxy(new WithMethod(), {
    get: (target, key): unknown => (key === 'intercept' ? goOn : Reflect.get(target, key)),
  }),
  'static-method': ByStaticMethod,
};

@Injectable({ scope: Scope.REQUEST })
class Existing implements NestInterceptor {
  intercept = goOnFor('existing');
}

/** Global interceptors that are made for each request, and so is every controller then. */
const perRequest = [
  Existing,
  { provide: APP_INTERCEPTOR, useExisting: Existing },
  {
    provide: APP_INTERCEPTOR,
    scope: Scope.REQUEST,
    useClass: class {
      intercept = goOnFor('class');
    },
  },
  { provide: APP_INTERCEPTOR, scope: Scope.REQUEST, useFactory: () => ({ intercept: goOnFor('factory') }) },
  {
    provide: APP_INTERCEPTOR,
    scope: Scope.REQUEST,
    useFactory: async () => Promise.resolve(Object.freeze({ intercept: goOnFor('frozen-factory') })),
  },
];

const once = [
  { provide: APP_INTERCEPTOR, useFactory: () => ({ intercept: goOnFor('once-factory') }) },
  { provide: APP_INTERCEPTOR, useValue: Object.freeze({ intercept: goOnFor('frozen-value') }) },
];

/** Durable interceptors are made once for all requests. The strategy is global, so it is reset after this file. */
beforeAll(() => {
  const tenant = ContextIdFactory.create();
  ContextIdFactory.apply({
    attach: (contextId) => (info) => (info.isTreeDurable ? tenant : contextId),
  });
});
afterAll(() => {
  ContextIdFactory.apply({ attach: () => undefined });
});

describe.each(PLATFORMS)(
  "after any kind of interceptor that continues in another visitor's context on %s",
  (platform) => {
    let app: TestApp;
    let appPerRequest: TestApp;

    beforeAll(async () => {
      const pages = Object.entries(shapes).map(([path, shape]) => pageOf(path, Scope.DEFAULT, shape));
      const configure: Parameters<typeof TestApp.start>[1]['configure'] = (nest) =>
        void nest.useGlobalInterceptors(
          { intercept: goOnFor('use') },
          Object.freeze({ intercept: goOnFor('frozen-use') }),
        );
      const controllers = [...pages, pageOf('page', Scope.DEFAULT), live.controller];
      app = await TestApp.start(platform, { controllers, providers: once, configure });
      appPerRequest = await TestApp.start(platform, {
        controllers,
        providers: [...once, ...perRequest],
        configure,
      });
      appPerRequest.app.useGlobalInterceptors({ intercept: goOnFor('late-use') });
    });
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
      await appPerRequest[Symbol.asyncDispose]();
    });

    it.each(Object.keys(shapes))(
      'interceptors, pipes and the handler have their own session: %s',
      async (path) => {
        for (const { url } of [app, appPerRequest, app]) {
          const { status, body } = await live.asBob(url, (bob) => bob.get(`/${path}`));
          expect([status, body]).toEqual([200, everywhere]);
        }
      },
    );

    it.each(['once-factory', 'frozen-value', 'use', 'frozen-use'])(
      'interceptors, pipes and the handler have their own session after a global one: %s',
      async (name) => {
        for (const { url } of [app, appPerRequest]) {
          const { body } = await live.asBob(url, (bob) => bob.get('/page').set('x-global', name));
          expect(body).toEqual(everywhere);
        }
      },
    );

    it.each(['existing', 'class', 'factory', 'frozen-factory', 'late-use'])(
      'interceptors, pipes and the handler have their own session after a global one per request: %s',
      async (name) => {
        const { body } = await live.asBob(appPerRequest.url, (bob) => bob.get('/page').set('x-global', name));
        expect(body).toEqual(everywhere);
      },
    );
  },
);
