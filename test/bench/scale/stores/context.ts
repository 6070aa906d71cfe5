import type { DriverContext } from '../../../../lib/drivers/driver-context.js';
import type { StorePlace } from '../store.js';

/** A store that is being filled may take its time. */
const storeTimeout = 60_000;

/** What a driver is handed in an application, without the application. */
export function contextOf({ clock }: StorePlace): DriverContext {
  return { clock, storeTimeout, resolve: () => undefined };
}
