import { isIP, isIPv6 } from 'node:net';
import { propertyOf } from '../../state/property-of.js';

/** How many errors of a chain of causes are looked at. */
const DEEPEST = 5;
/** What clients call the errors that Redis itself replied with: ioredis by name, node-redis by class. */
const redisReplies: readonly string[] = ['ReplyError', 'ErrorReply', 'SimpleError'];
/** A code of this form cannot be an address, an id or a payload. */
const plainCode = /^[A-Za-z][A-Za-z0-9_]{1,41}$|^[0-9A-Z]{5}$/;

/**
 * Why a store failed, as far as a log may say: the code of the deepest cause and, if a connection failed, the
 * address. A client's message may name hosts and contain data; its codes never do.
 *
 * @param error what a driver or its client threw
 * @returns e.g. `ECONNREFUSED 127.0.0.1:6379`, `OOM` (Redis), `53100` (SQLSTATE), `ENOSPC`; the error's name if
 * it has no code, and an empty string if it is not an error
 * @example
 * failureReason(new Error('write failed', { cause: noSpaceLeft })); // 'ENOSPC'
 */
export function failureReason(error: unknown): string {
  const chain = chainOf(error);
  const coded = chain.findLast((each) => codeOf(each) !== undefined);
  if (coded === undefined) return (chain.findLast(({ name }) => name !== 'Error') ?? chain[0])?.name ?? '';
  const address = chain.map(addressOf).findLast((each) => each !== undefined);
  return [codeOf(coded), address].filter((part) => part !== undefined).join(' ');
}

/** The codes of an error and of its causes, outermost first, without an added SQLSTATE. */
export function codesOf(error: unknown): string[] {
  return chainOf(error).flatMap((each) => codeOf(each)?.split(',', 1) ?? []);
}

/**
 * Codes that appear while a server is away, starts or stops: they follow each other in one outage, and have the
 * same remedy.
 */
const AWAY =
  /^(ECONN\w+|E(PIPE|TIMEDOUT|HOSTUNREACH|HOSTDOWN|NETUNREACH|NETDOWN|NOTFOUND|AI_AGAIN|SOCKET|NOTCONN)|PROTOCOL_CONNECTION_LOST|ER_(SERVER_SHUTDOWN|CON_COUNT_ERROR)|LOADING|CLUSTERDOWN|MASTERDOWN|08\w{3}|57P0\w|(ERR_|UND_)\w+)$/;

/**
 * What an operator has to look at: the code that a store answered with, or 'away' for all errors that only show
 * that it does not answer: lost connections, time-outs, errors without a code.
 *
 * @example
 * troubleOf(authenticationRequired); // 'NOAUTH'
 */
export function troubleOf(error: unknown): string {
  const code = codesOf(error).at(-1);
  return code === undefined || AWAY.test(code) ? 'away' : code;
}

/** An error and its causes, the outermost first. */
function chainOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let next = error; next instanceof Error && chain.length < DEEPEST; next = causeOf(next))
    chain.push(next);
  return chain;
}

/**
 * Clients wrap system errors in their own ways: TypeORM as `driverError`, a cluster of ioredis as
 * `lastNodeError`.
 */
function causeOf(error: Error): unknown {
  if (error instanceof AggregateError) return error.errors[0];
  return error.cause ?? propertyOf(error, 'driverError') ?? propertyOf(error, 'lastNodeError');
}

function codeOf(error: Error): string | undefined {
  return redisWord(error) ?? memcachedWord(error) ?? clientCode(error);
}

/**
 * The word at the start of a Redis error
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors). Before version 7, an error
 * from a script has its own word after the position in the script: `ERR Error running script (...): -OOM ...`.
 */
function redisWord({ name, message, constructor }: Error): string | undefined {
  if (!redisReplies.includes(name) && !redisReplies.includes(constructor.name)) return undefined;
  const [, word] = /^([A-Z][A-Z0-9]+)\b/.exec(message) ?? [];
  if (word !== 'ERR') return word;
  // Redis 7 says this for a script where it says NOPERM otherwise.
  if (message.startsWith("ERR The user executing the script can't ")) return 'NOPERM';
  return /user_script:.*-([A-Z][A-Z0-9]+) /.exec(message)?.[1] ?? word;
}

/** memcached describes its errors in words (doc/protocol.txt, "Error strings"); what follows may quote data. */
function memcachedWord({ message }: Error): string | undefined {
  return /^SERVER_ERROR(?: out of memory)?/.exec(message)?.[0];
}

/**
 * A name such as ENOSPC, ER_DISK_FULL or SQLITE_FULL, or an SQLSTATE; MySQL has both. A number is a code of
 * MongoDB.
 */
function clientCode(error: Error): string | undefined {
  const code = propertyOf(error, 'code');
  if (typeof code === 'number') return `code ${code}`;
  if (typeof code !== 'string' || !plainCode.test(code)) return undefined;
  const state = propertyOf(error, 'sqlState');
  return typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) ? `${code}, SQLSTATE ${state}` : code;
}

/**
 * The address that Node could not connect to, as `address:port`. Only an IP address, which is no secret: no
 * name, no URL.
 */
function addressOf(error: Error): string | undefined {
  const address = propertyOf(error, 'address');
  const port = propertyOf(error, 'port');
  if (propertyOf(error, 'syscall') !== 'connect' || typeof address !== 'string' || isIP(address) === 0)
    return undefined;
  return `${isIPv6(address) ? `[${address}]` : address}:${String(port)}`;
}
