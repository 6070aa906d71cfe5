import { randomUUID } from 'node:crypto';
import {
  All,
  Controller,
  type DynamicModule,
  type ModuleMetadata,
  Req,
  Res,
  type Type,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type request from 'supertest';
import {
  RequestSession,
  Session,
  SessionManager,
  SessionModule,
  type SessionModuleOptions,
} from 'nestjs-session-kit';
import { visitorOf } from './kept-connections.js';
import { type Platform, type TestApplication, UNHURRIED, applicationOn, setCookies } from './test-app.js';
import { SessionLifecycles } from '../../lib/nest/session-lifecycles.js';

/** What the handler of a test can use. */
export interface HandlerContext {
  readonly session: RequestSession;
  /** Express's request, or Fastify's. */
  readonly req: Record<string, unknown> & { readonly session?: unknown };
  /** Express's response, or Fastify's reply, in passthrough mode. */
  readonly res: unknown;
}

/** A part of a test that runs inside a handler. */
export type Handler<T> = (session: RequestSession, context: HandlerContext) => T | Promise<T>;

/** How to send a request. */
export interface RequestInit {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends a POST with this JSON body. */
  readonly body?: object;
  /** Sends a POST with this form, like a browser without scripts. */
  readonly form?: Readonly<Record<string, string>>;
  /** The expected status. Default 200. */
  readonly status?: number;
}

/** The result of a request. */
export interface Handled<T> {
  /** What the handler returned; the same object, not JSON. */
  readonly value: T;
  readonly response: request.Response;
  /** Its Set-Cookie headers. */
  readonly cookies: string[];
  /** A Cookie header with just these cookies, for another browser or server. */
  readonly asHeaders: { readonly cookie: string };
}

const handlers = new Map<string, Handler<unknown>>();
const outcomes = new Map<string, { value: unknown } | { error: unknown }>();

/** The only controller. Runs the function whose key is in the path. */
@Controller()
class HandlerController {
  @All('run/:key')
  async run(
    @Session() session: RequestSession,
    @Req() req: HandlerContext['req'] & { params: { key: string } },
    @Res({ passthrough: true }) res: unknown,
  ): Promise<{ ok: true }> {
    const { key } = req.params;
    try {
      outcomes.set(key, { value: await handlers.get(key)?.(session, { session, req, res }) });
    } catch (error) {
      outcomes.set(key, { error });
      throw error;
    }
    return { ok: true };
  }
}

/** The parts of an application for handlers. */
export interface HandlerAppSetup {
  readonly options?: Partial<SessionModuleOptions>;
  /** The whole session module, instead of `options`. */
  readonly session?: DynamicModule;
  readonly imports?: ModuleMetadata['imports'];
  readonly controllers?: Type[];
  readonly providers?: ModuleMetadata['providers'];
  readonly configure?: (app: TestApplication) => void | Promise<void>;
}

/**
 * An application whose handlers are written inside the test, so that a test shows just what it is about.
 *
 * @example
 * const visitor = app.visitor();
 * await visitor.in((session) => session.put('cart_total', 1900));
 * expect(await visitor.in((session) => session.get('cart_total'))).toBe(1900);
 */
export class HandlerApp implements AsyncDisposable {
  private constructor(
    readonly app: TestApplication,
    readonly url: string,
  ) {}

  static async start(platform: Platform, setup: HandlerAppSetup = {}): Promise<HandlerApp> {
    const testing = await Test.createTestingModule({
      imports: [
        setup.session ?? SessionModule.forRoot({ ...UNHURRIED, ...setup.options }),
        ...(setup.imports ?? []),
      ],
      controllers: [HandlerController, ...(setup.controllers ?? [])],
      providers: setup.providers ?? [],
    }).compile();
    const app = applicationOn(platform, testing);
    try {
      await setup.configure?.(app);
      await app.listen(0, '127.0.0.1');
    } catch (error) {
      await app.close();
      throw error;
    }
    return new HandlerApp(app, (await app.getUrl()).replace('[::1]', '127.0.0.1'));
  }

  /** A visitor with a new browser. */
  visitor(): Visitor {
    return new Visitor(this.url);
  }

  get manager(): SessionManager {
    return this.app.get(SessionManager, { strict: false });
  }

  /** Creates and watches the application's sessions. */
  get lifecycles(): SessionLifecycles {
    return this.app.get(SessionLifecycles, { strict: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
  }
}

/** Keeps its cookies between requests. */
export class Visitor {
  readonly agent: ReturnType<typeof request.agent>;

  constructor(url: string) {
    this.agent = visitorOf(url);
  }

  /** Runs a function inside a handler and returns its result. */
  async in<T>(handler: Handler<T>, init: RequestInit = {}): Promise<T> {
    return (await this.handle(handler, init)).value;
  }

  /** The same, with the response. Throws what the handler throws, unless another status is expected. */
  async handle<T>(handler: Handler<T>, init: RequestInit = {}): Promise<Handled<T>> {
    const key = randomUUID();
    handlers.set(key, handler);
    try {
      const sent = this.#send(`/run/${key}`, init);
      for (const [name, value] of Object.entries(init.headers ?? {})) sent.set(name, value);
      const response = await sent.redirects(0);
      const outcome = outcomes.get(key);
      if (outcome !== undefined && 'error' in outcome && init.status === undefined) throw outcome.error;
      const expected = init.status ?? 200;
      if (response.status !== expected) {
        throw new Error(`Expected ${expected}, got ${response.status}: ${response.text}`);
      }
      // The map holds the results of all handlers, so the type has to be asserted.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const value = (outcome !== undefined && 'value' in outcome ? outcome.value : undefined) as T;
      const cookies = setCookies(response);
      const cookie = cookies.map((each) => each.split(';')[0]).join('; ');
      return { value, response, cookies, asHeaders: { cookie } };
    } finally {
      handlers.delete(key);
      outcomes.delete(key);
    }
  }

  #send(path: string, { body, form }: RequestInit): request.Test {
    if (form !== undefined) return this.agent.post(path).send(new URLSearchParams(form).toString());
    return body === undefined ? this.agent.get(path) : this.agent.post(path).send(body);
  }
}
