import type { ServerResponse } from 'node:http';

/**
 * Frameworks ask the response whether they may still answer. While its head is held back they may not, although nothing
 * has left yet.
 *
 * @param ended whether the application has ended the response
 */
export function pretendAnswered(res: ServerResponse, ended: () => boolean): void {
  Object.defineProperty(res, 'headersSent', { configurable: true, get: () => true });
  Object.defineProperty(res, 'writableEnded', { configurable: true, get: ended });
}

/** The response says again what is so. */
export function stopPretending(res: ServerResponse): void {
  // Own properties in front of the prototype's getters: without them the truth is back.
  Reflect.deleteProperty(res, 'headersSent');
  Reflect.deleteProperty(res, 'writableEnded');
}
