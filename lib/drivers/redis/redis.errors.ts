import { SessionStoreError } from '../../session.errors.js';

/** Whether an error is a reply of Redis itself, which shows that the server is reachable. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Whether the key holds another type of value, which is no record. */
export function isWrongType(error: unknown): boolean {
  return isReply(error) && error.message.startsWith('WRONGTYPE');
}

/** Whether Redis does not know a script by its hash: new, restarted, or after SCRIPT FLUSH. */
export function isUnknownScript(error: unknown): boolean {
  return isReply(error) && error.message.startsWith('NOSCRIPT');
}

/**
 * Whether a replica refused because it is a replica (READONLY), or does not know its master (MASTERDOWN). Redis
 * 6 puts the error that a script met inside the error of the script.
 */
export function isOfReplica(error: unknown): boolean {
  return isReply(error) && /(?:^|-)(?:READONLY|MASTERDOWN) /.test(error.message);
}

/** Whether the connection closed while a command waited for its answer. */
export function isLostConnection(error: unknown): boolean {
  return error instanceof Error && error.name === 'MaxRetriesPerRequestError';
}

/** Whether a client reports that its connection is closed; some say so by the message only. */
function isClosed(error: unknown): boolean {
  return isLostConnection(error) || (error instanceof Error && error.message === 'Connection is closed.');
}

/** An error for a closed connection, with the system's error code: ioredis gives no reason. */
export function lostConnection(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code: 'ECONNRESET' });
}

/**
 * The same error without secrets: ioredis attaches the whole command to its errors, id and payload included,
 * and Redis quotes arguments in some of its replies.
 */
export function withoutSecrets(error: unknown, key?: string): Error {
  if (error instanceof SessionStoreError) return error;
  if (isClosed(error)) return lostConnection('The connection was lost before Redis answered');
  if (!(error instanceof Error)) return new Error('The Redis client failed with something that is no Error');
  const [beforeQuoted = ''] = error.message.split(', with args beginning with:');
  // A cluster keeps the error of its last node under another name.
  const cause = error.cause ?? ('lastNodeError' in error ? withoutSecrets(error.lastNodeError) : undefined);
  const safe = new Error(
    key === undefined ? beforeQuoted : beforeQuoted.replaceAll(key, '<key>'),
    cause === undefined ? {} : { cause },
  );
  safe.name = error.name;
  if ('code' in error && typeof error.code === 'string') Object.assign(safe, { code: error.code });
  return safe;
}
