import { randomBytes } from 'node:crypto';
import {
  type RedisClient,
  type RedisDriverOptions,
  type RedisSettings,
  redisSettings,
} from '../../options/redis.options.js';
import type { DriverContext } from '../driver-context.js';
import type { RecordDriver, SessionRecord } from '../driver.js';
import { packNumber, packRecord, unpackRecord } from '../packed-record.js';
import { isWellFormed } from '../well-formed.js';
import { RedisConnection } from './redis.connection.js';
import { isUnknownScript, isWrongType, lostConnection, withoutSecrets } from './redis.errors.js';
import {
  destroyVersionScript,
  type RedisScript,
  touchScript,
  writeIdLength,
  writeScript,
} from './redis.scripts.js';

const escapedIdPrefix = 'utf16:';
const firstAttemptStates: readonly string[] = ['wait', 'connecting', 'connect'];

/**
 * Keeps records in Redis 6.2 or newer, or Valkey: one key per session, each operation one round trip to that key, so a
 * Redis Cluster will do. Redis removes what has expired.
 *
 * What it keeps under `<prefix><id>` is one string: the write's own id, then the packed record.
 *
 * @example
 * SessionModule.forRoot({ secret, driver: 'redis', redis: { url: 'redis://localhost:6379' } })
 * @example
 * SessionModule.forRootAsync({ inject: [REDIS], useFactory: (client: Redis) => ({ secret, driver: 'redis', redis: { client } }) })
 */
export class RedisDriver implements RecordDriver {
  readonly #options: RedisSettings;
  readonly #context: Pick<DriverContext, 'clock' | 'storeTimeout'>;
  readonly #instance = randomBytes(8)
    .toString('hex')
    .slice(0, writeIdLength / 2);
  #writes = 0;
  #connection: RedisConnection | undefined;
  #hasWorked = false;

  /** @throws SessionConfigError where an option is wrong */
  constructor(options: RedisDriverOptions, context: Pick<DriverContext, 'clock' | 'storeTimeout'>) {
    this.#options = redisSettings(options);
    this.#context = context;
  }

  /** Connects, where the application did not hand in a client. A server that is away does not keep it from booting. */
  async open(): Promise<void> {
    if (this.#options.client !== undefined || this.#connection !== undefined) return;
    this.#connection = await RedisConnection.open(this.#options.connection, this.#context.storeTimeout);
  }

  /** Closes the connection that `open` made; a client of the application stays as it is. */
  async close(): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** A connection of its own may be cut off without a word: what waits on it fails, and another is made. */
  stalled(): void {
    this.#connection?.reconnect();
  }

  async read(id: string): Promise<SessionRecord | null> {
    const key = this.#keyOf(id);
    const text = await this.#call(key, (client) => client.get(key)).catch((error: unknown) => {
      if (isWrongType(error)) return null;
      throw error;
    });
    const record = text === null ? null : unpackRecord(text.slice(writeIdLength));
    return record !== null && record.expiresAt > this.#context.clock.now() ? record : null;
  }

  async write(id: string, record: SessionRecord): Promise<boolean> {
    const now = this.#context.clock.now();
    return this.#run(writeScript, this.#keyOf(id), [
      String(now),
      String(record.version - 1),
      this.#nextWriteId() + packRecord(record),
      this.#lifetime(record.expiresAt, now),
    ]);
  }

  async touch(id: string, expiresAt: number): Promise<boolean> {
    const now = this.#context.clock.now();
    return this.#run(touchScript, this.#keyOf(id), [
      String(now),
      packNumber(expiresAt),
      this.#lifetime(expiresAt, now),
    ]);
  }

  async destroy(id: string): Promise<void> {
    const key = this.#keyOf(id);
    await this.#call(key, (client) => client.del(key));
  }

  async destroyVersion(id: string, version: number): Promise<boolean> {
    const now = this.#context.clock.now();
    return this.#run(destroyVersionScript, this.#keyOf(id), [String(now), String(version)]);
  }

  /** Redis removes the key after this many ms by its own clock, so that it matters little how far clocks differ. */
  #lifetime(expiresAt: number, now: number): string {
    return String(Math.max(1, Math.ceil(expiresAt - now)));
  }

  #keyOf(id: string): string {
    // Half a surrogate pair has no place in UTF-8: two such ids would become one key.
    const isPlain = isWellFormed(id) && !id.startsWith(escapedIdPrefix);
    const name = isPlain ? id : escapedIdPrefix + Buffer.from(id, 'utf16le').toString('hex');
    return this.#options.prefix + name;
  }

  #nextWriteId(): string {
    this.#writes = (this.#writes + 1) % 36 ** (writeIdLength / 2);
    return this.#instance + this.#writes.toString(36).padStart(writeIdLength / 2, '0');
  }

  async #run(script: RedisScript, key: string, parameters: string[]): Promise<boolean> {
    const reply = await this.#call(key, async (client) => {
      try {
        return await client.evalsha(script.sha1, 1, key, ...parameters);
      } catch (error) {
        if (!isUnknownScript(error)) throw error;
        return client.eval(script.source, 1, key, ...parameters);
      }
    });
    return Number(reply) === 1;
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
   * Asks a client of the application, if its connection is up. It may queue commands while it connects for the first
   * time; later on, what it queued would be carried out long after the visitor was told that it failed.
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
