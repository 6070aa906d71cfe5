import { SessionValueError } from '../session.errors.js';
import { readBy, writtenBy } from './serializer-answers.js';
import { type Values, copyOfJson, isObject } from './values.js';

/**
 * Turns a session into text and back. `JSON` is one; superjson and devalue are others.
 *
 * @example
 * SessionModule.forRoot({ secret, serializer: { stringify: superjson.stringify, parse: superjson.parse } })
 */
export interface SessionSerializer {
  /**
   * Makes text of a session, at once: no promise. What it throws becomes a SessionValueError that names the key; anything
   * but text that it returns fails the commit.
   */
  stringify(value: unknown): string;
  /** The reverse, at once as well. A record that it throws on, or knows nothing to say of, counts as absent. */
  parse(text: string): unknown;
}

/** The format of what is stored. A higher number is not read by this version. */
export const PAYLOAD_FORMAT = 1;

/**
 * In place of a lifetime of its own: the session lives as long as the options say, and its cookie ends with the browser
 * whatever they say.
 */
export const ENDS_WITH_BROWSER = 0;

/**
 * Messages that one request flashed, under the number of the write that stored them, and the fields of a form that it
 * flashed. Where there are no fields, none are written; in records of version 0.1 they are among the messages. Messages
 * whose names are in `untilRead` stay until a request reads them.
 */
export type FlashBatch = [stamp: number, messages: Values, fields?: Values, untilRead?: readonly string[]];

/** When a user signed in, in epoch ms, and who: a session that has become another's since says nothing of his own sign-in. */
export type SignIn = readonly [at: number, user: string];

/**
 * What the payload of a record holds. Names are short because with `stealth` all of it travels in the cookie.
 */
export interface Payload {
  /** Format. */
  v: number;
  /** Number of this write. It goes on through a change of id, unlike the record's version. */
  n: number;
  /** Who wrote it: unique for each write, so that a writer recognises its own after an answer got lost. */
  w?: string;
  /** Session id, only where the record itself travels in the cookie. */
  i?: string;
  /** Created at, epoch ms. */
  c: number;
  /** A lifetime of its own, ms; `ENDS_WITH_BROWSER`. */
  t?: number;
  /** The latest sign-in. */
  s?: SignIn;
  /** Its handle, where that is not the one of its id: that of the id it began with. */
  h?: string;
  /** The values. Several requests may share them: they are copied before they are changed, or handed out. */
  d: Readonly<Values>;
  /** Flash messages that wait for the next request. */
  f?: FlashBatch[];
}

/** What a session knows of itself beside its values, and a request may change. */
export type SessionFacts = { [K in 't' | 's' | 'h']?: Payload[K] | undefined };

/** What was loaded, or stored last. */
export interface Snapshot {
  readonly payload: Payload;
  readonly text: string;
}

/** What a read payload turned out to be. */
export type ParsedPayload =
  | { readonly kind: 'session'; readonly payload: Payload }
  /** The session lives on under another id. */
  | { readonly kind: 'moved'; readonly to: string }
  /** The session is being destroyed. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'corrupt' };

const CORRUPT: ParsedPayload = { kind: 'corrupt' };

/**
 * Reads a payload. What cannot be understood is `corrupt`.
 *
 * @throws SessionValueError where the serializer answers with a promise
 */
export function parsePayload(text: string, serializer: SessionSerializer): ParsedPayload {
  let parsed: unknown;
  try {
    parsed = readBy(serializer, text);
  } catch (error) {
    if (error instanceof SessionValueError) throw error;
    // Whatever a serializer throws means one thing here: this text is none of its own.
    return CORRUPT;
  }
  if (!isObject(parsed) || parsed['v'] !== PAYLOAD_FORMAT) return CORRUPT;
  if (typeof parsed['to'] === 'string') return { kind: 'moved', to: parsed['to'] };
  if (parsed['end'] === true) return { kind: 'ended' };
  return isPayload(parsed) ? { kind: 'session', payload: parsed } : CORRUPT;
}

/** When the user signed in whose session it is; epoch ms. Null where nobody did, or another. */
export function signedInAt(signIn: SignIn | undefined, user: string | null): number | null {
  return signIn !== undefined && signIn[1] === user ? signIn[0] : null;
}

/** The values in the text of a session, not to be changed. */
export function valuesIn(text: string, serializer: SessionSerializer): Readonly<Values> {
  const parsed = parsePayload(text, serializer);
  return parsed.kind === 'session' ? parsed.payload.d : {};
}

/**
 * A copy of a session's values, for whoever changes them, or hands them out.
 *
 * @param text what they were read from: objects of classes only their serializer can make once more. Undefined where
 * nothing is stored: with another serializer than JSON there are no values yet then
 */
export function ownValues(
  values: Readonly<Values>,
  text: string | undefined,
  serializer: SessionSerializer,
): Values {
  if (serializer === JSON) return copyOfJson(values);
  return text === undefined ? {} : { ...valuesIn(text, serializer) };
}

/** The text that leads commits under way to a session's new id. */
export function movedPayload(to: string, serializer: SessionSerializer): string {
  return writtenBy(serializer, { v: PAYLOAD_FORMAT, to });
}

/** The text that stands for a session while its record is removed. */
export function endedPayload(serializer: SessionSerializer): string {
  return writtenBy(serializer, { v: PAYLOAD_FORMAT, end: true });
}

function isPayload(value: Record<string, unknown>): value is Record<string, unknown> & Payload {
  return (
    typeof value['n'] === 'number' &&
    typeof value['c'] === 'number' &&
    isObject(value['d']) &&
    (value['t'] === undefined || typeof value['t'] === 'number') &&
    (value['s'] === undefined || isSignIn(value['s'])) &&
    (value['h'] === undefined || typeof value['h'] === 'string') &&
    (value['i'] === undefined || typeof value['i'] === 'string') &&
    (value['f'] === undefined || (Array.isArray(value['f']) && value['f'].every(isBatch)))
  );
}

function isSignIn(value: unknown): value is SignIn {
  return Array.isArray(value) && typeof value[0] === 'number' && typeof value[1] === 'string';
}

function isBatch(value: unknown): value is FlashBatch {
  if (!Array.isArray(value) || typeof value[0] !== 'number' || !isObject(value[1])) return false;
  if (value.length > 3 && !Array.isArray(value[3])) return false;
  return value.length < 3 || isObject(value[2]);
}
