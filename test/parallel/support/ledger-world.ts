import { TextSealer } from '../../../lib/crypto/text-sealer.js';
import type { RecordDriver } from '../../../lib/drivers/driver.js';
import { encryptedStore } from '../../../lib/drivers/encrypted-store.js';
import { StealthDriver } from '../../../lib/drivers/stealth/stealth.driver.js';
import { CachingStore } from '../../../lib/lifecycle/records/caching-store.js';
import { TurnQueue } from '../../../lib/lifecycle/records/turn-queue.js';
import { LedgerBackend } from '../../../lib/lifecycle/sealed/ledger-backend.js';
import { RecordBackend } from '../../../lib/lifecycle/records/record-backend.js';
import type { RecordStore } from '../../../lib/drivers/record-store.js';
import { SealedBackend } from '../../../lib/lifecycle/sealed/sealed-backend.js';
import type { SessionRuntime } from '../../../lib/lifecycle/session-runtime.js';
import { type Payload, parsePayload } from '../../../lib/state/payload.js';
import type { StoppedClock } from '../../conformance/stopped-clock.js';
import { KEYRING, World } from './world.js';

const LINES = {
  sealer: new TextSealer(['a secret for tests that is long enough'], 'lines of a ledger'),
  seals: true,
  opensPlain: false,
};

/** A world with cookie-based sessions, which move to a ledger once they have a `name`, the user id here. */
export class LedgerWorld extends World {
  readonly #stealth = new StealthDriver(KEYRING, this.clock);

  /** @param cacheMs how long an answer of the ledger is cached; 0: every request reads it */
  constructor(
    makeDriver: (clock: StoppedClock) => RecordDriver,
    runtime: Partial<SessionRuntime> = {},
    readonly cacheMs = 0,
  ) {
    super(makeDriver, { userKey: 'name', ...runtime });
  }

  override backendOn(
    runtime: SessionRuntime,
    store: RecordStore,
    wait: (ms: number) => Promise<unknown>,
  ): LedgerBackend {
    const { clock } = this;
    const lines = encryptedStore(store, LINES);
    const cache = this.cacheMs > 0 ? new CachingStore(lines, clock, this.cacheMs) : null;
    const truth = cache?.store ?? lines;
    const cookies = new SealedBackend(runtime, this.#stealth);
    const records = new RecordBackend(runtime, truth, new TurnQueue(Infinity), wait, { cache });
    return new LedgerBackend(runtime, cookies, records);
  }

  override get stored(): Pick<RecordDriver, 'read'> {
    return encryptedStore(this.driver.inner, LINES);
  }

  /** @param id an id or a whole cookie */
  override tokenOf(id: string): string {
    return id.includes('.') ? id : super.tokenOf(id);
  }

  override idOf(token: string): string | null {
    return super.idOf(token)?.split('\n')[0] ?? this.heldBy(token)?.i ?? null;
  }

  override heldBy(token: string): Payload | null {
    const record = this.#stealth.open(token);
    const parsed = record === null ? null : parsePayload(record.payload, JSON);
    return parsed?.kind === 'session' ? parsed.payload : null;
  }
}
