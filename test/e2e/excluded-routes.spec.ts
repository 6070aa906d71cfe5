import { Controller, Get, Req } from '@nestjs/common';
import { type NestExpressApplication, ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import express from 'express';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';
import { SessionModule } from 'nestjs-session-kit';
import { SECRET } from '../support/test-app.js';

@Controller()
class PagesController {
  @Get(['health', 'page', 'files/:folder/:name'])
  answer(@Req() req: { session?: unknown }) {
    return { hasSession: req.session !== undefined };
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
};

const PATHS = [
  '/health',
  '/HEALTH',
  '/Health?verbose=1',
  '/health/',
  '/he%61lth',
  '/HE%41LTH/',
  '/page',
  '/PAGE',
  '/files/a/b.css',
  '/Files/A/B.css',
];

describe.each(Object.entries(ADAPTERS))('Excluded routes, on %s', (_name, adapter) => {
  it.each(['', 'tenants/:tenant', ':language/api'])(
    'have no session in whatever spelling the router takes, and no other has none, with the prefix %j',
    async (prefix) => {
      const module = await Test.createTestingModule({
        imports: [
          SessionModule.forRoot({ secret: SECRET, driver: 'memory', exclude: ['/health', 'files/*path'] }),
        ],
        controllers: [PagesController],
      }).compile();
      const app = module.createNestApplication<NestExpressApplication | NestFastifyApplication>(adapter(), {
        logger: false,
      });
      open.push(app);
      if (prefix !== '') app.setGlobalPrefix(prefix);
      await app.listen(0, '127.0.0.1');
      const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
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
          expect([path, response.body]).toEqual([path, { hasSession: path.toLowerCase() === '/page' }]);
        }
      }
      expect(served).toBeGreaterThanOrEqual(3);
    },
  );
});
