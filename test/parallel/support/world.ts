import { setTimeout as sleep } from 'node:timers/promises';
import { Keyring } from '../../../lib/crypto/keyring.js';
import type { RecordDriver } from '../../../lib/drivers/driver.js';
import { guardedDriver } from '../../../lib/drivers/guard/guarded-driver.js';
import { StoreGuard } from '../../../lib/drivers/guard/store-guard.js';
import { TurnQueue } from '../../../lib/lifecycle/records/turn-queue.js';
import { type LifetimeSettings, Lifetimes } from '../../../lib/lifecycle/lifetimes.js';
import { WatchedSessions } from '../../../lib/lifecycle/watching/watched-sessions.js';
import { RecordBackend } from '../../../lib/lifecycle/records/record-backend.js';
import type { RecordStore } from '../../../lib/drivers/record-store.js';
import type { SessionBackend } from '../../../lib/lifecycle/session-backend.js';
import { VISITOR } from '../../../lib/lifecycle/caller.js';
import { SessionLifecycle } from '../../../lib/lifecycle/session-lifecycle.js';
import { RecentFates } from '../../../lib/lifecycle/recent-fates.js';
import { ConsistencyErrors } from '../../../lib/lifecycle/consistency-errors.js';
import { TokenLimit } from '../../../lib/lifecycle/sealed/token-limit.js';
import type { CookieInstruction } from '../../../lib/lifecycle/cookie-instruction.js';
import type { SessionLog } from '../../../lib/drivers/session-log.js';
import type { SessionRuntime } from '../../../lib/lifecycle/session-runtime.js';
import type { SessionHost } from '../../../lib/session/session-host.js';
import { COOKIE_ATTRIBUTES } from '../../support/cookie-attributes.js';
import { HostedSession } from '../../../lib/session/hosted-session.js';
import type { RequestSession } from '../../../lib/session/request-session.js';
import { type Payload, parsePayload } from '../../../lib/state/payload.js';
import { StoppedClock } from '../../conformance/stopped-clock.js';
import { WatchedDriver } from './watched-driver.js';

export const KEYRING = new Keyring(['a secret for tests that is long enough'], 'session');

/** The default lifetimes. */
export const LIFETIMES: LifetimeSettings = {
  age: 2 * 3_600_000,
  absoluteAge: Infinity,
  automaticTouch: true,
  touchEvery: 60_000,
  clearWithBrowser: false,
};

/** Logs nothing, as these tests look at no messages. */
const SILENT: SessionLog = { warn: () => undefined, error: () => undefined };

/** Sessions of which at least some are records. */
interface HasRecords {
  readonly records: RecordBackend;
}

/** What a request's response contained. */
export interface Answer {
  readonly status: 200 | 503;
  readonly cookie: CookieInstruction;
  /** The id in the cookie, if one was set. */
  readonly cookieId: string | null;
  readonly error: unknown;
}

/** One store and all that requests on it need, without HTTP, so that a test controls the order of every call. */
export class World {
  readonly clock = new StoppedClock();
  readonly driver: WatchedDriver;
  /** All ids under which a record was ever written. */
  readonly ids = new Set<string>();
  readonly runtime: SessionRuntime;

  constructor(makeDriver: (clock: StoppedClock) => RecordDriver, runtime: Partial<SessionRuntime> = {}) {
    this.driver = new WatchedDriver(makeDriver(this.clock));
    const live = new WatchedSessions(this.clock, false);
    this.runtime = {
      clock: this.clock,
      driver: 'test',
      keyring: KEYRING,
      serializer: JSON,
      log: SILENT,
      faults: new ConsistencyErrors(SILENT, this.clock),
      lifetimes: new Lifetimes(this.clock, LIFETIMES),
      watched: live,
      fates: new RecentFates(this.clock, live),
      degrade: false,
      userKey: 'userId',
      tokenLimit: new TokenLimit(4000, JSON, null),
      ...runtime,
    };
  }

  /** One process of the application. Its requests share a queue; `driver` is its access to the store. */
  process(
    driver: RecordDriver = this.driver,
    wait: (ms: number) => Promise<unknown> = sleep,
  ): ApplicationProcess {
    return new ApplicationProcess(this, driver, wait);
  }

  /** Creates a session and returns its id. */
  async seed(fill: (session: RequestSession) => unknown): Promise<string> {
    const request = await this.process().request(null);
    await fill(request.session);
    const { cookieId } = await request.respond();
    if (cookieId === null) throw new Error('The session to begin with was not stored');
    return cookieId;
  }

  /** The backend for the sessions of one process. */
  backendOn(
    runtime: SessionRuntime,
    store: RecordStore,
    wait: (ms: number) => Promise<unknown>,
  ): SessionBackend & HasRecords {
    return new RecordBackend(runtime, store, new TurnQueue(Infinity), wait);
  }

  /** Direct access to the stored records. */
  get stored(): Pick<RecordDriver, 'read'> {
    return this.driver.inner;
  }

  /** The cookie token for a session id. */
  tokenOf(id: string): string {
    return KEYRING.sign(id);
  }

  /** The session id in a cookie token. */
  idOf(token: string): string | null {
    return KEYRING.verify(token);
  }

  /** The payload in the cookie itself. Null: the session is in the store. */
  heldBy(_token: string): Payload | null {
    return null;
  }

  /** What a visitor with the cookie of this id finds. Null: nothing. */
  async find(id: string): Promise<Payload | null> {
    const record = await this.stored.read(id);
    if (record === null) return null;
    const parsed = parsePayload(record.payload, JSON);
    return parsed.kind === 'session' ? parsed.payload : null;
  }

  /** The ids of all sessions in the store, without markers and the like. */
  async living(): Promise<string[]> {
    const living: string[] = [];
    for (const call of this.driver.calls) if (call.method === 'write') this.ids.add(call.id);
    for (const id of this.ids) if ((await this.find(id)) !== null) living.push(id);
    return living;
  }
}

export class ApplicationProcess {
  /** The backend for its records. */
  readonly backend: RecordBackend;
  /** The backend for its sessions. */
  readonly sessions: SessionBackend & HasRecords;
  readonly runtime: SessionRuntime;

  constructor(
    readonly world: World,
    driver: RecordDriver,
    wait: (ms: number) => Promise<unknown>,
  ) {
    const { sessionsPerUser, clock, log } = world.runtime;
    // Sign-ins wait for each other in one process only.
    const turns = new TurnQueue(Infinity);
    const fates = new RecentFates(clock, world.runtime.watched);
    this.runtime = {
      ...world.runtime,
      fates,
      sessionsPerUser: sessionsPerUser && { ...sessionsPerUser, turns },
    };
    const store = guardedDriver(driver, new StoreGuard({ name: 'test', timeout: Infinity, log, clock }));
    this.sessions = world.backendOn(this.runtime, store, wait);
    this.backend = this.sessions.records;
  }

  /** A request with the cookies of these ids (null: none) whose session is loaded. */
  async request(...ids: (string | null)[]): Promise<TestRequest> {
    const request = new TestRequest(this, ...ids);
    await request.session.initiate();
    return request;
  }
}

/** One request, from loading its session to sending its response. */
export class TestRequest implements SessionHost {
  readonly hosted: HostedSession;
  readonly session: RequestSession;
  readonly tokens: readonly string[];
  readonly #process: ApplicationProcess;

  constructor(process: ApplicationProcess, ...ids: (string | null)[]) {
    this.#process = process;
    this.tokens = ids.filter((id) => id !== null).map((id) => process.world.tokenOf(id));
    this.hosted = new HostedSession(this);
    this.session = this.hosted.session;
  }

  createLifecycle(): SessionLifecycle {
    return new SessionLifecycle(this.#process.sessions, VISITOR);
  }

  readonly cookieAttributes = COOKIE_ATTRIBUTES;
  readonly headSent = false;
  readonly isOver = false;

  reportTooLate(): void {}

  onceOver(): void {}

  arm(): void {}

  commitFailed(): void {}

  writtenAfterEnd(): void {}

  body(): unknown {
    return undefined;
  }

  isNeverFlashed(): boolean {
    return false;
  }

  verify(signedId: string): string | null {
    return KEYRING.verify(signedId);
  }

  /** Commits as the interceptor and the gate do, and returns the response. */
  async respond(): Promise<Answer> {
    try {
      await this.hosted.commitDue();
    } catch (error) {
      this.hosted.abandon();
      return { status: 503, cookie: { kind: 'none' }, cookieId: null, error };
    }
    const cookie = this.hosted.cookieInstruction(this.tokens.length > 0);
    return {
      status: 200,
      cookie,
      cookieId: cookie.kind === 'set' ? this.#process.world.idOf(cookie.token) : null,
      error: null,
    };
  }
}
