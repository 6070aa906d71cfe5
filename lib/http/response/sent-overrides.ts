import type { ServerResponse } from 'node:http';

/** What says whether a response has been answered, and what must not be done to it then. */
const CHANGED = [
  'headersSent',
  'writableEnded',
  'setHeader',
  'setHeaders',
  'appendHeader',
  'removeHeader',
] as const;

/** HTTP/2 knows no status message, and warns the process of whoever reads or sets one: where there is one it is a property. */
const RESTORED = [...CHANGED, 'statusMessage'] as const;

/** As Node says it to whoever touches the headers of a response whose head has left. */
function refuse(): never {
  throw Object.assign(new Error('Cannot set headers after they are sent to the client'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  });
}

/**
 * Makes a response whose head is held back look as if it had been sent: frameworks ask it whether they may still answer, and
 * whoever answers a second time by mistake has to get the error of Node, and must not change the first answer.
 */
export class SentOverrides {
  readonly #res: ServerResponse;
  readonly #statusCode: number;
  /** What the response had as properties of its own, from libraries in front. */
  readonly #own: readonly (readonly [string, PropertyDescriptor | undefined])[];

  /** @param isEnded whether the application has ended the response */
  constructor(res: ServerResponse, isEnded: () => boolean) {
    this.#res = res;
    this.#statusCode = res.statusCode;
    this.#own = RESTORED.map((name) => [name, Object.getOwnPropertyDescriptor(res, name)]);
    for (const name of CHANGED) {
      Object.defineProperty(res, name, { configurable: true, ...whileHeld(name, isEnded) });
    }
  }

  /** The response is again what it was, with the status that it had then. */
  end(): void {
    for (const [name, descriptor] of this.#own) {
      // Most stand on the prototype: without a property in front of them they are back.
      if (descriptor === undefined) Reflect.deleteProperty(this.#res, name);
      else Object.defineProperty(this.#res, name, descriptor);
    }
    this.#res.statusCode = this.#statusCode;
  }
}

function whileHeld(name: (typeof CHANGED)[number], isEnded: () => boolean): PropertyDescriptor {
  if (name === 'headersSent') return { get: () => true };
  if (name === 'writableEnded') return { get: isEnded };
  return { writable: true, value: refuse };
}
