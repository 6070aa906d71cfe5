import { expect } from 'vitest';
import type { ApplicationProcess } from './world.js';

/** The number of concurrent requests. */
export const REQUESTS = 50;
/** The key that each request stores a value under. */
export const KEYS = Array.from({ length: REQUESTS }, (_, index) => `key${index}`);

/** Fails unless every request's change is there. */
export function expectAll(values: unknown): void {
  expect(values).toMatchObject({ count: REQUESTS, own: Object.fromEntries(KEYS.map((key) => [key, true])) });
  const { list } = values as { list: string[] };
  expect(list.toSorted()).toEqual(KEYS.toSorted());
}

/** Fifty requests that all load the session before the first of them stores anything. */
export async function fifty(id: string, processes: readonly ApplicationProcess[]): Promise<void> {
  const requests = await Promise.all(
    KEYS.map(async (key, index) => {
      const process = processes[index % processes.length];
      if (process === undefined) throw new Error('No process');
      return { key, request: await process.request(id) };
    }),
  );
  const answers = await Promise.all(
    requests.map(({ key, request }) => {
      request.session.increment('count');
      request.session.push('list', key);
      request.session.put(`own.${key}`, true);
      return request.respond();
    }),
  );
  for (const { status, error } of answers) expect(status, String(error)).toBe(200);
}
