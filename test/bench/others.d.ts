/**
 * The parts of the other libraries that the benchmark uses. Declared here so that the project type-checks without them:
 * they are installed only where the benchmark runs.
 */

declare module 'express-session' {
  import type { RequestHandler } from 'express';

  interface Options {
    secret: string;
    resave: boolean;
    saveUninitialized: boolean;
    store?: object;
    name?: string;
    cookie?: { secure?: boolean; httpOnly?: boolean; sameSite?: 'lax'; maxAge?: number };
  }
  export default function session(options: Options): RequestHandler;
}

declare module 'connect-redis' {
  export class RedisStore {
    constructor(options: { client: object; prefix?: string });
  }
}

declare module 'redis' {
  export function createClient(options: { url: string }): {
    connect(): Promise<unknown>;
    close(): Promise<void>;
  };
}

declare module 'connect-typeorm' {
  import type { Repository } from 'typeorm';

  export interface ISession {
    id: string;
    expiredAt: number;
    json: string;
    destroyedAt?: Date;
  }
  export class TypeormStore {
    constructor(options: {
      cleanupLimit?: number;
      ttl?: number;
      onError?: (store: TypeormStore, error: Error) => void;
    });
    connect(repository: Repository<ISession>): this;
  }
}

declare module 'session-file-store' {
  interface Options {
    path: string;
    ttl?: number;
    logFn?: (...words: unknown[]) => void;
  }
  type FileStore = new (options: Options) => object;
  export default function connect(session: unknown): FileStore;
}

declare module 'cookie-session' {
  import type { RequestHandler } from 'express';

  interface Options {
    name: string;
    keys: readonly string[];
    maxAge: number;
    secure?: boolean;
    httpOnly?: boolean;
    sameSite?: 'lax';
  }
  export default function cookieSession(options: Options): RequestHandler;
}

declare module 'iron-session' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface Options {
    password: string;
    cookieName: string;
    ttl?: number;
    cookieOptions?: { secure?: boolean };
  }
  export type IronSession<T> = T & { save(): Promise<void> };
  export function getIronSession<T extends object>(
    request: IncomingMessage,
    response: ServerResponse,
    options: Options,
  ): Promise<IronSession<T>>;
}

declare module '@fastify/session' {
  import type { FastifyPluginCallback } from 'fastify';

  const plugin: FastifyPluginCallback<{
    secret: string;
    saveUninitialized: boolean;
    cookieName?: string;
    cookie?: { secure?: boolean; maxAge?: number; sameSite?: 'lax' };
  }>;
  export default plugin;
}

declare module '@fastify/secure-session' {
  import type { FastifyPluginCallback } from 'fastify';

  const plugin: FastifyPluginCallback<{
    key: Buffer;
    cookieName?: string;
    expiry?: number;
    cookie?: { path?: string; httpOnly?: boolean; sameSite?: 'lax'; maxAge?: number };
  }>;
  export default plugin;
}

declare module 'autocannon' {
  interface Client {
    setHeaders(headers: Record<string, string>): void;
  }
  interface Options {
    url: string;
    connections: number;
    duration: number;
    setupClient?: (client: Client) => void;
  }
  interface Result {
    errors: number;
    timeouts: number;
    non2xx: number;
    requests: { total: number };
  }
  export default function autocannon(options: Options): Promise<Result>;
}
