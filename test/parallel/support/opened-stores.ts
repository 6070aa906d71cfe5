import { afterAll, beforeAll, expect } from 'vitest';
import { type OpenStore, openStore } from './store-setting.js';
import { SHARED_STORES, type TestStore } from './stores.js';

/** Opens a store of every shared kind for the tests of a suite. @returns a function that gives the store by kind name */
export function openedStores(): (name: string) => OpenStore {
  const opened = new Map<string, readonly [TestStore, OpenStore]>();
  beforeAll(async () => {
    for (const kind of SHARED_STORES) {
      const store = await kind.make();
      opened.set(kind.name, [store, await openStore(store.setting)]);
    }
  });
  afterAll(async () => {
    for (const [store, open] of opened.values()) {
      await open.close();
      await store.remove();
    }
  });
  return (name) => opened.get(name)?.[1] ?? expect.unreachable();
}
