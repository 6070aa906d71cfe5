import type { ModuleMetadata, Type } from '@nestjs/common';
import { type NestExpressApplication, ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test, type TestingModule } from '@nestjs/testing';
import type request from 'supertest';
import { SessionModule, type SessionModuleOptions } from 'nestjs-session-kit';
import { visitorOf } from './kept-connections.js';

/** The platforms that every end-to-end test runs on. */
export const PLATFORMS = ['express', 'fastify'] as const;

export type Platform = (typeof PLATFORMS)[number];

/**
 * Pairs each platform with some of the drivers, in turn, so that each driver runs on one platform: for what is decided
 * between session and driver, independent of requests and responses.
 */
export function pairsOf<Driver>(drivers: readonly Driver[]): readonly (readonly [Platform, Driver])[] {
  const count = PLATFORMS.length;
  return PLATFORMS.flatMap((platform, row) =>
    drivers
      .filter((_, column) => drivers.length < count || column % count === row)
      .map((driver) => [platform, driver] as const),
  );
}

/** Each platform with one driver: `memory`, which stores sessions, or `stealth`, which does not. */
export const PAIRS = pairsOf(['memory', 'stealth'] as const);

export type TestApplication = NestExpressApplication | NestFastifyApplication;

export const SECRET = 'a secret for tests that is long enough';

/**
 * The default configuration of test applications. The time-out is so long that a slow machine makes tests slow rather
 * than red.
 */
export const UNHURRIED = { secret: SECRET, driver: 'memory', storeTimeout: '60s' } as const;

/** The parts of a test application. */
export interface TestAppSetup {
  readonly controllers?: Type[];
  readonly providers?: ModuleMetadata['providers'];
  readonly imports?: ModuleMetadata['imports'];
  readonly options?: Partial<SessionModuleOptions>;
  /** What main.ts would do between create and listen. */
  readonly configure?: (app: TestApplication) => void | Promise<void>;
}

/** An application that logs nothing and closes without waiting for connections. */
export function applicationOn(platform: Platform, testing: TestingModule): TestApplication {
  const options = { logger: false as const, forceCloseConnections: true };
  const app =
    platform === 'express'
      ? testing.createNestApplication<NestExpressApplication>(new ExpressAdapter(), options)
      : testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), options);
  // Visitors keep their connections: none may end just as a request arrives on it, after a pause of the test.
  app.getHttpServer().keepAliveTimeout = 0;
  return app;
}

/** A Nest application with sessions, listening on a free local port. */
export class TestApp implements AsyncDisposable {
  private constructor(
    readonly app: TestApplication,
    readonly url: string,
  ) {}

  static async start(platform: Platform, setup: TestAppSetup): Promise<TestApp> {
    const testing = await Test.createTestingModule({
      imports: [SessionModule.forRoot({ ...UNHURRIED, ...setup.options }), ...(setup.imports ?? [])],
      controllers: setup.controllers ?? [],
      providers: setup.providers ?? [],
    }).compile();
    const app = applicationOn(platform, testing);
    await setup.configure?.(app);
    await app.listen(0, '127.0.0.1');
    const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    return new TestApp(app, url);
  }

  /** A visitor who keeps cookies between requests. */
  visitor(): ReturnType<typeof request.agent> {
    return visitorOf(this.url);
  }

  /** A single request without cookies. */
  get request(): ReturnType<typeof request.agent> {
    return visitorOf(this.url);
  }

  get<T>(token: Type<T>): T {
    return this.app.get(token, { strict: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
  }
}

/** Whether a Set-Cookie header expires a piece of a token, which a parallel response may have set. */
export const expiresPiece = (setCookie: string): boolean => /^[\w-]+\.\d=; Max-Age=0; /.test(setCookie);

/** The Set-Cookie headers of a response. */
export function setCookies(response: { headers: Record<string, unknown> }): string[] {
  const header: unknown = response.headers['set-cookie'];
  const values: unknown[] = Array.isArray(header) ? header : header === undefined ? [] : [header];
  return values.map(String);
}
