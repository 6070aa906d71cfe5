import type { Duplex } from 'node:stream';
import { inContextOf } from '../session/session.context.js';
import type { SocketConnection } from '../sockets/socket-connection.js';
import type { SocketTexts } from '../sockets/socket-host.js';
import type { SocketSessions } from '../sockets/socket-sessions.js';
import { Operation } from './operation.js';
import {
  type Upgrade,
  httpSessionOf,
  isSubscription,
  resolverArguments,
  upgradeOf,
} from './resolver-arguments.js';
import { upgradedClient } from './upgraded-client.js';

const SUBSCRIPTION: SocketTexts = {
  name: 'a resolver of a GraphQL subscription (or of another operation over a WebSocket)',
  noCookie:
    'In a GraphQL subscription no cookie can be sent, nor in any other operation over a WebSocket. Do it in an operation over ' +
    'HTTP; a session that began after the handshake is seen when the client connects anew.',
};

/** The sessions of one application's resolvers. */
export class GraphqlSessions {
  readonly #sockets: SocketSessions;
  /** The connections of WebSockets that resolvers were called for; null on an excluded path. */
  readonly #connections = new WeakMap<Duplex, SocketConnection | null>();
  readonly #operations = new WeakMap<object, Operation>();

  constructor(sockets: SocketSessions) {
    this.#sockets = sockets;
  }

  /**
   * Runs a resolver in its session: that of the operation's HTTP request, or of its WebSocket's handshake.
   * Without either (the application executes a schema by itself), just calls it.
   *
   * @param args the arguments of the resolver
   * @param resolve calls the resolver, with its guards, pipes, interceptors and filters
   */
  run(args: readonly unknown[], resolve: () => unknown): unknown {
    const { context, execution, info } = resolverArguments(args);
    const upgrade = upgradeOf(context);
    if (upgrade === null) {
      const hosted = httpSessionOf(context);
      return hosted === undefined ? resolve() : inContextOf(hosted, resolve);
    }
    const connection = this.#connectionOf(upgrade);
    if (connection === null) return inContextOf(undefined, resolve);
    return this.#operationOf(connection, execution, info).run(resolve);
  }

  #connectionOf({ socket, request }: Upgrade): SocketConnection | null {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const client = upgradedClient(socket);
    const connection = this.#sockets.join(
      client,
      [request],
      (closed) => socket.once('close', closed),
      SUBSCRIPTION,
    );
    this.#connections.set(socket, connection);
    return connection;
  }

  #operationOf(connection: SocketConnection, execution: object, info: unknown): Operation {
    const known = this.#operations.get(execution);
    if (known !== undefined) return known;
    const over = (): void => void this.#operations.delete(execution);
    // Subscriptions and their events renew nothing: clients resubscribe by themselves, and events come from
    // the server.
    const operation = new Operation(connection, !isSubscription(info), over);
    this.#operations.set(execution, operation);
    return operation;
  }
}
