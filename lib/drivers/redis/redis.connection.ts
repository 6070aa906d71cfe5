import { setTimeout as delay } from 'node:timers/promises';
import type { Redis, RedisOptions } from 'ioredis';
import type { ConnectionSettings } from '../../options/redis.options.js';
import { SessionConfigError, SessionStoreError } from '../../session.errors.js';
import { isLostConnection, isOfReplica, isReply, lostConnection, withoutSecrets } from './redis.errors.js';

// Short, so that sessions work within a second of the server's return.
const LONGEST_RECONNECT_DELAY_MS = 250;
const CONNECT_TIMEOUT_MS = 1000;
const LOADING_RETRY_MS = 200;
const REFUSED_DATABASE_RETRY_MS = 1000;
// How often, at most, a connection to a replica is dropped: reads may continue there until there is a master.
const LEAVING_EVERY_MS = 250;
// How long a call that a replica refused waits for another connection.
const LONGEST_WAIT_FOR_MASTER_MS = 1000;
// How long a dropped connection may take to close. A paused server never confirms it.
const DISCONNECT_TIMEOUT_MS = 20;

async function loadIoredis(): Promise<typeof Redis> {
  try {
    return (await import('ioredis')).Redis;
  } catch (error) {
    throw new SessionConfigError(
      'The session driver "redis" needs the package ioredis: npm install ioredis.',
      { cause: error },
    );
  }
}

/**
 * A connection that the driver opens and closes itself. It reconnects until it is closed.
 *
 * There is no queue while the server is away: a command fails at once. A command whose answer was lost with the
 * connection fails too, and is not sent again, except when the connection was left because it led to a replica
 * (`run`).
 *
 * It covers three cases that ioredis does not handle, or not reliably: a server that refuses the database (ioredis
 * reports "ready" and continues in database 0; this connection is ready once the server has accepted it), a server
 * that accepts connections but never greets, and an address that leads to a replica.
 */
export class RedisConnection {
  readonly client: Redis;
  #lastError: Error | undefined;
  #handshake: NodeJS.Timeout | undefined;
  /**
   * Resolves when it is known whether the current connection is in its database; undefined without a
   * connection.
   */
  #selecting: Promise<void> | undefined;
  #isSelected = false;
  #refusal: string | undefined;
  readonly #limitMs: number;
  /**
   * Set while reconnecting because the last connection led to a replica; resolves to whether the new one is
   * ready.
   */
  #leaving: Promise<boolean> | undefined;
  #leftAt = -Infinity;

  private constructor(client: Redis, limitMs: number) {
    this.client = client;
    this.#limitMs = limitMs;
    client.on('error', (error: Error) => {
      // An error that Redis replied to AUTH carries the command, including the password.
      this.#lastError = isReply(error) ? withoutSecrets(error) : error;
      if (!isReply(error)) this.#refusal = undefined;
    });
    client.on('connect', () => this.#watchHandshake(limitMs));
    client.on('ready', () => {
      this.#lastError = undefined;
      this.#selecting = this.#select();
    });
    client.on('close', () => {
      this.#selecting = undefined;
      this.#isSelected = false;
      this.#endHandshake();
    });
  }

  /**
   * Starts connecting, and resolves when the connection is ready, when it has failed for the first time, or
   * after `limitMs`: an unavailable server does not keep an application from booting.
   *
   * @param limitMs how long a call may take
   * @throws SessionConfigError if the package ioredis is not installed
   */
  static async open(options: ConnectionSettings, limitMs: number): Promise<RedisConnection> {
    const RedisClass = await loadIoredis();
    const { url, ...rest } = options;
    const settings: RedisOptions = {
      connectTimeout: CONNECT_TIMEOUT_MS,
      maxLoadingRetryTime: LOADING_RETRY_MS,
      retryStrategy: (attempt) => Math.min(attempt * 50, LONGEST_RECONNECT_DELAY_MS),
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      ...rest,
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      // 0: commands that wait for an answer fail as soon as the connection closes.
      maxRetriesPerRequest: 0,
    };
    const client = url === undefined ? new RedisClass(settings) : new RedisClass(url, settings);
    const connection = new RedisConnection(client, limitMs);
    // The error listener keeps the reason of a failure; each later call reports it.
    const firstAttempt = client.connect().then(
      () => connection.#selecting,
      () => undefined,
    );
    await Promise.race([firstAttempt, delay(limitMs, undefined, { ref: false })]);
    return connection;
  }

  /**
   * Runs commands on the master. A command that a replica refused was not carried out, nor was one that was
   * still unanswered when the connection was dropped because of that. So the work is tried once more, on the
   * server that the address then leads to.
   *
   * @throws Error at once if there is no connection
   */
  async run<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    if (this.#leaving !== undefined) await this.#leaving;
    this.#assertReady();
    try {
      return await work(this.client);
    } catch (error) {
      const left = isOfReplica(error) ? this.#leaveReplica() : isLostConnection(error) && this.#leaving;
      if (!(await left)) throw error;
      return work(this.client);
    }
  }

  /** Whether commands go straight to the server, and into the right database. */
  get #isReady(): boolean {
    return this.client.status === 'ready' && this.#isSelected;
  }

  #assertReady(): void {
    if (this.#isReady) return;
    if (this.#refusal !== undefined) {
      throw new SessionStoreError(
        `Redis refused the database ${this.#database} of the session driver "redis" (${this.#refusal}). Name another in redis.db, or in the path of redis.url.`,
      );
    }
    throw lostConnection(`Not connected to Redis (${this.client.status})`, this.#lastError);
  }

  get #database(): number {
    return this.client.options.db ?? 0;
  }

  /** Drops the connection, fails the commands that wait on it, and connects anew. */
  reconnect(): void {
    this.client.disconnect(true);
  }

  /**
   * Drops a connection that leads to a replica, and connects anew: the address may lead to the master by now,
   * or the sentinels may know it. An established connection would stay with the replica. `reconnectOnError` of
   * ioredis does that too, but resends the command before the new connection is ready, which fails without an
   * offline queue.
   *
   * @returns whether the new connection is ready; also false if this was tried just before
   */
  #leaveReplica(): Promise<boolean> {
    if (this.#leaving !== undefined) return this.#leaving;
    const now = performance.now();
    if (now - this.#leftAt < LEAVING_EVERY_MS) return Promise.resolve(false);
    this.#leftAt = now;
    this.reconnect();
    this.#leaving = this.#readyWithin(Math.min(LONGEST_WAIT_FOR_MASTER_MS, this.#limitMs / 2)).finally(() => {
      this.#leaving = undefined;
    });
    return this.#leaving;
  }

  #readyWithin(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.client.off('ready', look).off('end', finish);
        resolve(this.#isReady);
      };
      const look = (): void => void this.#selecting?.then(finish, finish);
      const timer = setTimeout(finish, limitMs);
      // `end`: the connection was closed for good meanwhile.
      this.client.on('ready', look).on('end', finish);
    });
  }

  close(): void {
    this.#endHandshake();
    this.client.disconnect();
  }

  /**
   * Selects the database again: ioredis has done so, but reports "ready" whatever the answer was. Every
   * connection begins in database 0, so for that one there is nothing to check.
   */
  async #select(): Promise<void> {
    const connection = this.client.stream;
    try {
      if (this.#database !== 0) await this.client.select(this.#database);
    } catch (error) {
      // If the connection is gone, the next one checks again.
      if (connection !== this.client.stream || !isReply(error)) return;
      this.#refusal = error.message;
      // The server may be reconfigured: a new connection checks again.
      this.#watchHandshake(REFUSED_DATABASE_RETRY_MS);
      return;
    }
    if (connection !== this.client.stream || this.client.status !== 'ready') return;
    this.#refusal = undefined;
    this.#isSelected = true;
    this.#endHandshake();
  }

  /**
   * Reconnects if the server does not greet in time. A server that is paused or silently gone accepts
   * connections but never greets. The timer of ioredis's own `socketTimeout` outlives its connection and ends
   * the next (https://github.com/redis/ioredis/issues/1919), and ioredis before 5.4 has none.
   */
  #watchHandshake(limitMs: number): void {
    this.#endHandshake();
    this.#handshake = setTimeout(() => this.reconnect(), limitMs);
    this.#handshake.unref();
  }

  #endHandshake(): void {
    clearTimeout(this.#handshake);
  }
}
