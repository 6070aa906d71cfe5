import { createHash } from 'node:crypto';
import { packedPlaces } from '../packed-record.js';

/** A Lua script, and the hash under which Redis caches it. */
export interface RedisScript {
  readonly source: string;
  readonly sha1: string;
}

/** The length of the id before the packed record that distinguishes a write from all others. */
export const WRITE_ID_LENGTH = 16;

/** Lua counts from 1 and includes the end. */
function luaRange({ start, end }: { start: number; end: number }): string {
  return `${WRITE_ID_LENGTH + start + 1}, ${WRITE_ID_LENGTH + end}`;
}

const HEAD_END = WRITE_ID_LENGTH + packedPlaces.version.end;
const EXPIRES_AT_OFFSET = WRITE_ID_LENGTH + packedPlaces.expiresAt.start;
const CLIENT_OFFSET = WRITE_ID_LENGTH + packedPlaces.client.start;
/** A user id may have 255 characters, each up to six characters in JSON. */
const LONGEST_USER = 1600;

/**
 * Sets `head`, and sets `version` to that of the live record, or to 0 if there is none: no value, a value that
 * is no record (of another type included), or an expired record that Redis has not removed yet.
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
 * KEYS: the record. ARGV: now, the version to replace, the new text, its lifetime in ms, the beginning of the
 * client part of a record of the new user ('' for nobody), and whether the user's list is up to date (1,
 * otherwise 0). Returns 1 if stored, 0 if another version is stored, and 2, with nothing done, if the list has
 * to be updated first: the record is new to the user, or lives longer.
 *
 * A client that lost its connection may send the same write again although Redis has carried it out. The id of
 * the write reveals that the stored record is this very write.
 *
 * A record that gets shorter is removed first: a full Redis (`maxmemory` and `noeviction`) lets a script write
 * anything after a command that needs no space. So a tombstone can take the place of what it ends.
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
if version ~= 0 and #ARGV[3] < redis.call('STRLEN', KEYS[1]) then
  redis.call('DEL', KEYS[1])
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1`);

/**
 * KEYS: the record. ARGV: now, the new expiry as written in the text, the lifetime in ms. Returns 0 if there is
 * no record, otherwise the text after its numbers, as far as the user may reach. The command that needs no space
 * comes first, so that a full Redis renews sessions.
 */
export const touchScript = script(`
if version == 0 then
  return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SETRANGE', KEYS[1], ${EXPIRES_AT_OFFSET}, ARGV[2])
return redis.call('GETRANGE', KEYS[1], ${CLIENT_OFFSET}, ${CLIENT_OFFSET + LONGEST_USER})`);

/**
 * KEYS: the record. ARGV: now, the version to remove. Returns 0 if another version is stored, or none;
 * otherwise the text after the numbers of the removed record, as far as the user may reach. Calls nothing that
 * Redis refuses when it is full (`maxmemory` and `noeviction`).
 */
export const destroyVersionScript = script(`
if version == 0 or version ~= tonumber(ARGV[2]) then
  return 0
end
local client = redis.call('GETRANGE', KEYS[1], ${CLIENT_OFFSET}, ${CLIENT_OFFSET + LONGEST_USER})
redis.call('DEL', KEYS[1])
return client`);

/**
 * KEYS: the list of a user. ARGV: the name of a record, until when it stays listed, now. All in epoch ms.
 *
 * A name that is already listed for longer stays that long: the write that this precedes may be refused, or
 * never come. Names whose time is over are removed, and the list expires with the last one. If the name is listed
 * already, a command that needs no space comes first, so that a full Redis lists it for longer.
 */
export const linkScript = asScript(`
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('PERSIST', KEYS[1])
end
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(1, tonumber(last) - tonumber(ARGV[3]))))
return 1`);

/** KEYS: the list of a user. ARGV: the name of a record, and when it no longer needs to be listed. */
export const unlinkScript = asScript(`return redis.call('ZADD', KEYS[1], 'XX', 'LT', ARGV[2], ARGV[1])`);

/** KEYS: the list of a user. ARGV: the name of a record that is gone. Needs no space. */
export const forgetScript = asScript(`return redis.call('ZREM', KEYS[1], ARGV[1])`);

/**
 * KEYS: the list of a user. ARGV: a cursor, and roughly how many names. Returns the next cursor, and names with
 * their scores.
 */
export const scanScript = asScript(`return redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])`);
