import type { ServerResponse } from 'node:http';
import type { SessionCommits } from '../../session/session-commits.js';
import { type Operation, type OriginalMethods, isWritingUngated } from './gated-methods.js';
import type { GateContext } from './response-gate.js';
import { type HeadArguments, addToHead, withoutCaching } from './response-head.js';

/** Headers of an answer that an error replaces, besides those that begin with `content-`. */
const REPLACED_HEADERS = [
  'etag',
  'last-modified',
  'location',
  'cache-control',
  'expires',
  'transfer-encoding',
  'trailer',
  'set-cookie',
];

/** As Nest's own exception filter says it. */
const MESSAGES = { 409: 'Conflict', 500: 'Internal server error', 503: 'Service Unavailable' } as const;

/** Writes to a response behind its gate, by the original methods, and adds the cookies to its head. */
export class ResponseWriter {
  readonly #res: ServerResponse;
  readonly #methods: OriginalMethods;
  readonly #session: SessionCommits;
  readonly #source: Pick<GateContext, 'headAdditions'>;
  #isWriting = false;
  /** Whether the head was written here, or was out before. Set here alone. */
  headLeft: boolean;
  /** Whether the end was passed on here. Set here alone. */
  ended = false;

  /** @param source asked when the head leaves */
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
   * Whether an original method runs: what it calls on the response in turn must pass the gate. One that was called before the
   * gate was there may still run: what listens to a head (`on-headers`) can be the first to write to the session.
   */
  get isWriting(): boolean {
    return this.#isWriting || isWritingUngated(this.#res);
  }

  writeHead(args: HeadArguments): unknown {
    let final = this.#session.abandoned ? withoutCaching(this.#res, args) : args;
    if (!this.headLeft) {
      for (const addition of this.#source.headAdditions()) final = addToHead(this.#res, final, addition);
    }
    const result = this.#call('writeHead', final);
    // Not where Node refuses it: the exception filter writes another.
    this.headLeft = true;
    return result;
  }

  perform(operation: Operation, args: unknown[]): unknown {
    if (operation === 'end') {
      this.ended = true;
      this.#session.hostOver();
    }
    return this.#call(operation, args);
  }

  /** Node writes a head by itself where none was written. @returns whether it has, without the cookies */
  noticeHead(): boolean {
    if (this.headLeft || !this.#res.headersSent) return false;
    this.headLeft = true;
    return true;
  }

  /** Sends an error in place of what the application was about to send. Nothing of that may have left. */
  endWithError(statusCode: keyof typeof MESSAGES): void {
    this.ended = true;
    for (const name of this.#res.getHeaderNames()) {
      if (name.startsWith('content-') || REPLACED_HEADERS.includes(name)) this.#res.removeHeader(name);
    }
    const body = JSON.stringify({ statusCode, message: MESSAGES[statusCode] });
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    };
    // With the cookie of a session that is stored; one that is not has none.
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
