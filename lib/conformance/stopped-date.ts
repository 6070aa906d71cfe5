import type { Clock } from '../drivers/clock.js';

/**
 * Has `Date` show the time of a clock: for drivers that ask it themselves.
 *
 * @returns puts `Date` back
 */
export function stopDate(clock: Clock): () => void {
  const machineDate = globalThis.Date;
  globalThis.Date = new Proxy(machineDate, {
    construct: (target, given: unknown[], made): object =>
      Reflect.construct(target, given.length === 0 ? [clock.now()] : given, made),
    get: (target, name): unknown => (name === 'now' ? () => clock.now() : Reflect.get(target, name)),
  });
  return () => {
    globalThis.Date = machineDate;
  };
}
