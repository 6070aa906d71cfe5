import type { RecordDriver } from '../driver.js';
import { answerOf } from './driver-answers.js';
import type { StoreGuard } from './store-guard.js';
import type { StoreUse } from './store-health.js';

/** What is not asked for a request. All else that a driver has is a call on the record of an id, which it takes first. */
const NOT_FOR_REQUESTS: ReadonlySet<PropertyKey> = new Set([
  'open',
  'close',
  'collectGarbage',
  'serverOf',
  'stalled',
]);

/** What calls are for, where they do not write. */
const USES: Readonly<Record<string, StoreUse>> = {
  read: 'reading',
  destroy: 'removing',
  destroyVersion: 'removing',
};

/**
 * A driver whose calls all go through a guard, those that only some drivers have included.
 *
 * @param guard shared by all drivers of one store
 */
export function guardedDriver<D extends RecordDriver>(driver: D, guard: StoreGuard): D {
  return new Proxy(driver, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (NOT_FOR_REQUESTS.has(name))
        return (...given: unknown[]): unknown => Reflect.apply(member, target, given);
      const use = USES[String(name)] ?? 'writing';
      const judge = (answer: unknown): unknown => answerOf(guard.name, String(name), answer);
      return (id: string, ...given: unknown[]): Promise<unknown> =>
        guard.run(use, id, target, () => Reflect.apply(member, target, [id, ...given]), judge);
    },
  });
}
