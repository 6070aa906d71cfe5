import type { ServerResponse } from 'node:http';
import type { Operation } from './gated-methods.js';
import { DeferredDrain } from './deferred-drain.js';
import type { HeadArguments } from './response-head.js';
import { simulateSentHead } from './simulate-sent-head.js';

interface HeldOperation {
  readonly operation: Operation;
  readonly args: unknown[];
}

/** What the application has written to a response and its gate holds back. Meanwhile
 * `headersSent` and `writableEnded` are true, so that no other code answers a second time. */
export class HeldResponse {
  readonly #res: ServerResponse;
  #head: HeadArguments | null = null;
  #operations: HeldOperation[] = [];
  /** Makes the response look as it is; null while it does. */
  #lookUnsent: (() => void) | null = null;
  #drain: DeferredDrain | null = null;

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
    this.simulateSentHead();
  }

  hold(operation: Operation, args: unknown[]): void {
    // A write behind the end is a mistake. Node would emit an error for it, which ends the process where nobody listens.
    if (!this.hasEnd) this.#operations.push({ operation, args });
    this.simulateSentHead();
    if (operation === 'write') this.#drain ??= new DeferredDrain(this.#res);
  }

  simulateSentHead(): void {
    this.#lookUnsent ??= simulateSentHead(this.#res, () => this.hasEnd);
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
    const drain = this.#drain;
    this.#drain = null;
    drain?.release(writable);
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
