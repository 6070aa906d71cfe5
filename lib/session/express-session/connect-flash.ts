import { format } from 'node:util';
import type { FlashState } from '../../state/flash-state.js';
import { type Values, readPath } from '../../state/values.js';

/** What connect-flash is called with: a type and a message (or several, or a format and what belongs into it), a type, or nothing. */
export type ConnectFlashArguments = readonly [
  type?: string | null | undefined,
  message?: unknown,
  ...inserted: unknown[],
];

/** How many messages of a type are kept, the latest: a thousand failed sign-ins must not fill the session. */
const MAX_UNREAD = 50;

/**
 * Does with flash messages what `req.flash` of connect-flash does: `req.flash('error', text)` queues a message and gives
 * how many there are, `req.flash('error')` takes them out as a list, `req.flash()` takes out all of them. A message stays
 * until a request reads it, by this or by any other way to flash messages. A type is taken to the letter, dots included. A type or
 * a message that is 0, false, null or empty counts as none: `req.flash('error', failed && 'Try again.')` shows nobody "false".
 *
 * @param write gives the messages to what changes them
 */
export function connectFlash(
  messages: FlashState,
  write: () => FlashState,
  [type, message, ...inserted]: ConnectFlashArguments,
): unknown {
  if (isNone(type)) return takeAll(messages, write);
  if (isNone(message)) return take(type, messages, write);
  const text = inserted.length > 0 ? format(message, ...inserted) : message;
  const added: unknown[] = Array.isArray(text) ? text : [text];
  const list = [...listAt(type, messages), ...added].slice(-MAX_UNREAD);
  if (added.length === 0) return list.length;
  write().flashUntilRead(type, list);
  return list.length;
}

/**
 * Whether a function is connect-flash's own `req.flash`, which its option `unsafe` puts in the place of what is there. It
 * keeps its messages at `req.session.flash`, where a session has a method: ours is to answer in its place.
 */
export function isConnectFlash(value: unknown): boolean {
  // Its error message, which survives a bundler.
  return typeof value === 'function' && String(value).includes('req.flash() requires sessions');
}

function isNone(given: unknown): given is undefined | null | '' | 0 | false {
  return !given;
}

function take(type: string, messages: FlashState, write: () => FlashState): unknown[] {
  const list = listAt(type, messages);
  if (list.length > 0) write().forget(type);
  return list;
}

function takeAll(messages: FlashState, write: () => FlashState): Values {
  return Object.fromEntries(
    Object.keys(messages.messages).map((type) => [type, take(type, messages, write)]),
  );
}

/** A message that was flashed by itself (`session.flash('error', 'text')`) is a list of one. */
function listAt(type: string, messages: FlashState): unknown[] {
  const found = readPath(messages.messages, type);
  if (found === undefined || found === null) return [];
  return Array.isArray(found) ? found : [found];
}
