import type { WebSocketAdapter, WsMessageHandler } from '@nestjs/common';
import { inContextOf } from '../session/session.context.js';
import { connectionOf } from './socket-connection.js';
import type { SocketSessions } from './socket-sessions.js';

type Answer = ReturnType<WsMessageHandler['callback']>;

/** The applications that have bound an adapter: each binds it once. */
const bound = new WeakMap<WebSocketAdapter, WeakSet<SocketSessions>>();

/**
 * Makes an adapter report each new client, run each message in the session of its client, and wait for running
 * handlers when it is closed.
 *
 * All clients and all messages pass the adapter, whatever their library, port and namespace, and the callback
 * it gets for a message runs guards, pipes, interceptors, the handler and filters. So its methods are
 * wrapped, on the object itself: a custom adapter keeps its fields and its overrides.
 *
 * @param adapter the adapter of an application, before it binds anything
 */
export function bindAdapter(adapter: WebSocketAdapter, sockets: SocketSessions): void {
  const applications = bound.get(adapter) ?? new WeakSet();
  if (applications.has(sockets)) return;
  bound.set(adapter, applications.add(sockets));
  // oxlint-disable-next-line typescript/unbound-method -- called on the adapter below
  const { bindClientConnect, bindMessageHandlers, close } = adapter;

  adapter.bindClientConnect = function bindSessions(server, callback) {
    const connect = (client: unknown, ...rest: unknown[]): unknown => {
      sockets.connect(client, rest, (closed) => adapter.bindClientDisconnect?.(client, closed));
      return Reflect.apply(callback, undefined, [client, ...rest]);
    };
    return bindClientConnect.call(this, server, connect);
  };

  adapter.bindMessageHandlers = function bindInSessions(client, handlers, transform) {
    const connection = connectionOf(client);
    const inSession = (handler: WsMessageHandler): WsMessageHandler => ({
      ...handler,
      callback: (...args: unknown[]) => {
        const handle = (): Answer => handler.callback(...args);
        return connection === undefined ? inContextOf(undefined, handle) : connection.message(handle);
      },
    });
    return bindMessageHandlers.call(this, client, handlers.map(inSession), transform);
  };

  // Nest closes the stores after this.
  adapter.close = async function closeAfterCalls(server) {
    await close.call(this, server);
    await sockets.callsEnded();
  };
}
