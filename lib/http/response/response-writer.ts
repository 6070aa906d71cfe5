import type { ServerResponse } from 'node:http';
import type { SessionAccess } from '../../session/session-access.js';
import type { Operation, OriginalMethods } from './gated-methods.js';
import { answerPlainly } from './error-response.js';
import { type HeadArguments, withCookies, withoutCaching } from './response-head.js';

/** Who knows the Set-Cookie headers that are due. */
interface CookieSource {
  cookies(): readonly string[];
}

/** A response behind its gate: what is done here is done, and the cookies join the head. */
export class ResponseWriter {
  readonly #res: ServerResponse;
  readonly #methods: OriginalMethods;
  readonly #session: SessionAccess;
  readonly #source: CookieSource;
  /** Above zero while a real method runs. */
  #running = 0;
  #headLeft: boolean;
  #ended = false;

  /** @param source asked once, when the head leaves */
  constructor(res: ServerResponse, methods: OriginalMethods, session: SessionAccess, source: CookieSource) {
    this.#res = res;
    this.#methods = methods;
    this.#session = session;
    this.#source = source;
    this.#headLeft = res.headersSent;
  }

  /** Whether a real method runs: what it calls on the response in turn must pass the gate. */
  get isRunning(): boolean {
    return this.#running > 0;
  }

  /** Whether the head was written here, or was out before. */
  get headLeft(): boolean {
    return this.#headLeft;
  }

  /** Whether the end was passed on here. */
  get ended(): boolean {
    return this.#ended;
  }

  writeHead(args: HeadArguments): unknown {
    let final = this.#session.abandoned ? withoutCaching(this.#res, args) : args;
    if (!this.#headLeft) {
      const cookies = this.#source.cookies();
      if (cookies.length > 0) final = withCookies(this.#res, final, cookies);
    }
    const result = this.#run('writeHead', final);
    // Not where Node refuses it: the exception filter writes another.
    this.#headLeft = true;
    return result;
  }

  perform(operation: Operation, args: unknown[]): unknown {
    if (operation === 'end') {
      this.#ended = true;
      this.#session.over();
    }
    return this.#run(operation, args);
  }

  /** Node writes a head by itself where none was written. @returns whether it has, without the cookies */
  noticeHead(): boolean {
    if (this.#headLeft || !this.#res.headersSent) return false;
    this.#headLeft = true;
    return true;
  }

  /** Ends the response with an error. Nothing of it may have left. */
  answerPlainly(status: 500 | 503): void {
    this.#ended = true;
    // With the cookie of a session that is stored; one that is not has none.
    const writeHead = (...args: HeadArguments): unknown => this.writeHead(args);
    const end = (...args: unknown[]): unknown => this.#run('end', args);
    answerPlainly(this.#res, { writeHead, end }, status);
  }

  #run(method: keyof OriginalMethods, args: unknown[]): unknown {
    this.#running += 1;
    try {
      return Reflect.apply(this.#methods[method], this.#res, args);
    } finally {
      this.#running -= 1;
    }
  }
}
