import type { ServerResponse } from 'node:http';
import { isClosed } from '../raw-http.js';
import type { Operation } from './gated-methods.js';
import { type HeldOperation, override } from './held-response.js';
import { isChunk } from './impossible-calls.js';

/** What a write is told whose response was replaced by an error. */
export const REPLACED = 'write after end: an error was sent instead of what the application wrote';

/**
 * Answers a call on a response that takes nothing more the way Node.js does, so that whoever waits for it
 * learns of it: callbacks are called, and what was written yields an error, for its callback and as the event
 * `error`. Unlike with Node.js, this event does not end the process if nobody listens.
 *
 * @param why the error's message if the response has ended
 */
export function refuseCall(
  res: ServerResponse,
  operation: Operation,
  args: readonly unknown[],
  why = 'write after end',
): void {
  const callback = callbackIn(args);
  if (operation === 'write' || (operation === 'end' && isChunk(args[0]))) {
    const isCutOff = isGone(res) && !res.writableEnded;
    process.nextTick(
      report,
      res,
      isCutOff ? destroyed(operation) : streamError(why, 'ERR_STREAM_WRITE_AFTER_END'),
      callback,
    );
  } else if (callback !== undefined) {
    callWhenEnded(res, callback);
  }
}

/**
 * Answers the calls that were held when their response was replaced by an error. If the application is still
 * about to write, the response emits `error` even if no write was held: `pipeline` stops on an error, and
 * would wait forever after an end that it did not cause.
 *
 * Call it before the error is sent: Node.js would report the end first.
 */
export function refuseHeld(res: ServerResponse, held: readonly HeldOperation[]): void {
  const hasEnd = held.some(({ operation }) => operation === 'end');
  for (const { operation, args } of held) {
    // The response ends, as the application wanted, if not with its last chunk.
    refuseCall(res, operation, operation === 'end' ? [callbackIn(args)] : args, REPLACED);
  }
  if (!hasEnd) refuseCall(res, 'write', [], REPLACED);
}

/**
 * Keeps a response from being destroyed until it is sent. `pipeline` destroys what it writes to when it gets
 * an error.
 */
export function keepUntilSent(res: ServerResponse): void {
  const restore = override(res, { destroy: { writable: true, value: () => res } });
  // Not on `close` as well: a closed response is destroyed already, and each listener counts towards the number of which
  // Node.js warns as of a leak; `pipeline` alone adds seven.
  res.once('finish', restore);
}

/** The responses that have emitted that something else was sent in their place. */
const replaced = new WeakSet<ServerResponse>();

function report(res: ServerResponse, error: Error, callback: CallableFunction | undefined): void {
  callback?.(error);
  if (isGone(res)) return;
  if (error.message !== REPLACED) return emit(res, error);
  // Once, however many writes there were. By this code Fastify tells an incomplete response from a mistake.
  if (replaced.has(res)) return;
  replaced.add(res);
  emit(res, streamError(REPLACED, 'ERR_STREAM_PREMATURE_CLOSE'));
}

function emit(res: ServerResponse, error: Error): void {
  // `pipe` emits an error again if its own listener was the only one.
  if (!res.listeners('error').includes(ignore)) res.on('error', ignore);
  res.emit('error', error);
}

function callWhenEnded(res: ServerResponse, callback: CallableFunction): void {
  if (res.writableFinished) process.nextTick(callback, alreadyFinished());
  else if (isGone(res)) process.nextTick(callback, destroyed('end'));
  else res.once('finish', () => callback());
}

/** HTTP/2 responses have no `destroyed`. */
function isGone(res: ServerResponse): boolean {
  return res.destroyed || isClosed(res);
}

function callbackIn(args: readonly unknown[]): CallableFunction | undefined {
  return args.find((argument) => typeof argument === 'function');
}

/** An error of Node.js's streams, which it does not export. */
function streamError(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}

function destroyed(operation: Operation): Error {
  return streamError(`Cannot call ${operation} after a stream was destroyed`, 'ERR_STREAM_DESTROYED');
}

function alreadyFinished(): Error {
  return streamError('Cannot call end after a stream was finished', 'ERR_STREAM_ALREADY_FINISHED');
}

function ignore(): void {}
