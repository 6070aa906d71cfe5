import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { SessionManager, SessionModule, type SessionModuleOptions } from 'nestjs-session-kit';
import { SessionLifecycles } from '../../lib/nest/session-lifecycles.js';
import { afterEach, beforeEach, vi } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { Keyring } from '../../lib/crypto/keyring.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { VISITOR } from '../../lib/lifecycle/caller.js';
import type { CookieInstruction } from '../../lib/lifecycle/cookie-instruction.js';
import { HostedSession } from '../../lib/session/hosted-session.js';
import type { RequestSession } from '../../lib/session/request-session.js';
import type { SessionHost } from '../../lib/session/session-host.js';
import { COOKIE_ATTRIBUTES } from './cookie-attributes.js';
import { Deferred } from '../parallel/support/deferred.js';
import { type DriverCall, WatchedDriver } from '../parallel/support/watched-driver.js';
import { SECRET } from './test-app.js';

const KEYRING = new Keyring([SECRET], 'session');

/** The essence of a response: its cookie, or its error. */
export interface Response {
  readonly cookie: CookieInstruction['kind'];
  /** '' if no cookie is set. */
  readonly token: string;
  /** In seconds. */
  readonly maxAge: number | undefined;
  readonly error: unknown;
}

/**
 * An application without HTTP, on a store that records its calls and can hold them, reject them or lose their answers.
 */
export class OneStore {
  readonly driver = new WatchedDriver(new MemoryDriver({}, systemClock));
  readonly said: string[] = [];
  readonly #letters = new Map<string, string>();

  private constructor(
    readonly manager: SessionManager,
    readonly lifecycles: SessionLifecycles,
    readonly module: TestingModule,
  ) {}

  /** @param options `driver: 'stealth'` for sessions in cookies */
  static async start(options: Partial<SessionModuleOptions> = {}): Promise<OneStore> {
    const imports = [SessionModule.forRoot({ secret: SECRET, driver: 'watched', gc: false, ...options })];
    const module = await Test.createTestingModule({ imports }).compile();
    const store = new OneStore(module.get(SessionManager), module.get(SessionLifecycles), module);
    for (const level of ['warn', 'error'] as const)
      vi.spyOn(Logger.prototype, level).mockImplementation(
        (message) => void store.said.push(String(message)),
      );
    store.manager.extend('watched', () => store.driver);
    await module.init();
    return store;
  }

  /** A request with this token (or without a cookie), its session loaded. */
  async open(token?: string): Promise<OneRequest> {
    const request = new OneRequest(this.lifecycles, token === undefined || token === '' ? [] : [token]);
    await request.session.initiate();
    return request;
  }

  /** A visitor with a cookie of their own. */
  visitor(): OneVisitor {
    return new OneVisitor(this);
  }

  /** Stores a session and returns its token. Discards the calls recorded so far. */
  async seed(fill = (session: RequestSession): unknown => session.put('user', 'ann')): Promise<string> {
    const request = await this.open();
    await fill(request.session);
    const { token } = await request.respond();
    this.calls();
    return token;
  }

  /** What a visitor with this token reads. The calls are not recorded. */
  async reads(token: string): Promise<unknown> {
    const calls = [...this.driver.calls];
    const { session } = await this.open(token);
    this.driver.calls.splice(0, Infinity, ...calls);
    return session.all();
  }

  /** The calls since last time, such as `write A 2`. Ids become letters in order of appearance. */
  calls(): string[] {
    return this.driver.calls.splice(0).map((call) => {
      const letter = this.#letters.get(call.id) ?? String.fromCodePoint(65 + this.#letters.size);
      this.#letters.set(call.id, letter);
      const version = 'record' in call ? call.record.version : 'version' in call ? call.version : '';
      return `${call.method} ${letter} ${version}`.trimEnd();
    });
  }

  /** Holds the next call of a method until `release`. `reached` resolves when the call arrives. */
  hold(method: DriverCall['method']): { reached: Promise<void>; release: () => void } {
    const [reached, gate] = [new Deferred(), new Deferred()];
    this.driver.before = async (call) => {
      if (call.method !== method) return;
      this.driver.before = () => undefined;
      reached.resolve();
      await gate.promise;
    };
    return { reached: reached.promise, release: () => gate.resolve() };
  }

  /** Makes the next call of a method fail, before the store gets it or after the store has done it. */
  failNext(method: DriverCall['method'], when: 'before' | 'after' = 'before'): void {
    this.driver[when] = (call) => {
      if (call.method !== method) return;
      this.driver[when] = () => undefined;
      throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
    };
  }
}

/** A request, from the loading of its session until its response is sent. */
export class OneRequest implements SessionHost {
  readonly hosted: HostedSession;
  readonly session: RequestSession;
  readonly cookieAttributes = COOKIE_ATTRIBUTES;
  readonly isOver = false;
  headSent = false;

  constructor(
    readonly lifecycles: SessionLifecycles,
    readonly tokens: readonly string[],
  ) {
    this.hosted = new HostedSession(this);
    this.session = this.hosted.session;
  }

  createLifecycle(): ReturnType<SessionHost['createLifecycle']> {
    return this.lifecycles.createLifecycle(VISITOR, undefined);
  }

  /** Commits like the response gate and returns what the response would contain. */
  async respond(): Promise<Response> {
    try {
      await this.hosted.commitDue();
    } catch (error) {
      return { cookie: 'none', token: '', maxAge: undefined, error };
    }
    const said = this.hosted.cookieInstruction(this.tokens.length > 0);
    const isSet = said.kind === 'set';
    return {
      cookie: said.kind,
      token: isSet ? said.token : '',
      maxAge: isSet ? said.maxAge : undefined,
      error: null,
    };
  }

  verify(signedId: string, secret?: string): string | null {
    return (secret === undefined ? KEYRING : new Keyring([secret], 'session')).verify(signedId);
  }

  /** Called when the response has ended. */
  end: () => void = () => undefined;
  onceOver(done: () => void): void {
    this.end = done;
  }
  arm(): void {}
  commitFailed(): void {}
  reportTooLate(): void {}
  writtenAfterEnd(): void {}
  body(): unknown {
    return undefined;
  }
  isNeverFlashed(): boolean {
    return false;
  }
}

/** A visitor who keeps the cookie from request to request. */
export class OneVisitor {
  readonly #store: OneStore;
  #token = '';

  constructor(store: OneStore) {
    this.#store = store;
  }

  /** Runs a function in a request and returns its result. Throws what the commit throws. */
  async in<T>(handler: (session: RequestSession) => T | Promise<T>): Promise<T> {
    const request = await this.#store.open(this.#token);
    const value = await handler(request.session);
    const { cookie, token, error } = await request.respond();
    if (error !== null) throw error;
    if (cookie !== 'none') this.#token = token;
    return value;
  }
}

/** Stops the clock for each test of a file; `pass(ms)` advances it. */
export function stoppedTime(): (ms: number) => void {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 }));
  afterEach(() => void vi.useRealTimers().restoreAllMocks());
  return (ms) => void vi.setSystemTime(Date.now() + ms);
}
