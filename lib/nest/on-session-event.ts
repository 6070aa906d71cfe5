import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Logger } from '@nestjs/common';
import { CHANNELS, CHANNEL_PREFIX } from '../events/channels.js';
import type { SessionEventName, SessionEvents } from '../events/session-events.js';
import { withoutText } from '../options/read-option.js';
import { SessionConfigError } from '../session.errors.js';
import { isThenable } from '../state/is-thenable.js';

/**
 * Called with each message of an event. Its return value is not awaited.
 *
 * @example
 * const audit: SessionEventListener<'signed-in'> = ({ handle, at }) => log.write(handle, at);
 */
export type SessionEventListener<N extends SessionEventName> = (message: SessionEvents[N]) => unknown;

/**
 * Listens to the session events of this process, across all its applications.
 *
 * The listener is called synchronously, in the async context of the code that caused the event: in a request,
 * the facade (`Session.userId`) refers to its session. If the listener throws or returns a promise that
 * rejects, the error is logged and the request goes on. (If you subscribe to `diagnostics_channel` directly, a
 * subscriber that throws ends the process: Node turns it into an uncaught exception.)
 *
 * @param name of the event, such as 'signed-in'
 * @param listener called with the message of each event; what it returns is not awaited
 * @returns a function that stops listening
 * @throws SessionConfigError if there is no event of that name, or the listener is not a function
 * @example
 * const stop = onSessionEvent('signed-in', ({ handle, at }) => audit.write('signed in', Session.userId, handle, at));
 */
export function onSessionEvent<N extends SessionEventName>(
  name: N,
  listener: SessionEventListener<N>,
): () => void {
  if (!Object.hasOwn(CHANNELS, name)) {
    throw new SessionConfigError(
      `onSessionEvent got the name of no event; the events are ${Object.keys(CHANNELS).join(', ')}.`,
    );
  }
  if (typeof listener !== 'function')
    throw new SessionConfigError(
      `onSessionEvent('${name}') got ${withoutText(listener)}; it takes a function.`,
    );
  const log = new Logger('SessionModule');
  const failed = (error: unknown): void => {
    log.error(`A listener of the session event '${name}' failed: ${reasonOf(error)}`);
  };
  const subscriber = (message: unknown): void => {
    callSafely(listener, message, failed);
  };
  subscribe(CHANNEL_PREFIX + name, subscriber);
  return () => void unsubscribe(CHANNEL_PREFIX + name, subscriber);
}

function callSafely<N extends SessionEventName>(
  listener: SessionEventListener<N>,
  message: unknown,
  failed: (error: unknown) => void,
): void {
  try {
    // Nobody else publishes on these channels.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a channel of Node's has no type for its messages
    const returned = listener(message as SessionEvents[N]);
    if (isThenable(returned)) returned.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

/** Any value can be thrown, even one that throws when it is inspected. */
function reasonOf(error: unknown): string {
  try {
    if (error instanceof Error) return error.message;
  } catch {
    // It does not describe itself.
  }
  return 'see what it throws';
}
