import type { ServerResponse } from 'node:http';
import type { HeadArguments } from './response-head.js';

/** What can be done to a response besides writing its head. */
export type Operation = 'write' | 'end' | 'flushHeaders';

/** Methods of Node's response have overloads that no list of arguments fits: what comes in is handed on as it came. */
type Method = CallableFunction;

/** The methods that a gate leads to: whatever stood on the response before, another library's or another gate's included. */
export interface OriginalMethods {
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
  readonly real: OriginalMethods;
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

/** What can be made gateable: it has the methods, and may have a gate already. */
type Gateless = OriginalMethods & { readonly [GATE]?: Gate };

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

const GATED = [
  ['writeHead', gatedWriteHead],
  ['write', gatedWrite],
  ['end', gatedEnd],
  ['flushHeaders', gatedFlushHeaders],
] as const;

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
 * On Express they stand on the prototype that all applications of that Express share (its own place for extensions), so that
 * a response needs none and keeps them in another application: Express gives each response a prototype, and properties added
 * to it after that cost 20 microseconds on Node 20. Elsewhere it is the other way round: properties cost nothing that can be
 * measured, a prototype 13. Node's own prototypes belong to the whole process.
 *
 * @param res a response, or a prototype of responses
 */
export function prepareGate(res: Gateless): void {
  if (res[GATE] === undefined) putUp(res, realMethodsOf(res));
}

/**
 * Leads all that is done to a response past a gatekeeper from now on.
 *
 * @returns what the gatekeeper calls to let something pass: the response's own methods or, where an application that this one
 * is mounted in has a gatekeeper already, that one
 */
export function installGate(res: ServerResponse, keeper: Gatekeeper): OriginalMethods {
  const gate = gateOf(res);
  const before = gate.keeper;
  gate.keeper = keeper;
  // The shared listener reaches the last that was added; each that was added before is told by its successor's.
  res.on('close', before === null ? onClose : () => before.onClose());
  return before === null ? gate.real : methodsPast(before);
}

/** The gate of this very response, with methods that stay where somebody gives the response another prototype. */
function gateOf(res: ServerResponse & Gateless): Gate {
  const present = res[GATE];
  if (present === undefined) return putUp(res, realMethodsOf(res));
  return Object.hasOwn(res, GATE) ? present : putUp(res, present.real);
}

function putUp(res: Gateable, real: OriginalMethods): Gate {
  const isOnPrototype = res[GATE] !== undefined;
  const gate: Gate = { real, keeper: null };
  res[GATE] = gate;
  for (const [name, method] of GATED) {
    // What another library has put in front of the prototype's method leads to that.
    if (!isOnPrototype || !Object.hasOwn(res, name)) res[name] = method;
  }
  return gate;
}

function realMethodsOf({ writeHead, write, end, flushHeaders }: OriginalMethods): OriginalMethods {
  return { writeHead, write, end, flushHeaders };
}

function methodsPast(keeper: Gatekeeper): OriginalMethods {
  return {
    writeHead: (...args: HeadArguments) => keeper.onWriteHead(args),
    write: (...args: unknown[]) => keeper.onOperation('write', args),
    end: (...args: unknown[]) => keeper.onOperation('end', args),
    flushHeaders: (...args: unknown[]) => keeper.onOperation('flushHeaders', args),
  };
}
