import {
  type CanActivate,
  Controller,
  Get,
  Injectable,
  type MiddlewareConsumer,
  Module,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { expect, it } from 'vitest';
import { Session, SessionModule } from 'nestjs-session-kit';
import { SECRET } from '../support/test-app.js';

@Injectable()
class CountingGuard implements CanActivate {
  canActivate(): boolean {
    Session.increment('guarded');
    return true;
  }
}

@Controller()
class CountController {
  @Get()
  counts(@Session() session: Session) {
    return session.all();
  }
}

@Module({ controllers: [CountController], providers: [{ provide: APP_GUARD, useClass: CountingGuard }] })
class CountModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply((_req: unknown, _res: unknown, next: () => void) => {
        Session.increment('passed');
        next();
      })
      .forRoutes('{*path}');
  }
}

const sessions = () => SessionModule.forRoot({ secret: SECRET, driver: 'memory' });

it.each([
  ['first, on Express', () => [sessions(), CountModule], () => new ExpressAdapter()],
  ['last, on Express', () => [CountModule, sessions()], () => new ExpressAdapter()],
  ['first, on Fastify', () => [sessions(), CountModule], () => new FastifyAdapter()],
  ['last, on Fastify', () => [CountModule, sessions()], () => new FastifyAdapter()],
])(
  'the session is loaded before the middleware and the guards of other modules: imported %s',
  async (_where, imports, adapter) => {
    const testing = await Test.createTestingModule({ imports: imports() }).compile();
    const app = testing.createNestApplication(adapter(), { logger: false });
    try {
      await app.listen(0, '127.0.0.1');
      const visitor = request.agent(await app.getUrl());
      await visitor.get('/').expect(200, { passed: 1, guarded: 1 });
      const { body } = await visitor.get('/');
      expect(body).toEqual({ passed: 2, guarded: 2 });
    } finally {
      await app.close();
    }
  },
);
