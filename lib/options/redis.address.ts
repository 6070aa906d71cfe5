import { type Check, optionError, refused, withoutText } from './read-option.js';
import { is, listOf, refine, text } from './checks.js';
import { type Table, readTable } from './read-table.js';
import { isObject } from '../state/values.js';

/** Options that the driver sets itself on its own connection; its guarantees depend on them. */
export const reservedOptions = [
  'lazyConnect',
  'enableOfflineQueue',
  'autoResendUnfulfilledCommands',
  'maxRetriesPerRequest',
] as const;

const takesPort = 'a whole number from 1 to 65535';
const takesUrl = 'redis://host:port or rediss://host:port';

/**
 * A whole number, or its digits as text, which ioredis accepts too and environment variables contain. Text is
 * never shown: any field may contain a password by mistake.
 */
function digits(takes: string, min: number, max = Number.MAX_SAFE_INTEGER): Check<unknown> {
  return (value, option) => (isWhole(value, min, max) ? value : refused(option, value, takes, withoutText));
}

function isWhole(value: unknown, min: number, max: number): boolean {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= min && number <= max;
}

const reserved: Check<never> = (_value, option) => {
  throw optionError(
    option,
    'cannot be set: the driver decides this itself for its own connection. Leave it out, or hand in a client.',
  );
};

const place = {
  host: { check: text('the name or address of a host') },
  port: { check: digits(takesPort, 1, 65_535) },
  db: { check: digits('the number of a database, from 0 on', 0) },
} satisfies Table;

/** Options that the query of a URL may contain: ioredis reads options from it. */
const queryTable: Table = {
  ...Object.fromEntries(
    reservedOptions.map((name) => [name, { check: reserved, required: 'named' as const }]),
  ),
  ...place,
};

const url = refine(text(takesUrl, /^rediss?:\/\/./, withoutText), (value, option) => {
  const no = (says: string): never => {
    throw optionError(option, says);
  };
  // Without a cause: the error of `new URL` contains the whole text.
  if (!URL.canParse(value)) {
    return no(
      `got a text that is no URL; it takes ${takesUrl}, where a port is ${takesPort}, and characters such as / and # in a password are written as %2F and %23.`,
    );
  }
  const { port, pathname, username, password, searchParams } = new URL(value);
  if (port === '0') return no(`got a URL with port 0; it takes ${takesPort}.`);
  if (!/^\/?$/.test(pathname) && !isWhole(pathname.slice(1), 0, Number.MAX_SAFE_INTEGER)) {
    return no('got a URL whose path is no number; it takes that of a database: redis://host:port/0.');
  }
  if (!isDecodable(username) || !isDecodable(password)) {
    return no('got a URL whose user or password cannot be decoded; it takes a % in them as %25.');
  }
  readTable(queryTable, Object.fromEntries(searchParams), `${option}?`);
  return value;
});

const sentinel = refine(is('{ host, port }', isObject, withoutText), (value, option) =>
  readTable(place, value, `${option}.`),
);

const sentinels = refine(listOf(sentinel, 'a list of { host, port }', withoutText), (list, option) =>
  list.length === 0 ? refused(option, list, 'a list of { host, port }') : list,
);

/** The options that say where to connect. With sentinels, the name of the master is required. */
export function addressTable(given: object): Table {
  const name = {
    check: text('the name under which the sentinels know the master'),
    required: 'always',
  } as const;
  return {
    ...queryTable,
    url: { check: url, required: 'named' },
    path: { check: text('the path of a socket') },
    sentinels: { check: sentinels },
    ...('sentinels' in given && given.sentinels !== undefined ? { name } : {}),
  };
}

function isDecodable(value: string): boolean {
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
}
