import type { ServerResponse } from 'node:http';
import type { SessionCommits } from '../../session/session-commits.js';
import { replaceByError } from './error-response.js';
import { type Operation, type OriginalMethods, isWritingUngated } from './gated-methods.js';
import type { GateContext } from './response-gate.js';
import { type HeadArguments, withCookies, withoutCaching } from './response-head.js';

/** Who knows the Set-Cookie headers that are due. */
type CookieSource = Pick<GateContext, 'cookies' | 'field' | 'besideCookies'>;

/** Writes to a response behind its gate, by the original methods, and adds the cookies to its head. */
export class ResponseWriter {
  readonly #res: ServerResponse;
  readonly #methods: OriginalMethods;
  readonly #session: SessionCommits;
  readonly #source: CookieSource;
  #isWriting = false;
  /** Whether the head was written here, or was out before. Set here alone. */
  headLeft: boolean;
  /** Whether the end was passed on here. Set here alone. */
  ended = false;

  /** @param source asked once, when the head leaves */
  constructor(res: ServerResponse, methods: OriginalMethods, session: SessionCommits, source: CookieSource) {
    this.#res = res;
    this.#methods = methods;
    this.#session = session;
    this.#source = source;
    this.headLeft = res.headersSent;
  }

  /**
   * Whether an original method runs: what it calls on the response in turn must pass the gate. One that was called before the
   * gate was there may still run: what listens to a head (`on-headers`) can be the first to write to the session.
   */
  get isWriting(): boolean {
    return this.#isWriting || isWritingUngated(this.#res);
  }

  writeHead(args: HeadArguments): unknown {
    let final = this.#session.abandoned ? withoutCaching(this.#res, args) : args;
    if (!this.headLeft) {
      const cookies = this.#source.cookies();
      if (cookies.length > 0) final = this.#withTokens(final, cookies);
    }
    const result = this.#call('writeHead', final);
    // Not where Node refuses it: the exception filter writes another.
    this.headLeft = true;
    return result;
  }

  #withTokens(args: HeadArguments, cookies: readonly string[]): HeadArguments {
    const beside = this.#source.besideCookies?.() ?? null;
    // What caches are told of both comes with the first.
    const head = beside === null ? args : withCookies(this.#res, args, beside.values, beside.field);
    return withCookies(this.#res, head, cookies, this.#source.field);
  }

  perform(operation: Operation, args: unknown[]): unknown {
    if (operation === 'end') {
      this.ended = true;
      this.#session.over();
    }
    return this.#call(operation, args);
  }

  /** Node writes a head by itself where none was written. @returns whether it has, without the cookies */
  noticeHead(): boolean {
    if (this.headLeft || !this.#res.headersSent) return false;
    this.headLeft = true;
    return true;
  }

  /** Ends the response with an error. Nothing of it may have left. */
  endWithError(status: 409 | 500 | 503): void {
    this.ended = true;
    const { head, body } = replaceByError(this.#res, status);
    // With the cookie of a session that is stored; one that is not has none.
    this.writeHead(head);
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
