import { Controller, Get, Session } from '@nestjs/common';
import fastifyCookie from '@fastify/cookie';
import fastifySessionPlugin from '@fastify/session';
import secureSessionPlugin from '@fastify/secure-session';
import { fastifyApp } from './nest-app.js';
import { ageMs, cookieName, key, secret } from './secrets.js';
import { firstViews, nextViews, sessionContent, type Answer } from './session-content.js';
import type { StartVariant } from './variant.js';

interface FastifySession {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
}

@Controller()
class FastifySessionController {
  @Get('none')
  none(): Answer {
    return { views: firstViews };
  }

  @Get('read')
  read(@Session() session: FastifySession): Answer {
    return { views: session.get('views') };
  }

  @Get('write')
  write(@Session() session: FastifySession): Answer {
    const views = nextViews();
    session.set('views', views);
    return { views };
  }

  @Get('seed')
  seed(@Session() session: FastifySession): Answer {
    for (const [name, value] of Object.entries(sessionContent())) session.set(name, value);
    return { views: firstViews };
  }

  @Get('all')
  all(@Session() session: FastifySession): Record<string, unknown> {
    const names = Object.keys(sessionContent());
    return Object.fromEntries(names.map((name) => [name, session.get(name)]));
  }
}

/** @fastify/session with its memory store. */
export function fastifySession(): StartVariant {
  return async () => {
    const app = await fastifyApp(FastifySessionController);
    await app.register(fastifyCookie);
    await app.register(fastifySessionPlugin, {
      secret,
      cookieName,
      saveUninitialized: false,
      cookie: { secure: false, maxAge: ageMs, sameSite: 'lax' },
    });
    return app;
  };
}

/** @fastify/secure-session: values in an encrypted cookie. */
export function fastifySecureSession(): StartVariant {
  return async () => {
    const app = await fastifyApp(FastifySessionController);
    await app.register(secureSessionPlugin, {
      key,
      cookieName,
      expiry: ageMs / 1000,
      cookie: { path: '/', httpOnly: true, sameSite: 'lax', maxAge: ageMs / 1000 },
    });
    return app;
  };
}
