import type { ServerResponse } from 'node:http';
import { SessionError } from '../../session.errors.js';
import { SessionLimitError } from '../../session.exception.js';
import type { SessionCommits } from '../../session/session-commits.js';
import { cutOff } from '../raw-http.js';
import type { FailedResponse } from '../wording.js';
import { GATED_WRITE_HEAD, type OriginalMethods, installGate } from './gated-methods.js';
import { HeadListeners } from './head-listeners.js';
import { HeldResponse } from './held-response.js';
import { refuseChunk } from './impossible-calls.js';
import { REPLACED, keepUntilSent, refuseCall, refuseHeld } from './refused-calls.js';
import { type HeadAddition, setsCookies } from './response-head.js';
import { ResponseWriter } from './response-writer.js';

/** How often a session is committed while the end of its response waits. More counts as an endless loop. */
const MAX_COMMITS_BEFORE_END = 25;

/** What a gate needs from its application and request. */
export interface GateContext {
  /** The cookies due now, or a token in its own header, or both. Called when the head is sent. */
  headAdditions(session: SessionCommits): readonly HeadAddition[];
  /** Called when a commit fails and no exception filter can answer any more. */
  failed(error: unknown, response: FailedResponse): void;
  /** Called when Node.js refuses to send what the application wrote while the response was held. */
  unsendable(error: unknown): void;
  /** Called when a session is committed after the head was sent: a due cookie cannot reach the browser any more. */
  late(session: SessionCommits): void;
}

/**
 * Holds a response back until its session is stored.
 *
 * The safety net for responses that end without passing through the interceptor: exceptions and filters,
 * `@Res()`, guards that reject, streams, middleware that answers. The gate is installed when a session first
 * holds something that may have to be committed; while nothing is due, everything passes. When something is
 * due, head and body wait; the session is committed; its cookie joins the head; everything is sent in the
 * original order. If a commit fails, the response becomes a 503 (409 if the user has too many sessions). If
 * the head was already sent, the connection is cut, so that no client believes the change was stored.
 */
export class ResponseGate {
  readonly #res: ServerResponse;
  readonly #session: SessionCommits;
  readonly #context: GateContext;
  readonly #writer: ResponseWriter;
  /** Null unless a library listens to the head. */
  #listeners: HeadListeners | null = null;
  /** Created when something is first held. */
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

  /**
   * Handles a call of a response method.
   *
   * @returns the return value of that method
   */
  onCall(method: keyof OriginalMethods, args: unknown[]): unknown {
    if (this.#session.holdsId) this.#beginForCookie(method === 'writeHead' ? args : []);
    if (this.#held !== null && this.#isHeldInVain(this.#held)) this.#replace(503);
    if (method === 'writeHead') {
      if (this.#failed) return this.#res;
      if (this.#writer.isWriting || this.#writer.hasPassed) return this.#writer.writeHead(args);
      if (this.#listeners?.keep(args) === true) return this.#res;
      if (!(this.#committing || this.#session.due)) return this.#writer.writeHead(args);
      this.#holding.holdHead(args);
      return this.#res;
    }
    if (this.#writer.isWriting) return this.#writer.perform(method, args);
    const whileHeld = { write: false, end: this.#res, flushHeaders: undefined }[method];
    if (this.#failed) {
      refuseCall(this.#res, method, args, REPLACED);
      return whileHeld;
    }
    refuseChunk(this.#res, method, args);
    if (this.#res.writeHead !== GATED_WRITE_HEAD) this.#callListeners();
    const { headLeft } = this.#writer;
    let isDue = !this.#committing && this.#session.due;
    // A change that needs a cookie is dropped now, so nothing has to wait for it.
    if (isDue && headLeft) isDue = this.#session.refuseTooLate() === undefined;
    // Once the head was sent, only the end has to wait.
    if (this.#committing || (isDue && (method === 'end' || !headLeft))) {
      this.#holding.hold(method, args);
      if (!this.#committing) this.#commit();
      return whileHeld;
    }
    if (this.#held !== null) this.#releaseHead(this.#held);
    return (this.#listeners ?? this.#writer).perform(method, args);
  }

  /**
   * If the application has read the id and sets a cookie, that cookie may be derived from the id (a CSRF
   * token). So the session is stored, and the id is still valid when the cookie comes back.
   */
  #beginForCookie(head: unknown[]): void {
    if (!this.#writer.headLeft && setsCookies(this.#res, head)) this.#session.begin();
  }

  /**
   * The client disconnected, or the response ended without passing the gate. What is due is stored all the
   * same, and so is what becomes due later (`writtenAfterEnd`). What cannot be stored stays due: the code
   * continues, on a WebSocket for hours.
   */
  commitWithoutResponse(): void {
    if (this.#writer.ended || this.#failed) return;
    this.#session.hostOver();
    if (this.#committing || !this.#session.due) return;
    Promise.resolve(this.#session.commitDue()).catch((error: unknown) => this.#context.failed(error, 'gone'));
  }

  /** Whether the head was sent. */
  get headSent(): boolean {
    return this.#writer.headLeft || (this.#held?.looksSent !== true && this.#res.headersSent);
  }

  /** Whether the response has ended and is not held back. */
  get ended(): boolean {
    return this.#writer.ended || (this.#held?.looksSent !== true && this.#res.writableEnded);
  }

  /**
   * Whether a head is held for a commit that will not come: a commit started by the application failed, and
   * no exception filter can answer a response that looks sent.
   */
  #isHeldInVain(held: HeldResponse): boolean {
    const holdsHead = held.looksSent && !this.#writer.headLeft;
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

  /**
   * Releases what is held. Node.js may refuse it (a `Trailer` with a `Content-Length`), and the
   * application cannot catch that any more.
   */
  #releaseSafely(): void {
    try {
      this.#release();
    } catch (error) {
      this.#context.unsendable(error);
      this.#replace(500);
    }
  }

  /**
   * Releases what was held, in order; if the end is held too, only once nothing is due any more. As long as
   * the head is held, later changes can still get their cookie, and a failed commit its 503.
   */
  #release(): void {
    const held = this.#holding;
    if (held.hasEnd && this.#session.due) {
      this.#commitAgain();
      return;
    }
    this.#releaseHead(held);
    if (this.#writer.noticeHead()) this.#context.late(this.#session);
    let writable = true;
    for (let next = held.first; next !== undefined; next = held.first) {
      const { operation, args } = next;
      if (this.#writer.ended) {
        refuseCall(this.#res, operation, args);
      } else {
        // Listeners to the head and the chunks may have changed the session.
        if (operation === 'end' && this.#session.due) {
          this.#commitAgain();
          break;
        }
        const result = (this.#listeners ?? this.#writer).perform(operation, args);
        if (operation === 'write') writable = result !== false;
      }
      held.dropFirst();
    }
    // If the socket is full by now, its own `drain` notifies the writers.
    held.releaseWriters(writable && !this.#writer.ended);
  }

  /** Calls those who listen to the head, if it is not written yet. */
  #callListeners(): void {
    if (!this.headSent && this.#held?.looksSent !== true)
      (this.#listeners ??= new HeadListeners(this.#res, this.#writer)).call();
  }

  #releaseHead(held: HeldResponse): void {
    const head = held.takeHead();
    if (head !== null) this.#writer.writeHead(head);
  }

  #fail(error: unknown): void {
    this.#session.abandon();
    // Drops the held head. While the response looks sent, its real state cannot be read.
    this.#held?.takeHead();
    this.#context.failed(error, this.headSent ? 'cut off' : 'answered');
    this.#replace(error instanceof SessionLimitError ? 409 : 503);
  }

  /** Sends an error instead of what is held. */
  #replace(status: 409 | 500 | 503): void {
    this.#failed = true;
    const discarded = this.#holding.discard();
    if (this.headSent) {
      // The status was already sent. Only a broken connection can still tell the client.
      cutOff(this.#res);
      refuseHeld(this.#res, discarded);
      return;
    }
    refuseHeld(this.#res, discarded);
    keepUntilSent(this.#res);
    this.#writer.endWithError(status);
  }
}

function neverEnds(): SessionError {
  return new SessionError(
    `It was changed again each of the ${MAX_COMMITS_BEFORE_END} times that it was stored while its response was ending. Does a timer or ` +
      'a stream go on writing to it? End that first.',
  );
}
