import { Controller, Get, Inject, Module, type NestModule, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import express from 'express';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HttpSessions } from '../../lib/http/http-sessions.js';
import { bindToRequest } from '../../lib/http/bind-to-request.js';
import { sessionContext } from '../../lib/session/session.context.js';
import { Session } from 'nestjs-session-kit';
import { PLATFORMS, type Platform, TestApp } from '../support/test-app.js';

@Controller()
class PageController {
  @Get('page')
  page(@Session() session: Session) {
    session.put('visited', true);
    return {};
  }
}

type Next = () => void;
type Registering = (instance: {
  use(middleware: unknown): unknown;
  param(name: string, callback: unknown): unknown;
  all(path: string, ...handlers: unknown[]): unknown;
  addHook(name: string, hook: unknown): unknown;
}) => void;

const goOn = (_req: unknown, _res: unknown, next: Next): void => next();

const LAYERS: Record<Platform, Registering> = {
  express: (instance) => {
    for (let count = 0; count < 5; count += 1) {
      instance.use(goOn);
      instance.use(express.Router().use(goOn).all('/page', goOn, goOn));
    }
    instance.all('/page', goOn, goOn, goOn);
  },
  fastify: (instance) => {
    for (const name of ['onRequest', 'preValidation', 'preHandler']) {
      for (let count = 0; count < 5; count += 1) instance.addHook(name, goOn);
    }
  },
};

function registering(register: Registering): Type {
  @Module({})
  class RegisteringModule implements NestModule {
    constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

    configure(): void {
      register(this.host.httpAdapter.getInstance());
    }
  }
  return RegisteringModule;
}

describe.each(PLATFORMS)('the cost of keeping a request in its own context on %s', (platform) => {
  afterEach(() => void vi.restoreAllMocks());

  /** How often one request checks its context, enters it, and calls `run` of AsyncLocalStorage. */
  async function countsWith(register: Registering, configure?: (app: TestApp['app']) => void) {
    await using app = await TestApp.start(platform, {
      imports: [registering(register)],
      controllers: [PageController],
      ...(configure && { configure }),
    });
    const visitor = app.visitor();
    await visitor.get('/page').expect(200);
    const counted = [
      vi.spyOn(HttpSessions.prototype, 'isInContext'),
      vi.spyOn(HttpSessions.prototype, 'runInContext'),
      vi.spyOn(sessionContext, 'run'),
    ] as const;
    await visitor.get('/page').expect(200);
    const [asked, entered, run] = counted.map((each) => each.mock.calls.length);
    vi.restoreAllMocks();
    return { asked: asked ?? 0, entered, run };
  }

  it('is limited to checks in each layer, without entering a context that is already right', async () => {
    const without = await countsWith(() => undefined);
    const layered = await countsWith(LAYERS[platform]);
    expect(layered.asked).toBeGreaterThan(without.asked);
    expect({ ...layered, asked: 0 }).toEqual({ ...without, asked: 0 });
    expect(without.run).toBe(1);
  });

  it('is one check for middleware of main.ts', async () => {
    const one = (app: TestApp['app']): void => void app.use(goOn);
    const two = (app: TestApp['app']): void => void app.use(goOn).use(goOn);
    const [first, second] = [await countsWith(() => undefined, one), await countsWith(() => undefined, two)];
    expect(second).toEqual({ ...first, asked: first.asked + 1 });
  });
});

it('a function that is already bound to its context is not bound again', () => {
  const sessions = Object.create(HttpSessions.prototype);
  const once = bindToRequest(sessions, goOn);
  expect(once).not.toBe(goOn);
  expect(bindToRequest(sessions, once)).toBe(once);
});
