import type { ServerResponse } from 'node:http';
import type { SessionCommits } from '../../session/session-commits.js';
import { dropTrailers } from '../raw-http.js';
import { type Operation, type OriginalMethods, isWritingUngated } from './gated-methods.js';
import type { GateContext } from './response-gate.js';
import { type HeadArguments, addToHead, isCaching, withoutCaching } from './response-head.js';

/** Headers that are removed when an error replaces a response, besides those about its content and caching. */
const REPLACED_HEADERS = ['location', 'transfer-encoding', 'trailer', 'set-cookie'];

/** The messages of Nest's own exception filter. */
const MESSAGES = { 409: 'Conflict', 500: 'Internal server error', 503: 'Service Unavailable' } as const;

/** Writes to a response behind its gate, using the original methods, and adds the cookies to its head. */
export class ResponseWriter {
  readonly #res: ServerResponse;
  readonly #methods: OriginalMethods;
  readonly #session: SessionCommits;
  readonly #source: Pick<GateContext, 'headAdditions'>;
  #isWriting = false;
  /** Whether the head was written here, or sent before. Set only here. */
  headLeft: boolean;
  /** Whether the end was passed on here, and not refused. Set only here. */
  ended = false;
  /**
   * Whether anything was passed on. A head that comes after it is the one that Node.js writes for it: later, if
   * another application's gate has held it.
   */
  hasPassed = false;

  /** @param source called when the head is sent */
  constructor(
    res: ServerResponse,
    methods: OriginalMethods,
    session: SessionCommits,
    source: Pick<GateContext, 'headAdditions'>,
  ) {
    this.#res = res;
    this.#methods = methods;
    this.#session = session;
    this.#source = source;
    this.headLeft = res.headersSent;
  }

  /**
   * Whether an original method is running: the gate must let its own calls on the response through. A method
   * called before the gate existed may still be running: a listener to the head (`on-headers`) can be the
   * first to write to the session.
   */
  get isWriting(): boolean {
    return this.#isWriting || isWritingUngated(this.#res);
  }

  writeHead(args: HeadArguments): unknown {
    let final = this.#session.isUncached(args[0]) ? withoutCaching(this.#res, args) : args;
    if (!this.headLeft) {
      for (const addition of this.#source.headAdditions(this.#session))
        final = addToHead(this.#res, final, addition);
    }
    const result = this.#call('writeHead', final);
    // Not set if Node.js throws: then the exception filter writes another head.
    this.headLeft = true;
    return result;
  }

  perform(operation: Operation, args: unknown[]): unknown {
    const result = operation === 'end' ? this.#end(args) : this.#call(operation, args);
    this.hasPassed = true;
    return result;
  }

  #end(args: unknown[]): unknown {
    this.#over(true);
    try {
      return this.#call('end', args);
    } catch (error) {
      // Node.js has refused it: the exception filter writes another end.
      this.#over(false);
      throw error;
    }
  }

  #over(isOver: boolean): void {
    this.ended = isOver;
    this.#session.hostOver(isOver);
  }

  /**
   * Notices a head that Node.js wrote by itself because none was written.
   *
   * @returns whether it did, without the cookies
   */
  noticeHead(): boolean {
    if (this.headLeft || !this.#res.headersSent) return false;
    this.headLeft = true;
    return true;
  }

  /** Sends an error instead of the application's response, none of which may have been sent. */
  endWithError(statusCode: keyof typeof MESSAGES): void {
    this.ended = true;
    for (const name of this.#res.getHeaderNames()) {
      if (name.startsWith('content-') || isCaching(name) || REPLACED_HEADERS.includes(name))
        this.#res.removeHeader(name);
    }
    dropTrailers(this.#res);
    // That of the replaced response, which may be what Node.js has refused. HTTP/2 has none.
    Reflect.deleteProperty(this.#res, 'statusMessage');
    const body = JSON.stringify({ statusCode, message: MESSAGES[statusCode] });
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    };
    // A stored session's cookie is included; an unstored session has none.
    this.writeHead([statusCode, headers]);
    this.#call('end', [body]);
  }

  #call(method: keyof OriginalMethods, args: unknown[]): unknown {
    const before = this.#isWriting;
    this.#isWriting = true;
    try {
      return Reflect.apply(this.#methods[method], this.#res, args);
    } finally {
      this.#isWriting = before;
    }
  }
}
