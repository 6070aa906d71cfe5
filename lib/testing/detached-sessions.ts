import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../drivers/clock.js';
import { MemoryDriver } from '../drivers/memory/memory.driver.js';
import { randomId } from '../crypto/random-id.js';
import { VISITOR } from '../lifecycle/caller.js';
import { CommitQueue } from '../lifecycle/records/commit-queue.js';
import { RecordBackend } from '../lifecycle/records/record-backend.js';
import { recordedUser } from '../lifecycle/users/recorded-user.js';
import type { SessionRuntime } from '../lifecycle/session-runtime.js';
import { sessionRuntime } from '../nest/make-session-runtime.js';
import { type SessionSettings, resolveSettings } from '../nest/session.settings.js';
import { PAYLOAD_FORMAT, type Payload, parsePayload } from '../state/payload.js';
import { SessionState } from '../state/session-state.js';
import { serialize } from '../state/storable.js';
import type { Values } from '../state/values.js';
import { RecordedLifecycle } from './recorded-lifecycle.js';

/** What a request finds in its session. */
interface Found {
  readonly values: Readonly<Values>;
  /** The flash messages of the previous request. */
  readonly flash: Readonly<Values>;
}

/** Discards log messages: a test looks at the session. */
const NO_LOG = { warn(): void {}, error(): void {} };

/**
 * Sessions without an application, kept in this process. Created for each session, so that nothing is left over
 * for the next.
 */
export class DetachedSessions {
  readonly settings: SessionSettings;
  readonly #runtime: SessionRuntime;
  readonly #driver = new MemoryDriver({});

  /** @param userKey the option of that name */
  constructor(userKey: string) {
    const secret = randomBytes(32).toString('base64url');
    this.settings = resolveSettings({ secret, driver: 'memory', cookie: { secure: false }, userKey });
    this.#runtime = sessionRuntime(this.settings, NO_LOG);
  }

  /**
   * A request with a session that holds these values and messages, or with a new session if there are none.
   *
   * @throws SessionValueError if a value cannot be stored
   */
  request(found: Found): RecordedLifecycle {
    const backend = new RecordBackend(this.#runtime, this.#driver, new CommitQueue(Infinity), sleep);
    const life = new RecordedLifecycle(backend, VISITOR);
    if (Object.keys(found.values).length > 0 || Object.keys(found.flash).length > 0) this.#store(life, found);
    return life;
  }

  #store(life: RecordedLifecycle, { values, flash }: Found): void {
    const { serializer, lifetimes } = this.#runtime;
    const now = systemClock.now();
    const userId = recordedUser(values, life.userKey);
    const given: Payload = { v: PAYLOAD_FORMAT, n: 1, c: now, d: values };
    if (userId !== null) given.s = [now, userId];
    if (Object.keys(flash).length > 0) given.f = [[1, { ...flash }]];
    const payload = serialize(given, serializer);
    // As a request reads it: a copy, in which a Date has become text.
    const parsed = parsePayload(payload, serializer);
    if (parsed.kind !== 'session') return;
    const state = SessionState.loaded(serializer, parsed.payload, payload, true);
    const loaded = { id: randomId(), version: 1, expiresAt: lifetimes.fullExpiry(state.facts) };
    const visit = { lastActivity: now, userId, ipAddress: null, userAgent: null };
    // The driver stores it synchronously; only its answer comes later.
    void this.#driver.write(loaded.id, { ...visit, payload, version: 1, expiresAt: loaded.expiresAt });
    life.session.found(loaded, state, visit);
  }
}
