import { SessionStoreError } from '../../session.errors.js';

/** True for an error that Redis itself answered with, which shows that it is there. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** True where the key holds another type of value: something that is no record. */
export function isWrongType(error: unknown): boolean {
  return isReply(error) && error.message.startsWith('WRONGTYPE');
}

/** True where Redis does not know a script by its hash: new, restarted, or after SCRIPT FLUSH. */
export function isUnknownScript(error: unknown): boolean {
  return isReply(error) && error.message.startsWith('NOSCRIPT');
}

/**
 * True where a replica refused because it is one (READONLY), or does not know its master (MASTERDOWN). What a script of
 * Redis 6 met stands inside the error of the script.
 */
export function isOfReplica(error: unknown): boolean {
  return isReply(error) && /(?:^|-)(?:READONLY|MASTERDOWN) /.test(error.message);
}

/** True where the connection closed while a command waited for its answer. */
export function isLostConnection(error: unknown): boolean {
  return error instanceof Error && error.name === 'MaxRetriesPerRequestError';
}

/** True where a client has found its connection closed, and says so with nothing but text. */
function isClosed(error: unknown): boolean {
  return isLostConnection(error) || (error instanceof Error && error.message === 'Connection is closed.');
}

/** What is known of a connection that has closed, as the system would say it: ioredis names no reason. */
export function lostConnection(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code: 'ECONNRESET' });
}

/**
 * The same error without what is secret: ioredis hangs the whole command on its errors, id and payload included, and
 * Redis quotes arguments in some of its answers.
 */
export function withoutSecrets(error: unknown, key?: string): Error {
  if (error instanceof SessionStoreError) return error;
  if (isClosed(error)) return lostConnection('The connection was lost before Redis answered');
  if (!(error instanceof Error)) return new Error('The Redis client failed with something that is no Error');
  const [beforeQuoted = ''] = error.message.split(', with args beginning with:');
  // What a cluster heard from its last node hangs on another name.
  const cause = error.cause ?? ('lastNodeError' in error ? withoutSecrets(error.lastNodeError) : undefined);
  const safe = new Error(
    key === undefined ? beforeQuoted : beforeQuoted.replaceAll(key, '<key>'),
    cause === undefined ? {} : { cause },
  );
  safe.name = error.name;
  if ('code' in error && typeof error.code === 'string') Object.assign(safe, { code: error.code });
  return safe;
}
