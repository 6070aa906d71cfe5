import type { ServerResponse } from 'node:http';
import { SessionError } from '../session.errors.js';
import type { SessionAccess } from '../session/session-access.js';
import { type Gatekeeper, addGatekeeper, type Operation, type RealMethods } from './gated-methods.js';
import { HeldDrain } from './held-drain.js';
import { answerPlainly } from './plain-answer.js';
import { Pretence } from './pretence.js';
import { type HeadArguments, withCookies, withoutCaching } from './response-head.js';

/** How often a session is committed while the end of its response waits. More is a loop, which would hold it for ever. */
const MAX_COMMITS_BEFORE_END = 25;

/** What a gate needs to know of its application and request. */
export interface GateContext {
  /** The Set-Cookie headers due now. Asked once, when the head leaves. */
  cookies(): readonly string[];
  /** A commit failed where no exception filter can answer any more. */
  failed(error: unknown, answered: boolean): void;
  /** What the application gave to send cannot be sent; so Node says, after the handler has gone. */
  unsendable(error: unknown): void;
  /** A session was committed after the head had left: a cookie that is due cannot reach the browser any more. */
  late(): void;
}

interface Held {
  readonly operation: Operation;
  readonly args: unknown[];
}

/**
 * Holds a response back until its session is stored.
 *
 * The safety net for whatever ends a response without passing the interceptor's way back: exceptions and filters,
 * `@Res()`, guards that reject, streams, middleware that answers. It is put up when a session first holds something to
 * commit; as long as nothing is due, everything passes. While something is due, head and body wait; the session is
 * committed; its cookie joins the head; everything leaves in the order in which it came. A commit that fails turns into
 * a 503, or, where the head is out already, into a connection that is cut: never into a success that is none.
 */
export class ResponseGate implements Gatekeeper {
  readonly #res: ServerResponse;
  readonly #session: SessionAccess;
  readonly #context: GateContext;
  readonly #real: RealMethods;
  /** The head that the application wrote and that has not left. */
  #head: HeadArguments | null = null;
  #headLeft: boolean;
  #held: Held[] = [];
  #drain: HeldDrain | null = null;
  #committing = false;
  #commitsBeforeEnd = 0;
  #pretence: Pretence | null = null;
  #ended = false;
  #failed = false;
  /** Above zero while a real method runs: what it calls on the response in turn passes. */
  #passing = 0;

  constructor(res: ServerResponse, session: SessionAccess, context: GateContext) {
    this.#res = res;
    this.#session = session;
    this.#context = context;
    this.#headLeft = res.headersSent;
    this.#real = addGatekeeper(res, this);
  }

  onWriteHead(args: HeadArguments): unknown {
    if (this.#failed) return this.#res;
    if (this.#passing > 0) return this.#sendHead(args);
    if (this.#committing || this.#session.due) {
      // Of two heads the first counts: libraries in front that do not see it write another.
      if (this.#pretence === null) this.#head = args;
      this.#pretend();
      return this.#res;
    }
    return this.#sendHead(args);
  }

  onOperation(operation: Operation, args: unknown[]): unknown {
    if (this.#passing > 0) return this.#pass(operation, args);
    if (this.#failed) return operation === 'write' ? false : this.#res;
    // What needs a cookie now comes to nothing, and is no reason to wait.
    if (this.#headLeft && !this.#committing) this.#session.refuseTooLate();
    // Once the head has left, only the end is worth waiting for.
    const waits = operation === 'end' || !this.#headLeft;
    if (this.#committing || (waits && this.#session.due)) {
      // What comes behind the end is a mistake. Sent behind it, it would end the process.
      if (!this.#isEndHeld) this.#held.push({ operation, args });
      this.#pretend();
      if (operation === 'write') this.#drain ??= new HeldDrain(this.#res);
      if (!this.#committing) this.#commit();
      return operation === 'write' ? false : this.#res;
    }
    this.#releaseHead();
    return this.#pass(operation, args);
  }

  #pass(operation: Operation, args: unknown[]): unknown {
    if (operation === 'end') {
      this.#ended = true;
      this.#session.over();
    }
    this.#passing += 1;
    try {
      return Reflect.apply(this.#real[operation], this.#res, args);
    } finally {
      this.#passing -= 1;
    }
  }

  #sendHead(args: HeadArguments): unknown {
    let final = this.#session.abandoned ? withoutCaching(this.#res, args) : args;
    if (!this.#headLeft) {
      const cookies = this.#context.cookies();
      if (cookies.length > 0) final = withCookies(this.#res, final, cookies);
    }
    this.#passing += 1;
    try {
      const result: unknown = Reflect.apply(this.#real.writeHead, this.#res, final);
      // Not where Node refuses it: the exception filter writes another.
      this.#headLeft = true;
      return result;
    } finally {
      this.#passing -= 1;
    }
  }

  #releaseHead(): void {
    this.#unpretend();
    if (this.#head === null) return;
    const head = this.#head;
    this.#head = null;
    this.#sendHead(head);
  }

  #commit(): void {
    this.#committing = true;
    Promise.resolve(this.#session.commitDue()).then(
      () => {
        this.#committing = false;
        this.#releaseSafely();
      },
      (error: unknown) => {
        this.#committing = false;
        this.#fail(error);
      },
    );
  }

  /** Node may refuse what was held: a header with a line break, a chunk that is none. Nobody is there to catch that. */
  #releaseSafely(): void {
    try {
      this.#release();
    } catch (error) {
      this.#unpretend();
      this.#context.unsendable(error);
      this.#replace(500);
    }
  }

  /** Lets go what was held, in order. What was changed meanwhile is committed before the end. */
  #release(): void {
    this.#releaseHead();
    if (!this.#headLeft && this.#res.headersSent) {
      this.#headLeft = true;
      this.#context.late();
    }
    let writable = true;
    while (this.#held.length > 0) {
      const [next] = this.#held;
      if (next === undefined) break;
      if (next.operation === 'end' && this.#session.due) {
        this.#commitsBeforeEnd += 1;
        if (this.#commitsBeforeEnd > MAX_COMMITS_BEFORE_END) {
          this.#fail(neverEnds());
          return;
        }
        this.#pretend();
        this.#commit();
        break;
      }
      this.#held.shift();
      const result = this.#pass(next.operation, next.args);
      if (next.operation === 'write') writable = result !== false;
    }
    // Writers were told to wait. Where the socket is full by now, it will tell them itself.
    const drain = this.#drain;
    this.#drain = null;
    drain?.release(writable && !this.#ended);
  }

  #fail(error: unknown): void {
    this.#session.abandon();
    this.#unpretend();
    this.#context.failed(error, !this.#isUnderWay);
    this.#replace(503);
  }

  /** Answers with an error in place of what is held. */
  #replace(status: 500 | 503): void {
    this.#failed = true;
    const ends = this.#held.filter(({ operation }) => operation === 'end');
    this.#held = [];
    this.#head = null;
    this.#drain?.release(false);
    this.#drain = null;
    if (this.#isUnderWay) {
      // The client has half an answer already: a broken connection is the only thing left that says so.
      this.#res.destroy();
      return;
    }
    for (const { args } of ends) {
      const callback = args.find((argument) => typeof argument === 'function');
      if (typeof callback === 'function') this.#res.once('finish', () => callback());
    }
    this.#ended = true;
    this.#passing += 1;
    try {
      // With the cookie of a session that is stored; one that is not has none.
      const writeHead = (...args: HeadArguments): unknown => this.#sendHead(args);
      answerPlainly(this.#res, { writeHead, end: this.#real.end }, status);
    } finally {
      this.#passing -= 1;
    }
  }

  /** The client went away, or the response ended past the gate: what is due is stored all the same. */
  onClose(): void {
    if (this.#ended || this.#failed || this.#committing || !this.#session.due) return;
    Promise.resolve(this.#session.commitDue()).catch((error: unknown) => {
      this.#session.abandon();
      this.#context.failed(error, false);
    });
  }

  /** Whether the head has left. */
  get headSent(): boolean {
    return this.#headLeft || (this.#pretence === null && this.#res.headersSent);
  }

  /** Whether the response has ended, and is not held back. */
  get ended(): boolean {
    return this.#ended || (this.#pretence === null && this.#res.writableEnded);
  }

  #pretend(): void {
    this.#pretence ??= new Pretence(this.#res, () => this.#isEndHeld);
  }

  #unpretend(): void {
    this.#pretence?.end();
    this.#pretence = null;
  }

  /** Whether the client has a part of the answer. To be asked when nothing is pretended. */
  get #isUnderWay(): boolean {
    return this.#headLeft || this.#res.headersSent;
  }

  get #isEndHeld(): boolean {
    return this.#held.some(({ operation }) => operation === 'end');
  }
}

function neverEnds(): SessionError {
  return new SessionError(
    `It was changed again each of the ${MAX_COMMITS_BEFORE_END} times that it was stored while its response was ending. Does a timer or ` +
      'a stream go on writing to it? End that first.',
  );
}
