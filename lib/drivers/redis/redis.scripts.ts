import { createHash } from 'node:crypto';
import { packedPlaces } from '../packed-record.js';

/** A Lua script, and the hash under which Redis keeps it once it has seen it. */
export interface RedisScript {
  readonly source: string;
  readonly sha1: string;
}

/** Letters and digits before the packed record that tell one write from all others. */
export const WRITE_ID_LENGTH = 16;

/** Lua counts from 1, and includes the last place. */
function luaRange({ start, end }: { start: number; end: number }): string {
  return `${WRITE_ID_LENGTH + start + 1}, ${WRITE_ID_LENGTH + end}`;
}

const HEAD_END = WRITE_ID_LENGTH + packedPlaces.version.end;
const EXPIRES_AT_OFFSET = WRITE_ID_LENGTH + packedPlaces.expiresAt.start;
const CLIENT_OFFSET = WRITE_ID_LENGTH + packedPlaces.client.start;
/** A user's id may be 255 characters long, each of them six in JSON. */
const LONGEST_USER = 1600;

/**
 * Sets `head`, and `version` to that of the live record, or to 0 where there is none: nothing, something that is no
 * record (another type of value included), or an expired one that Redis has not removed yet.
 */
const findLiveVersion = `
local head = redis.pcall('GETRANGE', KEYS[1], 0, ${HEAD_END - 1})
local version = 0
if type(head) == 'string' and #head == ${HEAD_END} and string.find(head, '^%w+$') then
  local expiresAt = tonumber(string.sub(head, ${luaRange(packedPlaces.expiresAt)}), 10)
  if expiresAt and expiresAt > tonumber(ARGV[1]) then
    version = tonumber(string.sub(head, ${luaRange(packedPlaces.version)}), 10) or 0
  end
end`;

function script(body: string): RedisScript {
  return asScript(`${findLiveVersion}${body}`);
}

function asScript(source: string): RedisScript {
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}

/**
 * KEYS: the record. ARGV: now, the version to replace, the new text, its lifetime in ms, what the client's part of a record of
 * the new user's begins with ('' for nobody), and whether the user's list says so already (1, otherwise 0). Returns 1 where
 * stored, and 2, with nothing done, where the list has to say so first: the record is new to the user, or lives longer.
 *
 * A client that lost its connection may send the same write again although Redis has carried it out. The write's own
 * id shows that: what is stored then is this very write.
 */
export const writeScript = script(`
if version ~= tonumber(ARGV[2]) then
  if version ~= 0 and string.sub(head, 1, ${WRITE_ID_LENGTH}) == string.sub(ARGV[3], 1, ${WRITE_ID_LENGTH}) then
    return 1
  end
  return 0
end
if ARGV[5] ~= '' and ARGV[6] == '0' then
  local user = redis.call('GETRANGE', KEYS[1], ${CLIENT_OFFSET}, ${CLIENT_OFFSET - 1} + #ARGV[5])
  local lives = tonumber(string.sub(head, ${luaRange(packedPlaces.expiresAt)}), 10)
  if user ~= ARGV[5] or lives < tonumber(string.sub(ARGV[3], ${luaRange(packedPlaces.expiresAt)}), 10) then
    return 2
  end
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1`);

/**
 * KEYS: the record. ARGV: now, the new expiry as it stands in the text, the lifetime in ms. Returns 0 where there is none,
 * otherwise what follows the numbers in the record, as far as its user may reach.
 */
export const touchScript = script(`
if version == 0 then
  return 0
end
redis.call('SETRANGE', KEYS[1], ${EXPIRES_AT_OFFSET}, ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('GETRANGE', KEYS[1], ${CLIENT_OFFSET}, ${CLIENT_OFFSET + LONGEST_USER})`);

/**
 * KEYS: the record. ARGV: now, the version to remove. Returns 0 where another is stored, or none; otherwise what followed the numbers in
 * what it has removed, as far as its user may reach. It calls nothing that Redis refuses when it is full (`maxmemory` and `noeviction`).
 */
export const destroyVersionScript = script(`
if version == 0 or version ~= tonumber(ARGV[2]) then
  return 0
end
local client = redis.call('GETRANGE', KEYS[1], ${CLIENT_OFFSET}, ${CLIENT_OFFSET + LONGEST_USER})
redis.call('DEL', KEYS[1])
return client`);

/**
 * KEYS: the list of a user. ARGV: the name of a record, until when it stands there, now. All in epoch ms.
 *
 * What stands there longer already stays as long: the write that this is for may be refused, or never come. What has stood there
 * too long is taken out, and the list ends with the last of them.
 */
export const linkScript = asScript(`
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(1, tonumber(last) - tonumber(ARGV[3]))))
return 1`);

/** KEYS: the list of a user. ARGV: the name of a record, until when it need not stand there any longer. */
export const unlinkScript = asScript(`return redis.call('ZADD', KEYS[1], 'XX', 'LT', ARGV[2], ARGV[1])`);

/** KEYS: the list of a user. ARGV: the name of a record that is gone. Takes no space. */
export const forgetScript = asScript(`return redis.call('ZREM', KEYS[1], ARGV[1])`);

/** KEYS: the list of a user. ARGV: a cursor, how many names at about. Returns the next cursor, and names with their scores. */
export const scanScript = asScript(`return redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])`);
