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

/** What a response keeps: its methods from before, and who is asked first; nobody as long as nothing was written. */
interface Gate {
  readonly real: RealMethods;
  keeper: Gatekeeper | null;
}

const GATE = Symbol('nestjs-session-kit gate');

type Gated = ServerResponse & { readonly [GATE]: Gate };

interface Gateable {
  [GATE]?: Gate;
  writeHead: unknown;
  write: unknown;
  end: unknown;
  flushHeaders: unknown;
}

// Functions shared by all responses, so that none gets closures of its own.

function gatedWriteHead(this: Gated, ...args: HeadArguments): unknown {
  const { real, keeper } = this[GATE];
  return keeper === null ? Reflect.apply(real.writeHead, this, args) : keeper.onWriteHead(args);
}

function gatedWrite(this: Gated, ...args: unknown[]): unknown {
  const { real, keeper } = this[GATE];
  return keeper === null ? Reflect.apply(real.write, this, args) : keeper.onOperation('write', args);
}

function gatedEnd(this: Gated, ...args: unknown[]): unknown {
  const { real, keeper } = this[GATE];
  return keeper === null ? Reflect.apply(real.end, this, args) : keeper.onOperation('end', args);
}

function gatedFlushHeaders(this: Gated, ...args: unknown[]): unknown {
  const { real, keeper } = this[GATE];
  return keeper === null
    ? Reflect.apply(real.flushHeaders, this, args)
    : keeper.onOperation('flushHeaders', args);
}

function onClose(this: Gated): void {
  this[GATE].keeper?.onClose();
}

/**
 * Lets a response ask its gatekeeper, where it has one, before it writes its head, a chunk or its end. To be called before
 * anybody can write to the session of its request.
 *
 * JavaScript looks a method up before it computes the arguments: in `res.end(String(session.increment('n')))` the first write
 * to the session comes when `end` has been chosen already. Methods put in place by that write would come too late, so they are
 * put in place when the session is opened, and only the gatekeeper is added by the write.
 *
 * They are properties of the response, which cost a response nothing that can be measured. A prototype in front of its own
 * costs 13 microseconds on Node 20 where the framework has not replaced it anyway (Fastify), and is lost where another
 * Express application gets the response and gives it a prototype of its own. Node's prototypes belong to the whole process.
 */
export function makeGateable(res: ServerResponse): void {
  gateOf(res);
}

/**
 * Leads all that is done to a response past a gatekeeper from now on.
 *
 * @returns what the gatekeeper calls to let something pass: the response's own methods or, where an application that this one
 * is mounted in has a gatekeeper already, that one
 */
export function addGatekeeper(res: ServerResponse, keeper: Gatekeeper): RealMethods {
  const gate = gateOf(res);
  const before = gate.keeper;
  gate.keeper = keeper;
  // The shared listener reaches the last that was added; each that was added before is told by its successor's.
  res.on('close', before === null ? onClose : () => before.onClose());
  return before === null ? gate.real : methodsPast(before);
}

function gateOf(res: ServerResponse & { readonly [GATE]?: Gate }): Gate {
  return res[GATE] ?? putUp(res, realMethodsOf(res));
}

function putUp(res: Gateable, real: RealMethods): Gate {
  const gate: Gate = { real, keeper: null };
  res[GATE] = gate;
  res.writeHead = gatedWriteHead;
  res.write = gatedWrite;
  res.end = gatedEnd;
  res.flushHeaders = gatedFlushHeaders;
  return gate;
}

function realMethodsOf({ writeHead, write, end, flushHeaders }: RealMethods): RealMethods {
  return { writeHead, write, end, flushHeaders };
}

function methodsPast(keeper: Gatekeeper): RealMethods {
  return {
    writeHead: (...args: HeadArguments) => keeper.onWriteHead(args),
    write: (...args: unknown[]) => keeper.onOperation('write', args),
    end: (...args: unknown[]) => keeper.onOperation('end', args),
    flushHeaders: (...args: unknown[]) => keeper.onOperation('flushHeaders', args),
  };
}
