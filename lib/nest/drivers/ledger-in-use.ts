import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../drivers/clock.js';
import { type RecordDriver, isSealing } from '../../drivers/driver.js';
import { CachingStore } from '../../lifecycle/records/caching-store.js';
import type { TurnQueue } from '../../lifecycle/records/turn-queue.js';
import { LedgerBackend } from '../../lifecycle/sealed/ledger-backend.js';
import { RecordBackend } from '../../lifecycle/records/record-backend.js';
import type { RecordStore } from '../../drivers/record-store.js';
import type { SealedBackend } from '../../lifecycle/sealed/sealed-backend.js';
import type { SessionRuntime } from '../../lifecycle/session-runtime.js';
import { optionError } from '../../options/read-option.js';
import type { DriverRegistry } from './driver-registry.js';
import { type SessionSettings, driversInUse } from '../session.settings.js';
import { StoreInUse } from './store-in-use.js';

/** The driver that the option `stealth.ledger` names. */
export class LedgerInUse {
  readonly #lines: RecordStore;
  /** Null if each request asks the store. */
  readonly #cache: CachingStore | null;

  private constructor(
    readonly driver: RecordDriver,
    readonly store: StoreInUse,
    { ledgerSealer: sealer, stealth: { ledgerEvery } }: SessionSettings,
  ) {
    const lines = store.of(driver, { sealer, seals: true, opensPlain: false });
    this.#cache = ledgerEvery === undefined ? null : new CachingStore(lines, systemClock, ledgerEvery);
    this.#lines = this.#cache?.store ?? lines;
  }

  /**
   * Null if the driver in use is not `stealth`, or has no ledger.
   *
   * @throws SessionConfigError if the ledger's driver keeps no records, or is made for each request
   */
  static of(settings: SessionSettings, registry: DriverRegistry): LedgerInUse | null {
    const [, name] = driversInUse(settings);
    if (name === undefined) return null;
    const driver = registry.perRequest(name) === null ? registry.get(name) : null;
    if (driver === null) throw unfit(name, 'is made anew for each request');
    if (isSealing(driver)) throw unfit(name, 'keeps none');
    return new LedgerInUse(driver, new StoreInUse(name, settings, registry), settings);
  }

  /** @param cookies the sessions in cookies of the same place */
  backend(runtime: SessionRuntime, cookies: SealedBackend, queue: TurnQueue): LedgerBackend {
    const records = new RecordBackend(runtime, this.#lines, queue, sleep, { cache: this.#cache });
    return new LedgerBackend(runtime, cookies, records);
  }
}

function unfit(name: string, why: string): Error {
  return optionError(
    'stealth.ledger',
    `got ${JSON.stringify(name)}; it takes the name of a driver that keeps records, and that one ${why}.`,
  );
}
