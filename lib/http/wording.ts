/** Why a facade finds no session in code started by a WebSocket. */
export const HANDSHAKE_OVER =
  'this code was started by a WebSocket, and the session of its handshake may have changed or ended since. In a GraphQL ' +
  'subscription the session is there in the handler, and in field resolvers that take it by @Session(); not in `filter` and ' +
  '`resolve`, nor in the body of a generator. Gateways have it in each message.';

/** For the log: two libraries want to be `request.session`. */
export const OTHER_PLUGIN =
  'request.session, and with it the @Session() of @nestjs/common, is the session of another Fastify plugin that was ' +
  'registered before the application was initialized (@fastify/session, @fastify/secure-session). @Session() of ' +
  'nestjs-session-kit and the facade give the session of this package. Unless you need both, remove the other plugin.';

/** For the log: a change, or a switch to another session, needs a cookie that can't be sent any more. */
export const TOO_LATE =
  'A session was changed, or exchanged for another one, after the head of the response had left, and that needs a cookie, ' +
  'which cannot reach the browser any more: nothing of it was stored. Write to the session before the first byte of a ' +
  'response, and before you answer.';

/** For the log: a change after the end of the response. */
export const WRITTEN_LATE =
  'A session was changed after its response had ended, and nothing stores that. Await the work before you answer, ' +
  'or call `await session.commit()` after it.';

/** For the log: a first change in the middle of a response. */
export const BEGUN_LATE =
  'A session was changed for the first time after the response had begun, so its cookie could not be sent. ' +
  'Write to the session before the first byte of a stream.';

/** The fate of a response whose session could not be stored. `gone`: there was no response left to report it. */
export type FailedResponse = 'answered' | 'cut off' | 'gone';

const OUTCOMES: Readonly<Record<FailedResponse, string>> = {
  answered: 'The request was answered with 503.',
  'cut off': 'The response was already under way and was cut off.',
  gone: 'There was no response any more that could have said so. What is changed next is stored together with it.',
};

/** For the log: a session could not be stored, the reason, and what happened to its response. */
export function commitFailed(error: unknown, response: FailedResponse): string {
  return `A session could not be stored: ${reasonOf(error)} ${OUTCOMES[response]}`;
}

/** For the log: a response that Node refused to send as it was written. */
export function unsendable(error: unknown): string {
  return (
    `A response could not be sent as the application wrote it: ${reasonOf(error)}. It was answered with 500 or, where it was ` +
    'under way already, cut off. Its session is stored.'
  );
}

/** What an error says; no other value is shown, as it may be secret. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'an unknown error';
}
