import { once } from 'node:events';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  All,
  Controller,
  Get,
  type INestApplication,
  Req,
  Res,
  type Type,
  VersioningType,
} from '@nestjs/common';
import { type NestExpressApplication, ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import express from 'express';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';
import { type NamedRoute, SessionMiddleware, SessionModule } from 'nestjs-session-kit';
import { SECRET } from '../support/test-app.js';

/** Express's response, or Fastify's reply. */
interface Reply {
  header(name: string, value: string): unknown;
}

@Controller()
class PagesController {
  @Get(['health', 'page', 'files/:folder/:name'])
  answer(@Req() req: { session?: unknown }) {
    return { hasSession: req.session !== undefined };
  }

  @All('read')
  read(@Req() req: { session?: unknown }, @Res({ passthrough: true }) res: Reply) {
    res.header('x-has-session', String(req.session !== undefined));
    return {};
  }
}

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

const caseSensitiveExpress = (): ExpressAdapter => {
  const instance = express();
  instance.set('case sensitive routing', true).set('strict routing', true);
  return new ExpressAdapter(instance);
};

const ADAPTERS = {
  Express: () => new ExpressAdapter(),
  'Express, strict': caseSensitiveExpress,
  Fastify: () => new FastifyAdapter(),
  'Fastify, lenient': () =>
    new FastifyAdapter({ routerOptions: { caseSensitive: false, ignoreTrailingSlash: true } }),
  'Fastify, with one slash for several': () =>
    new FastifyAdapter({ routerOptions: { ignoreDuplicateSlashes: true } }),
  'Fastify, lenient by its older options': () =>
    new FastifyAdapter({ caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true }),
};

const PATHS = [
  '/health',
  '/HEALTH',
  '/Health?verbose=1',
  '/health/',
  '/he%61lth',
  '/HE%41LTH/',
  '//health',
  '///HEALTH//',
  '/he%2561lth',
  '/page',
  '/PAGE',
  '/files/a/b.css',
  '/files/',
  '/files',
  '/Files/A/B.css',
  '//files///a//b.css',
  '//page',
];

const EXCLUDED: readonly NamedRoute[] = ['/health', 'files/*path', { path: 'read', method: 'GET' }];

const EXCLUDED_BY_EXPRESSION: readonly NamedRoute[] = [
  /^\/health\/?$/,
  { path: /^\/files\/([^/]+\/[^/]+\/?)?$/, method: 'GET' },
];

/** What main.ts sets up, and the excluded routes. */
interface Setup {
  readonly exclude?: readonly NamedRoute[];
  readonly controllers?: Type[];
  readonly configure?: (app: INestApplication) => unknown;
}

async function serve(
  adapter: ExpressAdapter | FastifyAdapter,
  { exclude = EXCLUDED, controllers = [PagesController], configure }: Setup = {},
): Promise<{ app: INestApplication; url: string }> {
  const module = await Test.createTestingModule({
    imports: [SessionModule.forRoot({ secret: SECRET, driver: 'memory', exclude })],
    controllers,
  }).compile();
  const app = module.createNestApplication<NestExpressApplication | NestFastifyApplication>(adapter, {
    logger: false,
  });
  open.push(app);
  configure?.(app);
  await app.listen(0, '127.0.0.1');
  return { app, url: (await app.getUrl()).replace('[::1]', '127.0.0.1') };
}

/** An application on Express, mounted below another one that is mounted itself. */
async function mount(setup: Setup): Promise<express.Application> {
  const { app } = await serve(new ExpressAdapter(), setup);
  const mounted: unknown = app.getHttpAdapter().getInstance();
  if (!isApplication(mounted)) throw new TypeError('That is no application of Express.');
  return express().use('/outer', express().use('/middle', mounted));
}

const isApplication = (value: unknown): value is express.Application =>
  typeof value === 'function' && 'mountpath' in value;

describe.each(Object.entries(ADAPTERS))('Excluded routes, on %s', (_name, adapter) => {
  const bothWays = ['', 'tenants/:tenant', ':language/api'].flatMap((prefix) =>
    [EXCLUDED, EXCLUDED_BY_EXPRESSION].map((exclude) => ({ prefix, exclude })),
  );

  it.each(bothWays)(
    'have no session in any spelling that the router accepts, and all others have one: $exclude with the prefix "$prefix"',
    async ({ prefix, exclude }) => {
      const { url } = await serve(adapter(), {
        exclude,
        configure: (app) => prefix !== '' && app.setGlobalPrefix(prefix),
      });
      const before = {
        '': [''],
        'tenants/:tenant': ['/tenants/acme'],
        ':language/api': ['/en/api', '/fr/api'],
      };
      let served = 0;
      for (const start of Object.entries(before).find(([each]) => each === prefix)?.[1] ?? []) {
        for (const path of PATHS) {
          const response = await request(url).get(start + path);
          // The router does not take it for a route.
          if (response.status === 404) continue;
          expect([path, response.status]).toEqual([path, 200]);
          served += 1;
          expect([path, response.body]).toEqual([path, { hasSession: /^\/+page$/i.test(path) }]);
        }
      }
      expect(served).toBeGreaterThanOrEqual(3);
    },
  );

  it('are found below a prefix with a parameter and the version of a controller', async () => {
    @Controller({ path: 'versioned', version: '1' })
    class VersionedController {
      @Get(['health', 'page'])
      answer(@Req() req: { session?: unknown }) {
        return { hasSession: req.session !== undefined };
      }
    }
    const { url } = await serve(adapter(), {
      exclude: ['/v:version/versioned/health'],
      controllers: [VersionedController],
      configure: (app) => {
        app.setGlobalPrefix('tenants/:tenant');
        app.enableVersioning({ type: VersioningType.URI });
      },
    });
    await request(url).get('/tenants/acme/v1/versioned/health').expect(200, { hasSession: false });
    await request(url).get('/tenants/acme/v1/versioned/page').expect(200, { hasSession: true });
    for (const path of ['//tenants/acme//v1/versioned/health', '/TENANTS/acme/V1/versioned/HEALTH/']) {
      const { status, body } = await request(url).get(path);
      expect([path, status === 404 || body]).toEqual([path, status === 404 || { hasSession: false }]);
    }
  });

  it('are found if a client requests an absolute URL', async () => {
    const { url } = await serve(adapter());
    for (const [path, hasSession] of [
      ['/health', false],
      ['/page?a=b', true],
    ] as const) {
      const { port } = new URL(url);
      const answer = get({ host: '127.0.0.1', port, path: `http://shop.test${path}`, agent: false });
      const [response] = await once(answer, 'response');
      expect(JSON.parse(await text(response))).toEqual({ hasSession });
    }
  });

  it('of GET apply to HEAD as well, and to no other method', async () => {
    const { url } = await serve(adapter());
    expect((await request(url).get('/read')).headers['x-has-session']).toBe('false');
    expect((await request(url).head('/read')).headers['x-has-session']).toBe('false');
    expect((await request(url).post('/read')).headers['x-has-session']).toBe('true');
  });

  it('are found if they are excluded from the prefix', async () => {
    const { url } = await serve(adapter(), {
      configure: (app) => app.setGlobalPrefix('tenants/:tenant', { exclude: ['health'] }),
    });
    await request(url).get('/health').expect(200, { hasSession: false });
    await request(url).get('/tenants/acme/health').expect(404);
    await request(url).get('/tenants/acme/page').expect(200, { hasSession: true });
  });
});

describe('Excluded routes', () => {
  it('are found on Fastify below a prefix whose parameter has to match an expression', async () => {
    const { url } = await serve(new FastifyAdapter(), {
      configure: (app) => app.setGlobalPrefix('tenants/:tenant(^\\d+$)'),
    });
    await request(url).get('/tenants/12/health').expect(200, { hasSession: false });
    await request(url).get('/tenants/12/page').expect(200, { hasSession: true });
    await request(url).get('/tenants/acme/page').expect(404);
  });

  it('are found in an application that is mounted below another', async () => {
    const outer = await mount({});
    await request(outer).get('/outer/middle/health').expect(200, { hasSession: false });
    await request(outer).get('/outer/middle/page').expect(200, { hasSession: true });
  });

  it('are found in a mounted application below a prefix as well', async () => {
    const outer = await mount({ configure: (app) => app.setGlobalPrefix('api/:version') });
    await request(outer).get('/outer/middle/api/v1/health').expect(200, { hasSession: false });
    await request(outer).get('/outer/middle/api/v1/page').expect(200, { hasSession: true });
  });

  it('are found in a mounted application by the whole path as well', async () => {
    const outer = await mount({ exclude: ['/outer/middle/health'] });
    await request(outer).get('/outer/middle/health').expect(200, { hasSession: false });
    await request(outer).get('/outer/middle/page').expect(200, { hasSession: true });
  });

  it('are relative to the application, not to a path where main.ts mounts SessionMiddleware', async () => {
    const { url } = await serve(new ExpressAdapter(), {
      exclude: ['/b.css'],
      configure: (app) => {
        const sessions = app.get(SessionMiddleware);
        app.use('/files/a', sessions.use.bind(sessions));
      },
    });
    await request(url).get('/files/a/b.css').expect(200, { hasSession: true });
  });
});
