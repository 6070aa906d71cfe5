import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { isSealing } from '../drivers/built-in-drivers.js';
import { systemClock } from '../drivers/clock.js';
import type { RecordDriver } from '../drivers/driver.js';
import { guardedDriver, recordAnswered } from '../drivers/guard/guarded-driver.js';
import { StoreGuard } from '../drivers/guard/store-guard.js';
import { BelievedStore } from '../lifecycle/believed-store.js';
import type { CommitQueue } from '../lifecycle/commit-queue.js';
import { LedgerBackend } from '../lifecycle/ledger-backend.js';
import type { RecentEndings } from '../lifecycle/recent-endings.js';
import { RecordBackend } from '../lifecycle/record-backend.js';
import type { RecordStore } from '../lifecycle/record-store.js';
import type { SealedBackend } from '../lifecycle/sealed-backend.js';
import { sealedStore } from '../lifecycle/sealed-store.js';
import type { SessionRuntime } from '../lifecycle/session-runtime.js';
import { optionError } from '../options/check.js';
import type { DriverRegistry } from './driver-registry.js';
import { type SessionSettings, driversInUse } from './session.settings.js';

/** The driver that the option `stealth.ledger` names, behind its guard. */
export class LedgerInUse {
  readonly #guard: StoreGuard;
  readonly #isMemory: boolean;
  readonly #store: RecordStore;
  /** Null where each request asks. */
  readonly #believed: BelievedStore | null;

  private constructor(
    readonly name: string,
    readonly driver: RecordDriver,
    isMemory: boolean,
    { storeTimeout: timeout, ledgerKeyring, stealth: { ledgerEvery } }: SessionSettings,
  ) {
    this.#guard = new StoreGuard({ name, timeout, log: new Logger('SessionModule') });
    this.#isMemory = isMemory;
    const store = isMemory ? driver : guardedDriver(driver, this.#guard);
    const sealed = ledgerKeyring === null ? store : sealedStore(store, ledgerKeyring);
    this.#believed = ledgerEvery === undefined ? null : new BelievedStore(sealed, systemClock, ledgerEvery);
    this.#store = this.#believed?.store ?? sealed;
  }

  /**
   * Null where the driver in use is not `stealth`, or has no ledger.
   *
   * @throws SessionConfigError where the ledger is a driver that keeps no records, or one that is made for each request
   */
  static of(settings: SessionSettings, registry: DriverRegistry): LedgerInUse | null {
    const [, name] = driversInUse(settings);
    if (name === undefined) return null;
    const driver = registry.perRequest(name) === null ? registry.get(name) : null;
    if (driver === null) throw unfit(name, 'is made anew for each request');
    if (isSealing(driver)) throw unfit(name, 'keeps none');
    return new LedgerInUse(name, driver, name === 'memory' && registry.isBuiltIn(name), settings);
  }

  /** @param cookies the sessions that are in cookies, of the same place */
  backend(
    runtime: SessionRuntime,
    cookies: SealedBackend,
    queue: CommitQueue,
    endings: RecentEndings,
  ): LedgerBackend {
    const records = new RecordBackend(
      runtime,
      this.#store,
      queue,
      sleep,
      endings,
      this.#believed ?? this.#store,
    );
    return new LedgerBackend(runtime, cookies, records, endings, this.#believed);
  }

  /**
   * Asks the store for a record that is not there.
   *
   * @throws SessionStoreError where it does not answer
   */
  async answers(checkId: string): Promise<true> {
    const read = (): Promise<unknown> => this.driver.read(checkId);
    if (!this.#isMemory)
      await this.#guard.probe(checkId, this.driver, read, (answer) =>
        recordAnswered(this.name, 'read', answer),
      );
    return true;
  }
}

function unfit(name: string, why: string): Error {
  return optionError(
    'stealth.ledger',
    `got ${JSON.stringify(name)}; it takes the name of a driver that keeps records, and that one ${why}.`,
  );
}
