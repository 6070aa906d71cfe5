import { afterAll, beforeAll } from 'vitest';

/** Fails the tests of a file at their end where a promise failed that nobody looked after. */
export function refuseUnhandledRejections(): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  beforeAll(() => process.on('unhandledRejection', note));
  afterAll(() => {
    process.off('unhandledRejection', note);
    if (unhandled.length > 0) {
      throw new AggregateError(unhandled, 'Promises failed that nobody looked after');
    }
  });
}
