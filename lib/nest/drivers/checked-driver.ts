import type { AnyDriver } from '../../drivers/driver.js';
import { shown } from '../../options/read-option.js';
import { SessionConfigError } from '../../session.errors.js';
import { isThenable } from '../../state/is-thenable.js';

const WHAT_A_DRIVER_HAS = 'A driver has read, write, touch and destroy, or seal and open.';

/**
 * Checks that a driver has the methods a driver needs, and returns it.
 *
 * @throws SessionConfigError that names what is missing
 */
export function checkedDriver(name: string, candidate: unknown): AnyDriver {
  if (!isDriverLike(candidate)) {
    throw new SessionConfigError(
      `The session driver "${name}" is no object (it is ${shown(candidate)}). ${WHAT_A_DRIVER_HAS}`,
    );
  }
  if (isThenable(candidate)) {
    throw new SessionConfigError(
      `The session driver "${name}" is a promise: the function given to extend returns the driver itself. ` +
        "Let its open() wait, or use the option 'drivers' with an asynchronous useFactory.",
    );
  }
  const needed = 'seal' in candidate ? ['seal', 'open'] : ['read', 'write', 'touch', 'destroy'];
  const missing = needed.filter((method) => typeof Reflect.get(candidate, method) !== 'function');
  if (missing.length > 0) {
    throw new SessionConfigError(
      `The session driver "${name}" lacks ${missing.join(', ')}. ${WHAT_A_DRIVER_HAS}`,
    );
  }
  return candidate;
}

/** Whether a value can be a driver at all; `checkedDriver` says which methods it lacks. */
export function isDriverLike(value: unknown): value is AnyDriver {
  return typeof value === 'object' && value !== null;
}
