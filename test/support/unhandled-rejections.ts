import { afterAll, beforeAll } from 'vitest';

/** Fails a test file at its end if a promise rejection was not handled. */
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
