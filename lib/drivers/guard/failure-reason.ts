import { isIP, isIPv6 } from 'node:net';

/** How far down the causes of an error are followed. */
const DEEPEST = 5;
/** What clients call the errors that Redis itself answered with: ioredis by their name, node-redis by their class. */
const redisReplies: readonly string[] = ['ReplyError', 'ErrorReply', 'SimpleError'];
/** What a code looks like that no address, id or payload can be taken for. */
const plainCode = /^[A-Za-z][A-Za-z0-9_]{1,41}$|^[0-9A-Z]{5}$/;

/**
 * Why a store failed, as far as a log may say it: the code of the deepest cause, and where a connection could not be made, to
 * what address. A client's message may name hosts and hold data; its codes are certain not to.
 *
 * @param error what a driver or its client threw
 * @returns e.g. `ECONNREFUSED 127.0.0.1:6379`, `OOM` (Redis), `53100` (SQLSTATE), `ENOSPC`; the error's name where it has no
 * code, and nothing where it is no error
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

/** The codes of an error and of what it was caused by, each as `failureReason` would say it. */
export function codesOf(error: unknown): string[] {
  return chainOf(error).flatMap((each) => codeOf(each)?.split(',', 1) ?? []);
}

/** What is met while a server is away, starts or stops: one after the other in one outage, and mended by the same deed. */
const AWAY =
  /^(ECONN\w+|E(PIPE|TIMEDOUT|HOSTUNREACH|HOSTDOWN|NETUNREACH|NETDOWN|NOTFOUND|AI_AGAIN|SOCKET|NOTCONN)|PROTOCOL_CONNECTION_LOST|ER_(SERVER_SHUTDOWN|CON_COUNT_ERROR)|LOADING|CLUSTERDOWN|MASTERDOWN|08\w{3}|57P0\w|(ERR_|UND_)\w+)$/;

/**
 * What an operator has to look at: the code of what a store answered, and one text for all that shows that it does not answer,
 * which says nothing of its own: lost connections, time-outs, errors without a code.
 *
 * @example
 * troubleOf(authenticationRequired); // 'NOAUTH'
 */
export function troubleOf(error: unknown): string {
  const code = codesOf(error).at(-1);
  return code === undefined || AWAY.test(code) ? 'away' : code;
}

/** An error and what it was caused by, the outermost first. */
function chainOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let next = error; next instanceof Error && chain.length < DEEPEST; next = causeOf(next))
    chain.push(next);
  return chain;
}

/** Clients wrap the system's errors, each in its own way: TypeORM as `driverError`, a cluster of ioredis as `lastNodeError`. */
function causeOf(error: Error): unknown {
  if (error instanceof AggregateError) return error.errors[0];
  return error.cause ?? valueOf(error, 'driverError') ?? valueOf(error, 'lastNodeError');
}

function valueOf(error: Error, name: string): unknown {
  return Reflect.get(error, name);
}

function codeOf(error: Error): string | undefined {
  return redisWord(error) ?? memcachedWord(error) ?? clientCode(error);
}

/**
 * The word that Redis begins its errors with (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors).
 * Before version 7 an error out of a script has its own word behind the script's place: `ERR Error running script (...): -OOM ...`.
 */
function redisWord({ name, message, constructor }: Error): string | undefined {
  if (!redisReplies.includes(name) && !redisReplies.includes(constructor.name)) return undefined;
  const [, word] = /^([A-Z][A-Z0-9]+)\b/.exec(message) ?? [];
  if (word !== 'ERR') return word;
  // So Redis 7 says of a script what it calls NOPERM everywhere else.
  if (message.startsWith("ERR The user executing the script can't ")) return 'NOPERM';
  return /user_script:.*-([A-Z][A-Z0-9]+) /.exec(message)?.[1] ?? word;
}

/** memcached says in words what is wrong with it (doc/protocol.txt, "Error strings"); what follows them may quote. */
function memcachedWord({ message }: Error): string | undefined {
  return /^SERVER_ERROR(?: out of memory)?/.exec(message)?.[0];
}

/** A name such as ENOSPC, ER_DISK_FULL or SQLITE_FULL, or an SQLSTATE; MySQL has both. A number is one of MongoDB's. */
function clientCode(error: Error): string | undefined {
  const code = valueOf(error, 'code');
  if (typeof code === 'number') return `code ${code}`;
  if (typeof code !== 'string' || !plainCode.test(code)) return undefined;
  const state = valueOf(error, 'sqlState');
  return typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) ? `${code}, SQLSTATE ${state}` : code;
}

/** Where Node could not connect to, as `address:port`. The address alone, which is no secret: no name, no URL. */
function addressOf(error: Error): string | undefined {
  const address = valueOf(error, 'address');
  const port = valueOf(error, 'port');
  if (valueOf(error, 'syscall') !== 'connect' || typeof address !== 'string' || isIP(address) === 0)
    return undefined;
  if (typeof port !== 'number') return undefined;
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}
