import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Logger } from '@nestjs/common';
import { CHANNELS, CHANNEL_PREFIX } from '../events/channels.js';
import type { SessionEventName, SessionEvents } from '../events/session-events.js';
import { withoutText } from '../options/read-option.js';
import { SessionConfigError } from '../session.errors.js';

/** What is called with each message of an event. What it returns is not waited for. */
export type SessionEventListener<N extends SessionEventName> = (message: SessionEvents[N]) => unknown;

/**
 * Listens to what happens to the sessions of this process, of all its applications.
 *
 * The listener is called at once, in the async context of whoever did it: in a request the facade (`Session.userId`) names its session.
 * Where it throws, or returns a promise that rejects, the log says so and the request goes on. (A subscriber of
 * `diagnostics_channel` itself that throws ends the process: Node makes an uncaught exception of it.)
 *
 * @param name of the event, such as 'signed-in'
 * @returns call it to listen no more
 * @throws SessionConfigError where there is no event of that name, or the listener is no function
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
    if (returned instanceof Promise) returned.catch(failed);
  } catch (error) {
    failed(error);
  }
}

/** Anything can be thrown, also what throws when it is looked at. */
function reasonOf(error: unknown): string {
  try {
    if (error instanceof Error) return error.message;
  } catch {
    // It says nothing of itself.
  }
  return 'see what it throws';
}
