import type { ServerResponse } from 'node:http';
import { SessionError } from '../../session.errors.js';
import { SessionLimitError } from '../../session.exception.js';
import type { SessionCommits } from '../../session/session-commits.js';
import type { FailedResponse } from '../wording.js';
import { type OriginalMethods, installGate } from './gated-methods.js';
import { HeldResponse } from './held-response.js';
import { type HeadAddition, setsCookies } from './response-head.js';
import { ResponseWriter } from './response-writer.js';

/** How often a session is committed while the end of its response waits. More is taken for an endless loop. */
const MAX_COMMITS_BEFORE_END = 25;

/** What a gate needs to know of its application and request. */
export interface GateContext {
  /** The cookies due now, or a token in a header of its own, or both. Asked when the head leaves. */
  headAdditions(): readonly HeadAddition[];
  /** A commit failed where no exception filter can answer any more. */
  failed(error: unknown, response: FailedResponse): void;
  /** Node refused to send what the application had written while the response was held. */
  unsendable(error: unknown): void;
  /** A session was committed after the head had left: a cookie that is due cannot reach the browser any more. */
  late(): void;
}

/**
 * Holds a response back until its session is stored.
 *
 * The safety net for whatever ends a response without passing the interceptor's way back: exceptions and filters,
 * `@Res()`, guards that reject, streams, middleware that answers. It is installed when a session first holds something that may
 * have to be committed; as long as nothing is due, everything passes. While something is due, head and body wait; the session is
 * committed; its cookie joins the head; everything leaves in the order in which it came. A commit that fails turns into
 * a 503 (409 for a session too many of its user), or, where the head is out already, into a connection that is cut, so that
 * no client takes it for stored.
 */
export class ResponseGate {
  readonly #res: ServerResponse;
  readonly #session: SessionCommits;
  readonly #context: GateContext;
  readonly #writer: ResponseWriter;
  /** Made when something is held for the first time. */
  #held: HeldResponse | null = null;
  #committing = false;
  #commitsBeforeEnd = 0;
  #failed = false;

  constructor(res: ServerResponse, session: SessionCommits, context: GateContext) {
    this.#res = res;
    this.#session = session;
    this.#context = context;
    this.#writer = new ResponseWriter(res, installGate(res, this), session, context);
  }

  /** A method of the response was called. @returns what that returns */
  onCall(method: keyof OriginalMethods, args: unknown[]): unknown {
    if (this.#session.holdsId) this.#beginForCookie(method === 'writeHead' ? args : []);
    if (this.#isHeldInVain) this.#replace(503);
    if (method === 'writeHead') {
      if (this.#failed) return this.#res;
      if (this.#writer.isWriting || !(this.#committing || this.#session.due))
        return this.#writer.writeHead(args);
      this.#holding.holdHead(args);
      return this.#res;
    }
    if (this.#writer.isWriting) return this.#writer.perform(method, args);
    const whileHeld = method === 'write' ? false : this.#res;
    if (this.#failed) return whileHeld;
    // A change that needs a cookie is dropped now, so nothing has to wait for it.
    if (this.#writer.headLeft && !this.#committing) this.#session.refuseTooLate();
    // Once the head has left, only the end is worth waiting for.
    const waits = method === 'end' || !this.#writer.headLeft;
    if (this.#committing || (waits && this.#session.due)) {
      this.#holding.hold(method, args);
      if (!this.#committing) this.#commit();
      return whileHeld;
    }
    this.#releaseHead();
    return this.#writer.perform(method, args);
  }

  /**
   * Where the application has read the id and sets a cookie, that may be made of the id (a CSRF token): the session is stored, so that
   * the id still holds when the cookie comes back.
   */
  #beginForCookie(head: unknown[]): void {
    if (!this.#writer.headLeft && setsCookies(this.#res, head)) this.#session.begin();
  }

  /**
   * The client went away, or the response ended past the gate: what is due is stored all the same, and what becomes due
   * later as well (`writtenLate`). What cannot be stored stays due: the code goes on, on a WebSocket for hours.
   */
  onClose(): void {
    if (this.#writer.ended || this.#failed) return;
    this.#session.hostOver();
    if (this.#committing || !this.#session.due) return;
    Promise.resolve(this.#session.commitDue()).catch((error: unknown) => this.#context.failed(error, 'gone'));
  }

  /** Whether the head has left. */
  get headSent(): boolean {
    return this.#writer.headLeft || (this.#held?.looksSent !== true && this.#res.headersSent);
  }

  /** Whether the response has ended, and is not held back. */
  get ended(): boolean {
    return this.#writer.ended || (this.#held?.looksSent !== true && this.#res.writableEnded);
  }

  /**
   * Whether a head is held for a commit that will not come: one that the application had begun by itself has failed, and no exception
   * filter can answer a response that looks sent.
   */
  get #isHeldInVain(): boolean {
    const holdsHead = this.#held?.looksSent === true && !this.#writer.headLeft;
    return holdsHead && !this.#committing && !this.#failed && this.#session.abandoned;
  }

  get #holding(): HeldResponse {
    return (this.#held ??= new HeldResponse(this.#res));
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

  #commitAgain(): void {
    this.#commitsBeforeEnd += 1;
    if (this.#commitsBeforeEnd > MAX_COMMITS_BEFORE_END) {
      this.#fail(neverEnds());
      return;
    }
    this.#holding.lookSent();
    this.#commit();
  }

  /** Node may refuse what was held: a header with a line break, a chunk of a wrong type. The application cannot catch that any more. */
  #releaseSafely(): void {
    try {
      this.#release();
    } catch (error) {
      this.#context.unsendable(error);
      this.#replace(500);
    }
  }

  /**
   * Lets go what was held, in order; where the end is held too, only when nothing is due any more. As long as the head is
   * here, what was changed meanwhile can still have its cookie, and a commit that fails its 503.
   */
  #release(): void {
    const held = this.#holding;
    if (held.hasEnd && this.#session.due) {
      this.#commitAgain();
      return;
    }
    this.#releaseHead();
    if (this.#writer.noticeHead()) this.#context.late();
    let writable = true;
    for (let next = held.first; next !== undefined; next = held.first) {
      // What listens to the head and the chunks may have changed the session.
      if (next.operation === 'end' && this.#session.due) {
        this.#commitAgain();
        break;
      }
      held.dropFirst();
      const result = this.#writer.perform(next.operation, next.args);
      if (next.operation === 'write') writable = result !== false;
    }
    // Where the socket is full by now, its own `drain` tells the writers.
    held.releaseWriters(writable && !this.#writer.ended);
  }

  #releaseHead(): void {
    const head = this.#held?.takeHead() ?? null;
    if (head !== null) this.#writer.writeHead(head);
  }

  #fail(error: unknown): void {
    this.#session.abandon();
    // The head that was held is dropped; and as long as the response looks sent, it cannot be asked whether it is.
    this.#held?.takeHead();
    this.#context.failed(error, this.headSent ? 'cut off' : 'answered');
    this.#replace(error instanceof SessionLimitError ? 409 : 503);
  }

  /** Answers with an error in place of what is held. */
  #replace(status: 409 | 500 | 503): void {
    this.#failed = true;
    const callbacks = this.#holding.discard();
    if (this.headSent) {
      // The status has been sent already. Only a broken connection can still tell the client.
      this.#res.destroy();
      return;
    }
    for (const callback of callbacks) this.#res.once('finish', callback);
    this.#writer.endWithError(status);
  }
}

function neverEnds(): SessionError {
  return new SessionError(
    `It was changed again each of the ${MAX_COMMITS_BEFORE_END} times that it was stored while its response was ending. Does a timer or ` +
      'a stream go on writing to it? End that first.',
  );
}
