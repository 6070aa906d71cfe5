import type { ServerResponse } from 'node:http';
import { overrideProperties } from './override-properties.js';

/** Changing the headers of a response whose head has left is an error; this is the one that Node throws. */
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
 * code that answers a second time by mistake has to get the error of Node, and must not change the first answer.
 *
 * Properties of each response that is held: shared ones, as the gated methods are, would be called for each header of every
 * response that has a session.
 *
 * @param isEnded whether the application has ended the response
 * @returns makes the response look as it is again, with the status that it had when it was held
 */
export function simulateSentHead(res: ServerResponse, isEnded: () => boolean): () => void {
  const { statusCode } = res;
  // HTTP/2 has no status message, and Node warns where one is read or set. On HTTP/1 one that was set is a property.
  const statusMessage = Object.getOwnPropertyDescriptor(res, 'statusMessage');
  const restore = overrideProperties(res, { ...OF_SENT, writableEnded: { get: isEnded } });
  return () => {
    restore();
    res.statusCode = statusCode;
    if (statusMessage === undefined) Reflect.deleteProperty(res, 'statusMessage');
    else Object.defineProperty(res, 'statusMessage', statusMessage);
  };
}
