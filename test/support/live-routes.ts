import { createRequire } from 'node:module';
import { Controller, Get, Inject, Module, type OnModuleInit, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, Router } from 'express';
import { LiveVisitors, who } from './live-visitors.js';

export const live = new LiveVisitors();
export const { ask, controller: LivePages } = live;

interface Seen {
  seen?: Record<string, unknown>;
}

/** Records on the request which user the facade finds. */
export const note = (req: object, where: string): void => {
  const keeping: Seen = req;
  (keeping.seen ??= {})[where] = who();
};

export const seenBy = (req: object): object => ('seen' in req ? Object(req.seen) : {});

/** A second copy of Express beside that of Nest, as npm may install one. */
export function anotherExpress(): typeof express {
  const load = createRequire(import.meta.url);
  const before = Object.entries(load.cache).filter(([path]) => /node_modules\/(express|router)\//.test(path));
  for (const [path] of before) delete load.cache[path];
  try {
    return load('express');
  } finally {
    Object.assign(load.cache, Object.fromEntries(before));
  }
}

export const onward: RequestHandler = (_req, _res, next) => ask(() => next());

export const noting =
  (where: string): RequestHandler =>
  (req, _res, next) => {
    note(req, where);
    next();
  };

export const answering: RequestHandler = (req, res) => void res.json({ ...seenBy(req), handler: who() });

export const failing: RequestHandler = () => {
  throw new Error('thrown');
};

export const answeringErrors: ErrorRequestHandler = (_error, req, res, _next) => {
  res.status(418).json({ ...seenBy(req), errors: who() });
};

/** A module that registers something on the Express instance, to run after the session is opened. */
export const wiring = (wire: (instance: Express) => void): Type => {
  @Module({})
  class WiringModule implements OnModuleInit {
    constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

    onModuleInit(): void {
      wire(this.host.httpAdapter.getInstance());
    }
  }
  return WiringModule;
};

export function aRouter(): Router {
  const deeper = Router().use(onward, noting('deeper'));
  deeper.get('/page', onward, answering);
  const router = Router();
  router.param('id', (req, _res, next, _id) => {
    note(req, 'param');
    ask(() => next());
  });
  router.use(onward, noting('layer'), onward);
  router.get('/page', onward, noting('first'), onward, answering);
  router.route('/route').all(onward, noting('first')).get(onward, answering);
  router.get('/param/:id', answering);
  router.use('/deeper', deeper);
  router.get('/fail', onward, failing);
  router.use(onwardAfterErrors, answeringErrors);
  return router;
}

export const onwardAfterErrors: ErrorRequestHandler = (error, _req, _res, next) => ask(() => next(error));

export const ROUTER_PAGES: Record<string, object> = {
  page: { layer: 'bob', first: 'bob', handler: 'bob' },
  route: { layer: 'bob', first: 'bob', handler: 'bob' },
  'param/1': { layer: 'bob', param: 'bob', handler: 'bob' },
  'deeper/page': { layer: 'bob', deeper: 'bob', handler: 'bob' },
  fail: { layer: 'bob', errors: 'bob' },
};

@Controller()
export class PageController {
  @Get(['nest', 'nest/:id', 'excluded'])
  page() {
    return { handler: who() };
  }
}

export type Middleware = (req: { url?: string }, res: unknown, next: () => void) => void;
