import type { ServerResponse } from 'node:http';
import type { ResponseGate } from './response-gate.js';

/** Methods of Node's response have overloads that no list of arguments fits: what comes in is handed on as it came. */
type Method = CallableFunction;

/** The methods that a gate leads to: whatever stood on the response before, another library's or another gate's included. */
export interface OriginalMethods {
  readonly writeHead: Method;
  readonly write: Method;
  readonly end: Method;
  readonly flushHeaders: Method;
}

/** What can be done to a response besides writing its head. */
export type Operation = Exclude<keyof OriginalMethods, 'writeHead'>;

/** Where a response keeps its original methods, and its gate; null as long as its session holds nothing that may have to be committed. */
interface GateSlot {
  readonly original: OriginalMethods;
  gate: ResponseGate | null;
}

const SLOT = Symbol('nestjs-session-kit gate');

type Gated = ServerResponse & { readonly [SLOT]: GateSlot };

/** A response, or a prototype of responses, that may have a slot already. */
interface Gateable {
  [SLOT]?: GateSlot;
  writeHead: Method;
  write: Method;
  end: Method;
  flushHeaders: Method;
  writeHeader?: Method;
}

/** The responses without a gate whose original methods run at the moment, the innermost last. */
const writing: object[] = [];

/** Whether an original method of a response runs that was called before it had a gate: what that calls in turn must pass. */
export function isWritingUngated(res: object): boolean {
  return writing.includes(res);
}

/** Made once and shared by all responses, so that none gets closures of its own. */
function gated(name: keyof OriginalMethods): Method {
  return function (this: Gated, ...args: unknown[]): unknown {
    const { original, gate } = this[SLOT];
    if (gate !== null) return gate.onCall(name, args);
    writing.push(this);
    try {
      return Reflect.apply(original[name], this, args);
    } finally {
      writing.pop();
    }
  };
}

const GATED = [
  ['writeHead', gated('writeHead')],
  ['write', gated('write')],
  ['end', gated('end')],
  ['flushHeaders', gated('flushHeaders')],
  // Node's old name for `writeHead`, which HTTP/2 does not have.
  ['writeHeader', gated('writeHead')],
] as const;

function onClose(this: Gated): void {
  this[SLOT].gate?.onClose();
}

/**
 * Lets a response ask its gate, where it has one, before it writes its head, a chunk or its end. To be called before anybody
 * can write to the session of its request.
 *
 * JavaScript looks a method up before it computes the arguments: in `res.end(String(session.increment('n')))` the first write
 * to the session comes when `end` has been chosen already. Methods put in place by that write would come too late, so they are
 * put in place when the session is opened, and only the gate is added by the write.
 *
 * On Express they stand on the prototype that all applications of that Express share (its own place for extensions), so that
 * a response needs none and keeps them in another application: Express gives each response a prototype, and properties added
 * to it after that cost 20 microseconds on Node 20. Elsewhere it is the other way round: properties cost nothing that can be
 * measured, a prototype 13. Node's own prototypes belong to the whole process.
 *
 * @param res a response, or a prototype of responses
 */
export function prepareGate(res: Gateable): void {
  if (res[SLOT] === undefined) addSlot(res, res);
}

/**
 * Leads all that is done to a response through a gate from now on.
 *
 * @returns what the gate calls to let something pass: the response's own methods or, where an application that this one is
 * mounted in has a gate already, that one
 */
export function installGate(res: ServerResponse & Gateable, gate: ResponseGate): OriginalMethods {
  const slot = slotOf(res);
  const outer = slot.gate;
  slot.gate = gate;
  // The shared listener reaches the last gate that was added; each one before gets a listener when the next is added.
  res.on('close', outer === null ? onClose : () => outer.onClose());
  return outer === null ? slot.original : methodsThrough(outer);
}

/** The slot of the response itself and not of its prototype, with methods that stay where it is given another prototype. */
function slotOf(res: Gateable): GateSlot {
  const present = res[SLOT];
  if (present === undefined) return addSlot(res, res);
  return Object.hasOwn(res, SLOT) ? present : addSlot(res, present.original);
}

function addSlot(res: Gateable, { writeHead, write, end, flushHeaders }: OriginalMethods): GateSlot {
  const isOnPrototype = res[SLOT] !== undefined;
  const slot: GateSlot = { original: { writeHead, write, end, flushHeaders }, gate: null };
  res[SLOT] = slot;
  for (const [name, method] of GATED) {
    // What another library has put in front of the prototype's method leads to that.
    if (isOnPrototype && Object.hasOwn(res, name)) continue;
    if (res[name] !== undefined) res[name] = method;
  }
  return slot;
}

function methodsThrough(gate: ResponseGate): OriginalMethods {
  const through =
    (name: keyof OriginalMethods): Method =>
    (...args: unknown[]) =>
      gate.onCall(name, args);
  return {
    writeHead: through('writeHead'),
    write: through('write'),
    end: through('end'),
    flushHeaders: through('flushHeaders'),
  };
}
