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
import request from 'supertest';
import {
  RequestSession,
  Session,
  SessionManager,
  SessionModule,
  type SessionModuleOptions,
} from 'nestjs-session-kit';
import { type Platform, type TestApplication, UNHURRIED, applicationOn, setCookies } from './test-app.js';

/** What a handler of a test has at hand. */
export interface HandlerContext {
  readonly session: RequestSession;
  /** Express's request, or Fastify's. */
  readonly req: Record<string, unknown> & { readonly session?: unknown };
  /** Express's response, or Fastify's reply, in passthrough mode. */
  readonly res: unknown;
}

/** A piece of a test that runs inside a handler. */
export type Handler<T> = (session: RequestSession, context: HandlerContext) => T | Promise<T>;

/** How a request is made. */
export interface RequestInit {
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes it a POST with this JSON body. */
  readonly body?: object;
  /** Makes it a POST of a form, as a browser without scripts sends it. */
  readonly form?: Readonly<Record<string, string>>;
  /** The status expected. Default 200. */
  readonly status?: number;
}

/** What came of a request. */
export interface Handled<T> {
  /** What the handler returned, as it was in the handler. */
  readonly value: T;
  readonly response: request.Response;
  /** Its Set-Cookie headers. */
  readonly cookies: string[];
  /** The Cookie header of somebody who has just these cookies: another browser, another server. */
  readonly asHeaders: { readonly cookie: string };
}

const handlers = new Map<string, Handler<unknown>>();
const outcomes = new Map<string, { value: unknown } | { error: unknown }>();

/** The one controller: runs the function that the request names by its number. */
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

/** What an application for handlers is made of. */
export interface HandlerAppSetup {
  readonly options?: Partial<SessionModuleOptions>;
  /** The session module as a whole, in place of `options`. */
  readonly session?: DynamicModule;
  readonly imports?: ModuleMetadata['imports'];
  readonly controllers?: Type[];
  readonly providers?: ModuleMetadata['providers'];
  readonly configure?: (app: TestApplication) => void | Promise<void>;
}

/**
 * An application whose handlers are written in the test itself, so that a test reads as what it is about.
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

  /** Somebody with a browser of their own. */
  visitor(): Visitor {
    return new Visitor(this.url);
  }

  get manager(): SessionManager {
    return this.app.get(SessionManager, { strict: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
  }
}

/** Keeps its cookies from request to request. */
export class Visitor {
  readonly agent: ReturnType<typeof request.agent>;

  constructor(url: string) {
    this.agent = request.agent(url);
  }

  /** Runs a function inside a handler and gives back what it returned. */
  async in<T>(handler: Handler<T>, init: RequestInit = {}): Promise<T> {
    return (await this.handle(handler, init)).value;
  }

  /** The same, with the response. What the handler throws is thrown here, unless another status is expected. */
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
      // The handler's own type, through a map that serves all of them.
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
