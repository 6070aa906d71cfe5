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

/** No session has this id: those that are made are 43 characters long. One for all checks, so that a failure is remembered once. */
const CHECK_ID = 'nestjs-session-kit.check';

/** What becomes of the payloads of the records that a store keeps. */
type Encryption = Omit<EncryptionSettings, 'onOldSecret'>;

/**
 * The store that an application keeps records in, be it all of its sessions or the ledger of `stealth`: what stands between them and
 * its driver. There is one guard also where a driver is made for each request: they are ways to one store.
 */
export class StoreInUse {
  readonly guard: StoreGuard;
  readonly #registry: DriverRegistry;

  /** @param name of its driver */
  constructor(
    readonly name: string,
    settings: SessionSettings,
    registry: DriverRegistry,
  ) {
    const { storeTimeout: timeout } = settings;
    this.#registry = registry;
    this.guard = new StoreGuard({ name, timeout, log: new Logger('SessionModule') });
  }

  /** Whether it is the package's own driver `memory`. Known once the application has booted: another may come under this name. */
  get #isMemory(): boolean {
    return this.name === 'memory' && this.#registry.isBuiltIn(this.name);
  }

  /** What sessions are given of it. */
  of(driver: RecordDriver, encryption: Encryption): RecordStore {
    // Memory answers at once and cannot fail: a guard around each of its calls would cost more than they do.
    const store = this.#isMemory ? driver : guardedDriver(driver, this.guard);
    // What was sealed before the option was switched off is still opened, and memory has nothing from before.
    if (this.#isMemory && !encryption.seals) return store;
    return encryptedStore(store, { ...encryption, onOldSecret: this.#oldSecret });
  }

  readonly #oldSecret = (position: number): void => {
    const channel = CHANNELS['old-secret'];
    if (channel.hasSubscribers)
      channel.publish({ driver: this.name, at: systemClock.now(), opened: 'record', position });
  };

  /**
   * Asks it for a record that is not there.
   *
   * @throws SessionStoreError where it does not answer
   */
  async answers(driver: RecordDriver): Promise<void> {
    if (this.#isMemory) return;
    const read = (): Promise<unknown> => driver.read(CHECK_ID);
    const judge = (answer: unknown): unknown => recordAnswered(this.name, 'read', answer);
    await this.guard.run('reading', CHECK_ID, driver, read, judge, true);
  }
}
