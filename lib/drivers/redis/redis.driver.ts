import { randomBytes } from 'node:crypto';
import {
  type RedisClient,
  type RedisDriverOptions,
  type RedisSettings,
  redisSettings,
} from '../../options/redis.options.js';
import type { DriverContext } from '../driver-context.js';
import type { RecordDriver, SessionRecord, UserRecords } from '../driver.js';
import { packNumber, packRecord, packUser, unpackRecord } from '../packed-record.js';
import { textHash } from '../text-hash.js';
import { RedisConnection } from './redis.connection.js';
import { isUnknownScript, isWrongType, lostConnection, withoutSecrets } from './redis.errors.js';
import {
  destroyVersionScript,
  forgetScript,
  linkScript,
  type RedisScript,
  scanScript,
  touchScript,
  unlinkScript,
  WRITE_ID_LENGTH,
  writeScript,
} from './redis.scripts.js';

const escapedIdPrefix = 'utf16:';
const listPrefix = 'user:';
const PAGE_SIZE = 200;
/**
 * A record that ends this soon is the redirect of a session that has moved: any other would have been renewed
 * before.
 */
const BRIEF_MS = 60_000;
/** The user at the start of the text that follows a record's numbers. */
const leadingUser = /^\[("(?:[^"\\]|\\.)*"),/;
const firstAttemptStates: readonly string[] = ['wait', 'connecting', 'connect'];

/**
 * Keeps records in Redis 6.2 or newer, or Valkey: one key per session, each operation one round trip to that
 * key, so Redis Cluster works. Redis removes expired records.
 *
 * The key `<prefix><id>` holds one string: the id of the write, then the packed record. The key
 * `<prefix>user:<hash>` holds the names of a user's records, each with a time until which it stays listed. A
 * record is linked before it is stored, and again before the expiry in its link passes, so a live record is
 * always listed. This takes one more round trip at sign-in and at renewals, and one to remove the name of a
 * session that has moved or ended (for the latter nobody waits).
 *
 * @example
 * SessionModule.forRoot({ secret, driver: 'redis', redis: { url: 'redis://localhost:6379' } })
 * @example
 * SessionModule.forRootAsync({ inject: [REDIS], useFactory: (client: Redis) => ({ secret, driver: 'redis', redis: { client } }) })
 */
export class RedisDriver implements RecordDriver {
  readonly #options: RedisSettings;
  readonly #context: Pick<DriverContext, 'clock' | 'storeTimeout'>;
  #connection: RedisConnection | undefined;
  #hasWorked = false;

  /** @throws SessionConfigError if an option is wrong */
  constructor(
    options: RedisDriverOptions | undefined,
    context: Pick<DriverContext, 'clock' | 'storeTimeout'>,
  ) {
    this.#options = redisSettings(options);
    this.#context = context;
  }

  /**
   * Connects, unless the application passed a client. An unavailable server does not keep the application from
   * booting.
   */
  async open(): Promise<void> {
    if (this.#options.client !== undefined || this.#connection !== undefined) return;
    this.#connection = await RedisConnection.open(this.#options.connection, this.#context.storeTimeout);
  }

  /** Closes the connection that `open` made; a client of the application stays open. */
  async close(): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** The driver's own connection may have been cut off silently: fails what waits on it, and connects anew. */
  stalled(): void {
    this.#connection?.reconnect();
  }

  async read(id: string): Promise<SessionRecord | null> {
    const key = this.#keyOf(id);
    const text = await this.#call(key, (client) => client.get(key)).catch((error: unknown) => {
      if (isWrongType(error)) return null;
      throw error;
    });
    const record = text === null ? null : unpackRecord(text.slice(WRITE_ID_LENGTH));
    return record !== null && record.expiresAt > this.#context.clock.now() ? record : null;
  }

  async write(id: string, record: SessionRecord): Promise<boolean> {
    const now = this.#context.clock.now();
    const { userId, expiresAt, version } = record;
    const given = [
      String(now),
      String(version - 1),
      randomBytes(WRITE_ID_LENGTH / 2).toString('hex') + packRecord(record),
      this.#lifetime(expiresAt, now),
      packUser(userId),
    ];
    const write = (isLinked: boolean): Promise<unknown> =>
      this.#run(writeScript, this.#keyOf(id), [...given, isLinked ? '1' : '0']);
    const isNew = userId !== null && version === 1;
    if (isNew) await this.#link(userId, id, expiresAt, now);
    let reply = Number(await write(isNew));
    if (reply === 2 && userId !== null) {
      await this.#link(userId, id, expiresAt, now);
      reply = Number(await write(true));
    }
    if (reply === 1 && userId !== null && !isNew && expiresAt - now <= BRIEF_MS)
      await this.#unlink(userId, id, expiresAt);
    return reply === 1;
  }

  async touch(id: string, expiresAt: number): Promise<boolean> {
    const now = this.#context.clock.now();
    const given = [String(now), packNumber(expiresAt), this.#lifetime(expiresAt, now)];
    const client = await this.#run(touchScript, this.#keyOf(id), given);
    if (isNothing(client)) return false;
    const userId = leadingUserOf(client);
    if (userId !== null) await this.#link(userId, id, expiresAt, now);
    return true;
  }

  async listByUser(userId: string, cursor: string | null): Promise<UserRecords> {
    const reply = await this.#run(scanScript, this.#listOf(userId), [cursor ?? '0', String(PAGE_SIZE)]);
    const [next, entries]: unknown[] = Array.isArray(reply) ? reply : [];
    const texts: unknown[] = Array.isArray(entries) ? entries : [];
    // Each name is followed by its score.
    const names = texts.filter((text, at) => at % 2 === 0 && typeof text === 'string').map(String);
    const found = await Promise.all(
      names.map(async (name) => {
        const id = idNamed(name);
        const record = await this.read(id);
        return record?.userId === userId ? [{ ...record, id }] : [];
      }),
    );
    return { records: found.flat(), cursor: typeof next !== 'string' || next === '0' ? null : next };
  }

  /**
   * Adds a record to its user's list, for one lifetime longer than it lives now: if a renewal fails halfway,
   * with the record renewed but not its link, the record stays listed long enough.
   */
  async #link(userId: string, id: string, expiresAt: number, now: number): Promise<void> {
    const until = expiresAt + Math.max(0, expiresAt - now);
    await this.#run(linkScript, this.#listOf(userId), [nameOf(id), packNumber(until), packNumber(now)]);
  }

  /** Keeps a brief record listed for hardly longer than it lives. If this fails, it stays listed longer. */
  async #unlink(userId: string, id: string, expiresAt: number): Promise<void> {
    const given = [nameOf(id), packNumber(expiresAt + BRIEF_MS)];
    await this.#run(unlinkScript, this.#listOf(userId), given).catch(() => undefined);
  }

  #listOf(userId: string): string {
    return this.#options.prefix + listPrefix + textHash(userId);
  }

  async destroy(id: string): Promise<void> {
    const key = this.#keyOf(id);
    await this.#call(key, (client) => client.del(key));
  }

  async destroyVersion(id: string, version: number): Promise<boolean> {
    const now = this.#context.clock.now();
    const client = await this.#run(destroyVersionScript, this.#keyOf(id), [String(now), String(version)]);
    if (isNothing(client)) return false;
    const userId = leadingUserOf(client);
    // Not awaited: the session has ended, and a name that stays in the user's list for a while does no harm, as
    // it has no record.
    if (userId !== null) this.#run(forgetScript, this.#listOf(userId), [nameOf(id)]).catch(() => undefined);
    return true;
  }

  /** The lifetime in ms. Redis measures it by its own clock, so differences between clocks matter little. */
  #lifetime(expiresAt: number, now: number): string {
    return String(Math.max(1, Math.ceil(expiresAt - now)));
  }

  #keyOf(id: string): string {
    return this.#options.prefix + nameOf(id);
  }

  async #run(script: RedisScript, key: string, parameters: string[]): Promise<unknown> {
    return this.#call(key, async (client) => {
      try {
        return await client.evalsha(script.sha1, 1, key, ...parameters);
      } catch (error) {
        if (!isUnknownScript(error)) throw error;
        return client.eval(script.source, 1, key, ...parameters);
      }
    });
  }

  async #call<T>(key: string, work: (client: RedisClient) => Promise<T>): Promise<T> {
    const { client } = this.#options;
    try {
      if (client !== undefined) return await this.#askClient(client, work);
      if (this.#connection === undefined) throw new Error('The redis driver has not been opened');
      return await this.#connection.run(work);
    } catch (error) {
      throw withoutSecrets(error, key);
    }
  }

  /**
   * Uses a client of the application, if its connection is up. It may queue commands while it connects for the
   * first time; later, queued commands would be carried out long after the visitor was told that they failed.
   */
  async #askClient<T>(client: RedisClient, work: (client: RedisClient) => Promise<T>): Promise<T> {
    const isFirstAttempt = !this.#hasWorked && firstAttemptStates.includes(client.status);
    if (client.status !== 'ready' && !isFirstAttempt)
      throw lostConnection(`Not connected to Redis (${client.status})`);
    const result = await work(client);
    this.#hasWorked = true;
    return result;
  }
}

/**
 * An id as used in a key. UTF-8 cannot represent half a surrogate pair: two such ids would become one key. An id
 * that looks like the key of a user's list is escaped too.
 */
function nameOf(id: string): string {
  const isPlain = id.isWellFormed() && !id.startsWith(escapedIdPrefix) && !id.startsWith(listPrefix);
  return isPlain ? id : escapedIdPrefix + Buffer.from(id, 'utf16le').toString('hex');
}

function idNamed(name: string): string {
  if (!name.startsWith(escapedIdPrefix)) return name;
  return Buffer.from(name.slice(escapedIdPrefix.length), 'hex').toString('utf16le');
}

/** Whether a script found no record. With the option `stringNumbers`, ioredis returns its 0 as text. */
function isNothing(reply: unknown): boolean {
  return reply === 0 || reply === '0';
}

/** The user of a record, from the text that follows its numbers; null if nobody is signed in. */
function leadingUserOf(client: unknown): string | null {
  const [, user] = typeof client === 'string' ? (leadingUser.exec(client) ?? []) : [];
  const userId: unknown = user === undefined ? null : JSON.parse(user);
  return typeof userId === 'string' ? userId : null;
}
