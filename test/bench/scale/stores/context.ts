import type { DriverContext } from '../../../../lib/drivers/driver-context.js';
import type { StorePlace } from '../store.js';

/** Long, because a store that is being filled may be slow. */
const storeTimeout = 60_000;

/** The context that an application passes to a driver. */
export function contextOf({ clock }: StorePlace): DriverContext {
  return { clock, storeTimeout, resolve: () => undefined };
}
