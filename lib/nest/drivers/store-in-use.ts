import { Logger } from '@nestjs/common';
import { systemClock } from '../../drivers/clock.js';
import type { RecordDriver } from '../../drivers/driver.js';
import { type EncryptionSettings, encryptedStore } from '../../drivers/encrypted-store.js';
import { guardedDriver, recordAnswered } from '../../drivers/guard/guarded-driver.js';
import { StoreGuard } from '../../drivers/guard/store-guard.js';
import { CHANNELS } from '../../events/channels.js';
import type { RecordStore } from '../../drivers/record-store.js';
import type { DriverRegistry } from './driver-registry.js';
import type { SessionSettings } from '../session.settings.js';

/**
 * An id that no session has: generated ids are 43 characters long. All checks share it, so a failure is
 * remembered once.
 */
const CHECK_ID = 'nestjs-session-kit.check';

/** How a store's record payloads are encrypted. */
type Encryption = Omit<EncryptionSettings, 'onOldSecret'>;

/**
 * The store in which an application keeps records, either all of its sessions or the ledger of `stealth`, with
 * the layers between them and the driver. There is one guard even if a driver is made for each request, because
 * all of them reach one store.
 */
export class StoreInUse {
  readonly guard: StoreGuard;
  readonly #registry: DriverRegistry;

  /** @param name of the store's driver */
  constructor(
    readonly name: string,
    settings: SessionSettings,
    registry: DriverRegistry,
  ) {
    const { storeTimeout: timeout } = settings;
    this.#registry = registry;
    this.guard = new StoreGuard({ name, timeout, log: new Logger('SessionModule') });
  }

  /**
   * Whether this is the built-in `memory` driver. Known once booted: another driver may be registered under
   * this name.
   */
  get #isMemory(): boolean {
    return this.name === 'memory' && this.#registry.isBuiltIn(this.name);
  }

  /** The record store that sessions use. */
  of(driver: RecordDriver, encryption: Encryption): RecordStore {
    // Memory answers at once and cannot fail: a guard would cost more than the calls themselves.
    const store = this.#isMemory ? driver : guardedDriver(driver, this.guard);
    // Payloads sealed before the option was switched off still have to be opened; memory holds none of those.
    if (this.#isMemory && !encryption.seals) return store;
    return encryptedStore(store, { ...encryption, onOldSecret: this.#oldSecret });
  }

  readonly #oldSecret = (position: number): void => {
    const channel = CHANNELS['old-secret'];
    if (channel.hasSubscribers)
      channel.publish({ driver: this.name, at: systemClock.now(), opened: 'record', position });
  };

  /**
   * Asks the store for a record that does not exist.
   *
   * @throws SessionStoreError if the store does not answer
   */
  async answers(driver: RecordDriver): Promise<void> {
    if (this.#isMemory) return;
    const read = (): Promise<unknown> => driver.read(CHECK_ID);
    const judge = (answer: unknown): unknown => recordAnswered(this.name, 'read', answer);
    await this.guard.run('reading', CHECK_ID, driver, read, judge, true);
  }
}
