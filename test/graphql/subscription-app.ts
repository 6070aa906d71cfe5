import { EventEmitter, on } from 'node:events';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { type GqlModuleOptions, GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { type Client, createClient } from 'graphql-ws';
import { vi } from 'vitest';
import { WebSocket } from 'ws';
import { HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import type { Platform } from '../support/test-app.js';

const apollo: ApolloDriverConfig = {
  driver: ApolloDriver,
  graphiql: false,
  subscriptions: { 'graphql-ws': true },
};

/** As in applications whose code expects `req` to be the request itself. */
const apolloWithContext: ApolloDriverConfig = {
  ...apollo,
  context: ({ req, extra }: { req?: object; extra?: { request: object } }) => ({
    req: req ?? extra?.request,
  }),
};

const mercurius: MercuriusDriverConfig = {
  driver: MercuriusDriver,
  subscription: { fullWsTransport: true },
};

/** The GraphQL servers, over HTTP and graphql-ws. */
export const SERVERS: readonly [name: string, platform: Platform, options: GqlModuleOptions][] = [
  ['Apollo on Express', 'express', apollo],
  ['Apollo on Fastify', 'fastify', apollo],
  ['Apollo with a context of its own', 'express', apolloWithContext],
  ['Mercurius', 'fastify', mercurius],
];

/** Publishes the events of an application to its subscriptions. */
export class Topic {
  readonly #emitter = new EventEmitter();

  /** @param event the payload of a subscription */
  publish(event: object): void {
    this.#emitter.emit('event', event);
  }

  /** The events from now on. */
  events(): AsyncIterableIterator<object> {
    const source = on(this.#emitter, 'event');
    const done = { value: undefined, done: true } as const;
    return {
      next: async () => {
        const next: IteratorResult<object[]> = await source.next();
        const event = next.done === true ? undefined : next.value[0];
        return event === undefined ? done : { value: event };
      },
      return: async () => {
        await source.return?.();
        return done;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Resolves when there are that many listeners. */
  async heardBy(count: number): Promise<void> {
    await vi.waitFor(() => {
      if (this.#emitter.listenerCount('event') !== count) throw new Error('Not yet.');
    });
  }
}

/** An application with resolvers. */
export function startSubscriptions(
  platform: Platform,
  options: GqlModuleOptions,
  setup: HandlerAppSetup,
): Promise<HandlerApp> {
  return HandlerApp.start(platform, {
    ...setup,
    imports: [GraphQLModule.forRoot({ ...options }), ...(setup.imports ?? [])],
  });
}

/** A WebSocket that sends these headers with its handshake. */
export const webSocketWith = (headers: Readonly<Record<string, string>>): unknown =>
  class extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols, { headers });
    }
  };

/** A client of graphql-ws. */
export class Subscriber implements AsyncDisposable {
  readonly #client: Client;
  #close: (event: { code: number; reason: string }) => void = () => undefined;
  /** Resolves when the connection has closed, from either side. */
  readonly closed = new Promise<{ code: number; reason: string }>((resolve) => {
    this.#close = resolve;
  });
  #isConnected = false;

  /** @param headers of the handshake */
  constructor(url: string, headers: Record<string, string> = {}) {
    this.#client = createClient({
      url: `${url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: webSocketWith(headers),
      retryAttempts: 0,
      // Stays connected for the rest of the test.
      lazy: false,
      onNonLazyError: () => undefined,
      on: {
        connected: () => {
          this.#isConnected = true;
        },
        closed: (event) => {
          if (event instanceof Object && 'code' in event && 'reason' in event) {
            this.#close({ code: Number(event.code), reason: String(event.reason) });
          }
        },
      },
    });
  }

  /** Subscribes; yields results in order. */
  listen(query: string): Listening {
    return new Listening(this.#client.iterate({ query }));
  }

  /** Runs a query or a mutation. */
  async ask(query: string): Promise<unknown> {
    return this.listen(query).next();
  }

  /** The errors of a refused subscription: Apollo sends them within a result, Mercurius instead of one. */
  async refusal(query: string): Promise<unknown> {
    const result = await this.ask(query).catch((errors: unknown) => ({ errors }));
    return result instanceof Object && 'errors' in result ? result.errors : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.dispose();
    if (this.#isConnected) await this.closed;
  }
}

/** A running subscription. */
class Listening {
  readonly #iterator: AsyncIterableIterator<object>;

  constructor(iterator: AsyncIterableIterator<object>) {
    this.#iterator = iterator;
  }

  /** The next result. Rejects with the errors that refuse the whole operation, or when the connection closes. */
  async next(): Promise<unknown> {
    return (await this.#iterator.next()).value;
  }

  async stop(): Promise<void> {
    await this.#iterator.return?.();
  }
}
