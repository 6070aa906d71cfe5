import { OutgoingMessage, ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import { Writable } from 'node:stream';
import { types } from 'node:util';
import type { Operation, OriginalMethods } from './gated-methods.js';
import { type HeadArguments, headersIn } from './response-head.js';

// What Node.js refuses at once is refused before the response looks sent, and before anybody who listens to the head is
// told: code that catches the error has to answer. Node.js throws the errors itself, for a message that nobody sends.

/**
 * Throws if Node.js would for a head. Over HTTP/2, assigning an impossible status throws by itself, and any characters
 * are sent.
 */
export function refuseHead(res: ServerResponse, args: HeadArguments): void {
  if (!(res instanceof ServerResponse)) return;
  const status = Number(args[0]);
  const message = typeof args[1] === 'string' ? args[1] : res.statusMessage;
  const isUsual = status >= 100 && status < 1000 && message === undefined;
  if (!isUsual) writeHeadOf(ServerResponse.prototype, [args[0], message]);
  for (const [name, value] of headersIn(args)) {
    validateHeaderName(name);
    validateHeaderValue(name, Array.isArray(value) ? value.join() : value);
  }
}

function writeHeadOf({ writeHead }: OriginalMethods, args: HeadArguments): void {
  Reflect.apply(writeHead, new OutgoingMessage(), args);
}

/** Throws if Node.js would for the chunk of a call. An end after another one is refused without looking at its chunk. */
export function refuseChunk(res: ServerResponse, operation: Operation, [chunk]: readonly unknown[]): void {
  const isTaken = operation === 'write' || (operation === 'end' && isChunk(chunk) && !res.writableEnded);
  if (!isTaken || typeof chunk === 'string' || types.isUint8Array(chunk)) return;
  const message = res instanceof ServerResponse ? new OutgoingMessage() : new Writable({ write: () => {} });
  message.write(chunk);
}

/** Whether the first argument of `end` is something to be sent. */
export function isChunk(argument: unknown): boolean {
  return typeof argument !== 'function' && Boolean(argument);
}
