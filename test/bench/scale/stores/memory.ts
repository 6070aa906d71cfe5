import { MemoryDriver } from '../../../../lib/drivers/memory/memory.driver.js';
import type { OpenStore } from '../store.js';

export const openMemory: OpenStore = async ({ clock }) => {
  if (gc === undefined) throw new Error('Memory is measured in a Node started with --expose-gc');
  const collect = gc;
  const used = async (): Promise<number> => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const empty = await used();
  return {
    driver: new MemoryDriver({}, clock),
    fillWidth: 1,
    size: async () => (await used()) - empty,
    // V8 moves a hundred thousand new sessions out of the young generation at once. That pause is a cost of filling,
    // and would otherwise count towards the collection that follows.
    settle: async () => collect(),
    close: async () => undefined,
  };
};
