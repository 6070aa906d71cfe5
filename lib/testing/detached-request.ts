import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../drivers/clock.js';
import { MemoryDriver } from '../drivers/memory/memory.driver.js';
import { randomId } from '../crypto/random-id.js';
import { VISITOR } from '../lifecycle/caller.js';
import { TurnQueue } from '../lifecycle/records/turn-queue.js';
import { RecordBackend } from '../lifecycle/records/record-backend.js';
import { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import { recordedUser } from '../lifecycle/users/recorded-user.js';
import { sessionRuntime } from '../nest/make-session-runtime.js';
import { type SessionSettings, resolveSettings } from '../nest/session.settings.js';
import { PAYLOAD_FORMAT, type Payload, parsePayload } from '../state/payload.js';
import { serialize } from '../state/storable.js';
import type { Values } from '../state/values.js';

/** A lifecycle that records what is done to its session. */
export class RecordedLifecycle extends SessionLifecycle {
  hasRegenerated = false;
  hasDestroyed = false;
  hasSignedOut = false;
  /** The user who signed in last. */
  signedIn: string | null = null;

  override regenerate(): void {
    this.hasRegenerated = true;
    super.regenerate();
  }

  override invalidate(): void {
    this.hasRegenerated = true;
    this.#noteSignOut();
    super.invalidate();
  }

  override signIn(userId: string | number, duration: number | undefined): void {
    this.signedIn = String(userId);
    super.signIn(userId, duration);
  }

  override destroy(): Promise<void> {
    this.hasDestroyed = true;
    this.#noteSignOut();
    return super.destroy();
  }

  #noteSignOut(): void {
    this.hasSignedOut ||= recordedUser(this.state.readonlyValues, this.userKey) !== null;
  }
}

/** What a request finds in its session. */
interface Found {
  readonly values: Readonly<Values>;
  /** The flash messages of the previous request. */
  readonly flash: Readonly<Values>;
}

/** Discards log messages: a test looks at the session. */
const NO_LOG = { warn(): void {}, error(): void {} };

/**
 * A request without an application, whose session holds these values and messages, or is a new one if there are
 * none. Its store is its own, so that nothing is left over for the next.
 *
 * @param userKey the option of that name
 * @throws SessionValueError if a value cannot be stored
 */
export function detachedRequest(
  userKey: string,
  { values, flash }: Found,
): { readonly life: RecordedLifecycle; readonly settings: SessionSettings } {
  const secret = randomBytes(32).toString('base64url');
  const settings = resolveSettings({ secret, driver: 'memory', cookie: { secure: false }, userKey });
  const runtime = sessionRuntime(settings, NO_LOG);
  const driver = new MemoryDriver({});
  const life = new RecordedLifecycle(
    new RecordBackend(runtime, driver, new TurnQueue(Infinity), sleep),
    VISITOR,
  );
  const hasFlash = Object.keys(flash).length > 0;
  if (Object.keys(values).length === 0 && !hasFlash) return { life, settings };
  const { serializer, lifetimes } = runtime;
  const now = systemClock.now();
  const userId = recordedUser(values, userKey);
  const given: Payload = { v: PAYLOAD_FORMAT, n: 1, c: now, d: values };
  if (userId !== null) given.s = [now, userId];
  if (hasFlash) given.f = [[1, { ...flash }]];
  const payload = serialize(given, serializer);
  // As a request reads it: a copy, in which a Date has become text.
  const parsed = parsePayload(payload, serializer);
  if (parsed.kind !== 'session') return { life, settings };
  const loaded = { id: randomId(), version: 1, expiresAt: lifetimes.fullExpiryOf(parsed.payload) };
  const visit = { lastActivity: now, userId, ipAddress: null, userAgent: null };
  // The driver stores it synchronously; only its answer comes later.
  void driver.write(loaded.id, { ...visit, payload, version: 1, expiresAt: loaded.expiresAt });
  life.session.found(loaded, parsed.payload, payload, visit);
  return { life, settings };
}
