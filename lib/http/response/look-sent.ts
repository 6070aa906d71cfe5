import type { ServerResponse } from 'node:http';
import { overrideProperties } from './override-properties.js';

/** What whoever touches the headers of a response gets when its head has left: the error of Node. */
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
 * Makes a response whose head is held back look as if it had been sent: frameworks ask it whether they may still answer, and
 * whoever answers a second time by mistake has to get the error of Node, and must not change the first answer.
 *
 * Properties of each response that is held: shared ones, as the gated methods are, would be called for each header of every
 * response that has a session.
 *
 * @param isEnded whether the application has ended the response
 * @returns makes the response look as it is again, with the status that it had when it was held
 */
export function lookSent(res: ServerResponse, isEnded: () => boolean): () => void {
  const { statusCode } = res;
  // HTTP/2 has no status message, and warns the process of whoever reads or sets one: where there is one it is a property.
  const statusMessage = Object.getOwnPropertyDescriptor(res, 'statusMessage');
  const restore = overrideProperties(res, { ...OF_SENT, writableEnded: { get: isEnded } });
  return () => {
    restore();
    res.statusCode = statusCode;
    if (statusMessage === undefined) Reflect.deleteProperty(res, 'statusMessage');
    else Object.defineProperty(res, 'statusMessage', statusMessage);
  };
}
