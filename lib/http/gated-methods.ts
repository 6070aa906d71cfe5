import type { ServerResponse } from 'node:http';
import type { HeadArguments } from './response-head.js';

/** What can be done to a response besides writing its head. */
export type Operation = 'write' | 'end' | 'flushHeaders';

/** Methods of Node's response have overloads that no list of arguments fits: what comes in is handed on as it came. */
type Method = CallableFunction;

/** The methods that a gate leads to: whatever stood on the response before, another library's or another gate's included. */
export interface RealMethods {
  readonly writeHead: Method;
  readonly write: Method;
  readonly end: Method;
  readonly flushHeaders: Method;
}

/** Who decides what becomes of what is done to a response. */
export interface Gatekeeper {
  onWriteHead(args: HeadArguments): unknown;
  onOperation(operation: Operation, args: unknown[]): unknown;
  onClose(): void;
}

const KEEPER = Symbol('nestjs-session-kit gate');

type Gated = ServerResponse & { readonly [KEEPER]: Gatekeeper };

/** What a gate puts in place of a response's own methods. */
interface Installable {
  [KEEPER]?: Gatekeeper;
  writeHead: unknown;
  write: unknown;
  end: unknown;
  flushHeaders: unknown;
}

// Functions shared by all gates: a response gets five properties and no closures of its own.

function gatedWriteHead(this: Gated, ...args: HeadArguments): unknown {
  return this[KEEPER].onWriteHead(args);
}

function gatedWrite(this: Gated, ...args: unknown[]): unknown {
  return this[KEEPER].onOperation('write', args);
}

function gatedEnd(this: Gated, ...args: unknown[]): unknown {
  return this[KEEPER].onOperation('end', args);
}

function gatedFlushHeaders(this: Gated): unknown {
  return this[KEEPER].onOperation('flushHeaders', []);
}

function onClose(this: Gated): void {
  this[KEEPER].onClose();
}

/** Leads all that is done to a response past a gatekeeper from now on. */
export function gateMethods(res: ServerResponse, keeper: Gatekeeper): RealMethods {
  const real = methodsOf(res);
  if (isGated(res)) {
    installInFront(res, keeper);
    res.on('close', () => {
      keeper.onClose();
    });
  } else {
    install(res, keeper);
    res.on('close', onClose);
  }
  return real;
}

function methodsOf({ writeHead, write, end, flushHeaders }: RealMethods): RealMethods {
  return { writeHead, write, end, flushHeaders };
}

function install(res: Installable, keeper: Gatekeeper): void {
  res[KEEPER] = keeper;
  res.writeHead = gatedWriteHead;
  res.write = gatedWrite;
  res.end = gatedEnd;
  res.flushHeaders = gatedFlushHeaders;
}

/** The shared functions ask for the one keeper of a response, and that is an application's around this one. */
function installInFront(res: Installable, keeper: Gatekeeper): void {
  res.writeHead = (...args: HeadArguments) => keeper.onWriteHead(args);
  res.write = (...args: unknown[]) => keeper.onOperation('write', args);
  res.end = (...args: unknown[]) => keeper.onOperation('end', args);
  res.flushHeaders = () => keeper.onOperation('flushHeaders', []);
}

function isGated(res: ServerResponse & { readonly [KEEPER]?: Gatekeeper }): boolean {
  return res[KEEPER] !== undefined;
}
