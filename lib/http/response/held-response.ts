import type { ServerResponse } from 'node:http';
import type { Operation } from './gated-methods.js';
import type { HeadArguments } from './response-head.js';

interface HeldOperation {
  readonly operation: Operation;
  readonly args: unknown[];
}

type Listener = (...args: unknown[]) => void;

/** Changing the headers of a response whose head has left is an error; this is the one that Node throws. */
const refuse: PropertyDescriptor = {
  writable: true,
  value: (): never => {
    throw Object.assign(new Error('Cannot set headers after they are sent to the client'), {
      code: 'ERR_HTTP_HEADERS_SENT',
    });
  },
};

const OF_SENT: PropertyDescriptorMap = {
  headersSent: { get: () => true },
  setHeader: refuse,
  setHeaders: refuse,
  appendHeader: refuse,
  removeHeader: refuse,
};

/**
 * What the application has written to a response and its gate holds back. Meanwhile the response looks as if it had been sent:
 * frameworks ask it whether they may still answer, and code that answers a second time by mistake has to get the error of Node,
 * and must not change the first answer.
 */
export class HeldResponse {
  readonly #res: ServerResponse;
  #head: HeadArguments | null = null;
  #operations: HeldOperation[] = [];
  /** Makes the response look as it is; null while it does. */
  #lookUnsent: (() => void) | null = null;
  /** Lets go whoever was told to wait before he writes more; null where nobody was. */
  #releaseDrain: ((writable: boolean) => void) | null = null;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  /** Whether the response only looks sent: then its own `headersSent` and `writableEnded` say nothing. */
  get looksSent(): boolean {
    return this.#lookUnsent !== null;
  }

  get hasEnd(): boolean {
    return this.#operations.some(({ operation }) => operation === 'end');
  }

  /** The operation that goes next, which stays held; undefined where there is none. */
  get first(): HeldOperation | undefined {
    return this.#operations[0];
  }

  holdHead(args: HeadArguments): void {
    // Of two heads the first counts: libraries in front that do not see it write another.
    if (!this.looksSent) this.#head = args;
    this.lookSent();
  }

  hold(operation: Operation, args: unknown[]): void {
    // A write behind the end is a mistake. Node would emit an error for it, which ends the process where nobody listens.
    if (!this.hasEnd) this.#operations.push({ operation, args });
    this.lookSent();
    if (operation === 'write') this.#releaseDrain ??= deferDrain(this.#res);
  }

  lookSent(): void {
    this.#lookUnsent ??= lookSent(this.#res, () => this.hasEnd);
  }

  /** The response looks as it is again. @returns the head that was held; null where there was none */
  takeHead(): HeadArguments | null {
    this.#lookUnsent?.();
    this.#lookUnsent = null;
    const head = this.#head;
    this.#head = null;
    return head;
  }

  dropFirst(): void {
    this.#operations.shift();
  }

  /** @param writable whether those who were told to wait may write again now */
  releaseWriters(writable: boolean): void {
    const release = this.#releaseDrain;
    this.#releaseDrain = null;
    release?.(writable);
  }

  /** Forgets all that is held. @returns what the application wants to have called when the response has ended */
  discard(): (() => unknown)[] {
    const callbacks = this.#operations
      .filter(({ operation }) => operation === 'end')
      .map(({ args }) => args.find((argument) => typeof argument === 'function'))
      .filter((callback) => typeof callback === 'function')
      .map((callback) => () => callback());
    this.#operations = [];
    this.takeHead();
    this.releaseWriters(false);
    return callbacks;
  }
}

/**
 * Properties of each response that is held: shared ones, as the gated methods are, would be called for each header of every
 * response that has a session.
 *
 * @param isEnded whether the application has ended the response
 * @returns makes the response look as it is again, with the status that it had when it was held
 */
function lookSent(res: ServerResponse, isEnded: () => boolean): () => void {
  const { statusCode } = res;
  // HTTP/2 has no status message, and Node warns where one is read or set. On HTTP/1 one that was set is a property.
  const statusMessage = Object.getOwnPropertyDescriptor(res, 'statusMessage');
  const restore = override(res, { ...OF_SENT, writableEnded: { get: isEnded } });
  return () => {
    restore();
    res.statusCode = statusCode;
    if (statusMessage === undefined) Reflect.deleteProperty(res, 'statusMessage');
    else Object.defineProperty(res, 'statusMessage', statusMessage);
  };
}

/**
 * Keeps the listeners that are added for `drain` while a response is held. It is the gate that told them to wait and not a
 * full socket, so Node would never emit `drain`; and libraries in front (compression) lead such listeners to a stream of
 * their own, where the gate cannot reach them.
 *
 * @returns gives the response its methods back, and the listeners to it. Its argument: whether they may write again now; otherwise
 * the socket's own `drain` tells them
 */
function deferDrain(res: ServerResponse): (writable: boolean) => void {
  const waiting: { readonly listener: Listener; readonly once: boolean }[] = [];
  const deferring = (method: 'on' | 'addListener' | 'once'): PropertyDescriptor => {
    const original: CallableFunction = res[method];
    const value = (event: string | symbol, listener: Listener): unknown => {
      if (event !== 'drain') return Reflect.apply(original, res, [event, listener]);
      waiting.push({ listener, once: method === 'once' });
      return res;
    };
    return { writable: true, value };
  };
  const restore = override(res, {
    on: deferring('on'),
    addListener: deferring('addListener'),
    once: deferring('once'),
  });
  return (writable) => {
    restore();
    // Listeners from before the response was held are on the response itself.
    if (writable) res.emit('drain');
    for (const { listener, once } of waiting) {
      if (once && !writable) res.once('drain', listener);
      if (!once) res.on('drain', listener);
      if (writable) listener.call(res);
    }
  };
}

/** Puts properties in front of those that a response has, for a while. @returns undoes it */
function override(res: ServerResponse, properties: PropertyDescriptorMap): () => void {
  const before = Object.keys(properties).map(
    (name) => [name, Object.getOwnPropertyDescriptor(res, name)] as const,
  );
  for (const [name, descriptor] of Object.entries(properties)) {
    Object.defineProperty(res, name, { configurable: true, ...descriptor });
  }
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(res, name);
      else Object.defineProperty(res, name, descriptor);
    }
  };
}
