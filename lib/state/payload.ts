import { SessionValueError } from '../session.errors.js';
import { readBy, writtenBy } from './storable.js';
import { type Values, copyOfJson, isObject } from './values.js';

/**
 * Converts a session to text and back. `JSON` is a serializer; superjson and devalue are others.
 *
 * @example
 * SessionModule.forRoot({ secret, serializer: { stringify: superjson.stringify, parse: superjson.parse } })
 */
export interface SessionSerializer {
  /**
   * Converts a session to text, synchronously. An error that it throws becomes a SessionValueError that names
   * the key; a result that is not a string fails the commit.
   */
  stringify(value: unknown): string;
  /**
   * Converts the text back, also synchronously. A record for which it throws, or returns nothing, counts as
   * absent.
   */
  parse(text: string): unknown;
}

/** The format of stored payloads. This version reads no other format. */
export const PAYLOAD_FORMAT = 1;

/**
 * Replaces a session's own lifetime: the session lives as long as the options say, but its cookie always ends
 * with the browser.
 */
export const ENDS_WITH_BROWSER = 0;

/**
 * The messages and form fields that one request flashed, with the number of the write that stored them. Empty
 * fields are omitted; in records of version 0.1 the fields are among the messages. Messages named in
 * `untilRead` stay until a request reads them.
 */
export type FlashBatch = [stamp: number, messages: Values, fields?: Values, untilRead?: readonly string[]];

/**
 * When a user signed in, in epoch ms, and who: this does not count for a user who has taken over the session
 * since. `order` ranks the sign-ins of one process within the same millisecond; omitted for the first of them.
 */
export type SignIn = readonly [at: number, user: string, order?: number];

/** The payload of a record. Names are short because with `stealth` all of it travels in the cookie. */
export interface Payload {
  /** Format. */
  v: number;
  /** Number of this write. Unlike the record's version, it continues when the id changes. */
  n: number;
  /** Unique for each write, so that a writer recognises its own write after the store's answer got lost. */
  w?: string;
  /** Session id, only if the record itself travels in the cookie. */
  i?: string;
  /** Created at, epoch ms. */
  c: number;
  /** The session's own lifetime in ms, or `ENDS_WITH_BROWSER`. */
  t?: number;
  /** The latest sign-in. */
  s?: SignIn;
  /**
   * When the session became its user's by other means than `signIn`, and who that is. Only if the number of a
   * user's sessions is limited.
   */
  u?: SignIn;
  /** The session's handle, which is derived from the id it began with; only if the id has changed. */
  h?: string;
  /** The values. Several requests may share them, so they are copied before they are changed or handed out. */
  d: Readonly<Values>;
  /** Flash messages for the next request. */
  f?: FlashBatch[];
}

/** The facts about a session, besides its values, that a request may change. */
export type SessionFacts = { [K in 't' | 's' | 'u' | 'h']?: Payload[K] | undefined };

/** What was loaded or stored last. */
export interface Snapshot {
  readonly payload: Payload;
  readonly text: string;
}

/** The result of parsing a payload. */
export type ParsedPayload =
  | { readonly kind: 'session'; readonly payload: Payload }
  /** The session lives on under another id. */
  | { readonly kind: 'moved'; readonly to: string }
  /** The session is being destroyed. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'corrupt' };

const CORRUPT: ParsedPayload = { kind: 'corrupt' };

/**
 * Parses a payload. The result is `corrupt` if the text is not a payload.
 *
 * @throws SessionValueError if the serializer returns a promise
 */
export function parsePayload(text: string, serializer: SessionSerializer): ParsedPayload {
  let parsed: unknown;
  try {
    parsed = readBy(serializer, text);
  } catch (error) {
    if (error instanceof SessionValueError) throw error;
    // Any other error of a serializer means that the text is not its own.
    return CORRUPT;
  }
  if (!isObject(parsed) || parsed['v'] !== PAYLOAD_FORMAT) return CORRUPT;
  if (typeof parsed['to'] === 'string') return { kind: 'moved', to: parsed['to'] };
  if (parsed['end'] === true) return { kind: 'ended' };
  return isPayload(parsed) ? { kind: 'session', payload: parsed } : CORRUPT;
}

/** When the session's current user signed in, in epoch ms. Null if nobody did, or another user. */
export function signedInAt(signIn: SignIn | undefined, user: string | null): number | null {
  return signIn !== undefined && signIn[1] === user ? signIn[0] : null;
}

/** The values in the text of a session. Must not be changed. */
export function valuesIn(text: string, serializer: SessionSerializer): Readonly<Values> {
  const parsed = parsePayload(text, serializer);
  return parsed.kind === 'session' ? parsed.payload.d : {};
}

/**
 * Copies a session's values, so that they can be changed or handed out.
 *
 * @param text the text that the values were read from: only the serializer can recreate instances of classes.
 * Undefined if nothing is stored, in which case there are no values yet with a serializer other than JSON
 */
export function copyOfValues(
  values: Readonly<Values>,
  text: string | undefined,
  serializer: SessionSerializer,
): Values {
  if (serializer === JSON) return copyOfJson(values);
  return text === undefined ? {} : { ...valuesIn(text, serializer) };
}

/** The text of a redirect, which leads commits in flight to a session's new id. */
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
    (value['u'] === undefined || isSignIn(value['u'])) &&
    (value['h'] === undefined || typeof value['h'] === 'string') &&
    (value['i'] === undefined || typeof value['i'] === 'string') &&
    (value['f'] === undefined || (Array.isArray(value['f']) && value['f'].every(isBatch)))
  );
}

function isSignIn(value: unknown): value is SignIn {
  if (!Array.isArray(value) || typeof value[0] !== 'number' || typeof value[1] !== 'string') return false;
  return value.length < 3 || typeof value[2] === 'number';
}

function isBatch(value: unknown): value is FlashBatch {
  if (!Array.isArray(value) || typeof value[0] !== 'number' || !isObject(value[1])) return false;
  if (value.length > 3 && !Array.isArray(value[3])) return false;
  return value.length < 3 || isObject(value[2]);
}
