import type { Redis, RedisOptions } from 'ioredis';
import { SessionConfigError } from '../../session.errors.js';
import type { RedisConnectionOptions } from './redis.options.js';

// Low, so that sessions work within a second of the server's return.
const longestReconnectDelayMs = 250;
const connectTimeoutMs = 1000;
const loadingRetryMs = 200;
// How long a connection that is given up may take to end in good order. A paused server never answers to that.
const disconnectTimeoutMs = 20;

async function loadIoredis(): Promise<typeof Redis> {
  try {
    return (await import('ioredis')).Redis;
  } catch (error) {
    throw new SessionConfigError(
      'The session driver "redis" needs the package ioredis: npm install ioredis.',
      {
        cause: error,
      },
    );
  }
}

/**
 * A connection that the driver opens and closes itself. It comes back by itself for as long as it is not closed.
 *
 * Nothing waits in a queue while the server is away: a command fails at once. A command whose answer was lost with the
 * connection fails too, and is never sent a second time.
 */
export class RedisConnection {
  readonly client: Redis;
  readonly #handshakeLimitMs: number;
  #lastError: Error | undefined;
  #handshake: NodeJS.Timeout | undefined;

  private constructor(client: Redis, handshakeLimitMs: number) {
    this.client = client;
    this.#handshakeLimitMs = handshakeLimitMs;
    client.on('error', (error: Error) => {
      this.#lastError = error;
    });
    client.on('connect', () => this.#watchHandshake());
    client.on('ready', () => this.#endHandshake());
    client.on('close', () => this.#endHandshake());
  }

  /**
   * Begins to connect, and resolves when the connection is ready, or has failed for the first time, or after
   * `waitMs`: a server that is away keeps no application from booting.
   *
   * @throws SessionConfigError where the package ioredis is not installed
   */
  static async open(options: RedisConnectionOptions, waitMs: number): Promise<RedisConnection> {
    const RedisClass = await loadIoredis();
    const { url, ...rest } = options;
    const settings: RedisOptions = {
      connectTimeout: connectTimeoutMs,
      maxLoadingRetryTime: loadingRetryMs,
      retryStrategy: (attempt) => Math.min(attempt * 50, longestReconnectDelayMs),
      disconnectTimeout: disconnectTimeoutMs,
      ...rest,
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      // 0: what waits for an answer fails as soon as the connection closes.
      maxRetriesPerRequest: 0,
    };
    const client = url === undefined ? new RedisClass(settings) : new RedisClass(url, settings);
    const connection = new RedisConnection(client, waitMs);
    await connection.#firstAttempt(waitMs);
    return connection;
  }

  async #firstAttempt(waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      // Why it failed is kept by the listener for errors; each later call reports it.
      const finish = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.client.connect().then(finish, finish);
    });
  }

  /** The trouble that ioredis reported last: the reason to give while there is no connection. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** Drops the connection, fails what waits on it, and connects anew. */
  reconnect(): void {
    this.client.disconnect(true);
  }

  /** Ends the connection for good. */
  close(): void {
    this.#endHandshake();
    this.client.disconnect();
  }

  /** A server that is paused, or gone without a word, accepts connections and never greets. */
  #watchHandshake(): void {
    this.#endHandshake();
    this.#handshake = setTimeout(() => this.reconnect(), this.#handshakeLimitMs);
    this.#handshake.unref();
  }

  #endHandshake(): void {
    clearTimeout(this.#handshake);
  }
}
