import type { ServerResponse } from 'node:http';
import type { ResponseGate } from './response-gate.js';

type MethodName = 'writeHead' | 'write' | 'end' | 'flushHeaders';

/**
 * The methods that a gate calls: those the response had before, including those of another library or another
 * gate. Their overloads fit no single argument list, so arguments are passed on unchanged.
 */
export type OriginalMethods = Readonly<Record<MethodName, CallableFunction>>;

/** The operations on a response other than writing its head. */
export type Operation = Exclude<MethodName, 'writeHead'>;

/**
 * Holds a response's original methods and its gate; the gate is null as long as the session holds nothing
 * that may have to be committed.
 */
interface GateSlot {
  readonly original: OriginalMethods;
  gate: ResponseGate | null;
}

const SLOT = Symbol('nestjs-session-kit gate');

type Gated = ServerResponse & { readonly [SLOT]: GateSlot };

/** A response, or a prototype of responses, that may have a slot already. */
interface Gateable extends Record<MethodName, CallableFunction> {
  [SLOT]?: GateSlot;
  writeHeader?: CallableFunction;
}

/** The responses without a gate whose original methods are running, the innermost last. */
const writing: object[] = [];

/**
 * Whether an original method of a response is running that was called before the response had a gate. Calls
 * that this method makes must pass.
 */
export function isWritingUngated(res: object): boolean {
  return writing.includes(res);
}

/** Created once and shared by all responses, so that no response needs its own closures. */
function gated(name: MethodName): CallableFunction {
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
  // The old name for `writeHead` in Node up to 24, absent from HTTP/2.
  ['writeHeader', gated('writeHead')],
] as const;

/**
 * The `writeHead` that consults the gate. A response with a gate has another one only if a library has put its own
 * in front, as `on-headers` does to call its listeners.
 */
export const GATED_WRITE_HEAD = GATED[0][1];

function onClose(this: Gated): void {
  this[SLOT].gate?.commitWithoutResponse();
}

/**
 * Makes a response consult its gate, if any, before it writes its head, a chunk or its end. Call it before
 * anybody can write to the request's session.
 *
 * JavaScript looks a method up before it evaluates the arguments: in
 * `res.end(String(session.increment('n')))`, `end` is already chosen when the session is first written.
 * Methods replaced by that write would come too late. So they are replaced when the session is opened, and
 * the write only adds the gate.
 *
 * On Express the methods go on the prototype that all applications of one Express copy share (Express's own
 * extension point). A response then needs none of its own and keeps them in another application. Express
 * gives each response a prototype, and adding properties to the response after that costs 20 microseconds on
 * Node 20. Elsewhere it is the reverse: properties cost nothing measurable, a prototype 13 microseconds.
 * Node's own prototypes belong to the whole process.
 *
 * @param res a response, or a prototype of responses
 */
export function prepareGate(res: Gateable): void {
  if (res[SLOT] === undefined) addSlot(res, res);
}

/**
 * Routes all operations on a response through a gate from now on.
 *
 * @returns the methods that the gate calls to let something pass: the response's own or, if an outer
 * application already has a gate, those of that gate
 */
export function installGate(res: ServerResponse & Gateable, gate: ResponseGate): OriginalMethods {
  const present = res[SLOT];
  // The response gets a slot of its own, so that the methods stay if it gets another prototype.
  const isOwn = present !== undefined && Object.hasOwn(res, SLOT);
  const slot = isOwn ? present : addSlot(res, present?.original ?? res);
  const outer = slot.gate;
  slot.gate = gate;
  // The shared listener calls the gate added last; an earlier gate gets a listener of its own when the next
  // one is added.
  res.on('close', outer === null ? onClose : () => outer.commitWithoutResponse());
  return outer === null ? slot.original : methodsThrough(outer);
}

function addSlot(res: Gateable, { writeHead, write, end, flushHeaders }: OriginalMethods): GateSlot {
  const isOnPrototype = res[SLOT] !== undefined;
  const slot: GateSlot = { original: { writeHead, write, end, flushHeaders }, gate: null };
  res[SLOT] = slot;
  for (const [name, method] of GATED) {
    // A method that another library put in front of the prototype's calls the prototype's.
    if (isOnPrototype && Object.hasOwn(res, name)) continue;
    if (res[name] !== undefined) res[name] = method;
  }
  return slot;
}

function methodsThrough(gate: ResponseGate): OriginalMethods {
  const through =
    (name: MethodName): CallableFunction =>
    (...args: unknown[]) =>
      gate.onCall(name, args);
  return {
    writeHead: through('writeHead'),
    write: through('write'),
    end: through('end'),
    flushHeaders: through('flushHeaders'),
  };
}
