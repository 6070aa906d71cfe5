import { SessionConfigError } from '../../session.errors.js';

/** What the driver decides itself for a connection of its own: its promises rest on these. */
export const reservedOptions = [
  'lazyConnect',
  'enableOfflineQueue',
  'autoResendUnfulfilledCommands',
  'maxRetriesPerRequest',
] as const;

const takesPort = 'a whole number from 1 to 65535';
const takesUrl = 'redis://host:port or rediss://host:port';

/** Somewhere among options of ioredis: values as a configuration file or the environment may give them. */
type Given = Readonly<Record<string, unknown>>;

/** What somebody gave, without its text: a password may have ended up anywhere. */
export function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number') return String(value);
  if (value === '') return 'an empty text';
  return typeof value === 'object'
    ? `an object of ${value.constructor?.name ?? 'no class'}`
    : `a ${typeof value}`;
}

/**
 * Checks where to connect: ioredis would take whatever is wrong with it, and fail with each command, or use another
 * database than the one that was meant.
 *
 * @throws SessionConfigError that names the option, what it got (never its text) and what it takes
 */
export function checkAddress({ ...connection }: object): void {
  const given: Given = connection;
  refuseReserved('redis.', given);
  if ('url' in given) checkUrl(given['url']);
  checkPlace('redis.', given);
  if (given['path'] !== undefined) checkText('redis.path', given['path'], 'the path of a socket');
  if (given['sentinels'] !== undefined) checkSentinels(given['sentinels'], given['name']);
}

function refuseReserved(within: string, given: Given): void {
  const reserved = reservedOptions.filter((name) => name in given).map((name) => within + name);
  if (reserved.length === 0) return;
  throw new SessionConfigError(
    `Option '${reserved.join("', '")}' cannot be set: the driver decides this itself for its own connection. Leave it out, or hand in a client.`,
  );
}

function checkPlace(within: string, { host, port, db }: Given): void {
  if (host !== undefined) checkText(`${within}host`, host, 'the name or address of a host');
  if (port !== undefined && !isWhole(port, 1, 65_535)) throw refusal(`${within}port`, port, takesPort);
  if (db !== undefined && !isWhole(db, 0, Number.MAX_SAFE_INTEGER)) {
    throw refusal(`${within}db`, db, 'the number of a database, from 0 on');
  }
}

function checkSentinels(sentinels: unknown, name: unknown): void {
  if (!Array.isArray(sentinels) || sentinels.length === 0) {
    const got = Array.isArray(sentinels) ? 'an empty list' : describe(sentinels);
    throw new SessionConfigError(`Option 'redis.sentinels' got ${got}; it takes a list of { host, port }.`);
  }
  sentinels.forEach((sentinel: unknown, index) => {
    const option = `redis.sentinels[${index}]`;
    if (typeof sentinel !== 'object' || sentinel === null) throw refusal(option, sentinel, '{ host, port }');
    checkPlace(`${option}.`, { ...sentinel });
  });
  checkText('redis.name', name, 'the name under which the sentinels know the master');
}

function checkText(option: string, value: unknown, takes: string): void {
  if (typeof value !== 'string' || value === '') throw refusal(option, value, takes);
}

/** Whether something is a whole number in these bounds. ioredis takes its digits as text too. */
function isWhole(value: unknown, min: number, max: number): boolean {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= min && number <= max;
}

function checkUrl(url: unknown): void {
  if (typeof url !== 'string' || !/^rediss?:\/\/./.test(url)) {
    throw refusal('redis.url', url, takesUrl);
  }
  // No cause: the error of `new URL` holds the whole text.
  if (!URL.canParse(url)) {
    throw new SessionConfigError(
      `Option 'redis.url' got a text that is no URL; it takes ${takesUrl}, where a port is ${takesPort}, and characters such as / and # in a password are written as %2F and %23.`,
    );
  }
  const { port, pathname, username, password, searchParams } = new URL(url);
  if (port === '0')
    throw new SessionConfigError(`Option 'redis.url' got a URL with port 0; it takes ${takesPort}.`);
  if (!/^\/?$/.test(pathname) && !isWhole(pathname.slice(1), 0, Number.MAX_SAFE_INTEGER)) {
    throw new SessionConfigError(
      "Option 'redis.url' got a URL whose path is no number; it takes that of a database: redis://host:port/0.",
    );
  }
  if (!isDecodable(username) || !isDecodable(password)) {
    throw new SessionConfigError(
      "Option 'redis.url' got a URL whose user or password cannot be decoded; it takes a % in them as %25.",
    );
  }
  // ioredis reads options from the query too.
  const query = Object.fromEntries(searchParams);
  refuseReserved('redis.url?', query);
  checkPlace('redis.url?', query);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function refusal(option: string, got: unknown, takes: string): SessionConfigError {
  const what = typeof got === 'string' && got !== '' ? 'a text of another form' : describe(got);
  return new SessionConfigError(`Option '${option}' got ${what}; it takes ${takes}.`);
}
