import { format } from 'node:util';
import type { FlashState } from '../../state/flash-state.js';
import type { HostedSession } from '../hosted-session.js';
import { listOf } from '../../state/unread-messages.js';
import { type Values, readPath } from '../../state/values.js';

/**
 * The arguments of connect-flash: a type and a message (or several, or a format and its values), a type, or
 * nothing.
 */
export type ConnectFlashArguments = readonly [
  type?: string | null | undefined,
  message?: unknown,
  ...inserted: unknown[],
];

/**
 * Implements `req.flash` of connect-flash: `req.flash('error', text)` queues a message and returns how many
 * there are, `req.flash('error')` returns the messages of a type as a list and removes them, `req.flash()`
 * does so for all types. A message stays until a request reads it, through `req.flash` or any other flash
 * method. Types are taken literally, dots included. A type or message that is 0, false, null or empty counts
 * as missing: `req.flash('error', failed && 'Try again.')` never shows "false".
 */
export function connectFlash(
  hosted: HostedSession,
  [type, message, ...inserted]: ConnectFlashArguments,
): unknown {
  const messages = hosted.readable.flash;
  if (isNone(type)) return takeAll(messages, hosted);
  if (isNone(message)) return take(type, messages, hosted);
  const text = inserted.length > 0 ? format(message, ...inserted) : message;
  const added: unknown[] = Array.isArray(text) ? text : [text];
  if (added.length === 0) return listAt(type, messages).length;
  const { flash } = hosted.writable;
  flash.append(type, added);
  return listAt(type, flash).length;
}

/**
 * Whether a function is connect-flash's own `req.flash`, which replaces an existing one with its option
 * `unsafe`. It keeps its messages at `req.session.flash`, which is a method of our session, so our
 * `req.flash` has to replace it.
 */
export function isConnectFlash(value: unknown): boolean {
  // Recognized by its error message, which survives a bundler.
  return typeof value === 'function' && String(value).includes('req.flash() requires sessions');
}

function isNone(given: unknown): given is undefined | null | '' | 0 | false {
  return !given;
}

function take(type: string, messages: FlashState, hosted: HostedSession): readonly unknown[] {
  const list = listAt(type, messages);
  if (list.length > 0) hosted.writable.flash.forget(type, 'take');
  return list;
}

function takeAll(messages: FlashState, hosted: HostedSession): Values {
  return Object.fromEntries(
    Object.keys(messages.messages).map((type) => [type, take(type, messages, hosted)]),
  );
}

function listAt(type: string, { messages }: FlashState): readonly unknown[] {
  return listOf(readPath(messages, type));
}
