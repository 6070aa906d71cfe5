import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeDriverConformance, type DriverUnderTest } from 'nestjs-session-kit/conformance';
import { type ConnectStore, connectStore } from 'nestjs-session-kit';

/** A store not made for this package, with what the suite needs. */
export interface ForeignStore extends Pick<DriverUnderTest, 'driver' | 'corrupt'> {
  /** Another driver on the same store, in the same process: such a store guarantees nothing across processes. */
  readonly again: () => DriverUnderTest['driver'];
  readonly close?: () => Promise<unknown>;
}

/**
 * The whole suite for a store without compare-and-set, except `listByUser`, which such drivers lack, and a second
 * process, whose writes such a store cannot tell from its own: a second driver in the same process stands in.
 */
export function describeForeignStore(name: string, make: () => ForeignStore | Promise<ForeignStore>): void {
  describe('on one store', () => {
    let made: ForeignStore;
    beforeAll(async () => {
      made = await make();
    });
    afterAll(() => made?.close?.());
    describeDriverConformance({
      name,
      describe,
      it,
      expect,
      create: () => ({
        driver: made.driver,
        openSecond: () => Promise.resolve(made.again()),
        ...(made.corrupt === undefined ? {} : { corrupt: made.corrupt }),
      }),
    });
  });
}

/** The same for an express-session store; a damaged record is a session that is not ours. */
export function foreignConnectStore(store: ConnectStore, close?: () => Promise<unknown>): ForeignStore {
  return {
    driver: connectStore(store),
    again: () => connectStore(store),
    corrupt: (id) =>
      new Promise((resolve, reject) => {
        const session = { cookie: { originalMaxAge: 60_000, maxAge: 60_000, path: '/' }, of: 'others' };
        store.set(id, session, (error) => (error ? reject(error) : resolve()));
      }),
    ...(close === undefined ? {} : { close }),
  };
}
