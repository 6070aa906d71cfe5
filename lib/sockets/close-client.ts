/** "Policy violation": the code of RFC 6455, 7.4.1, for cases without a more specific code. */
const POLICY_VIOLATION = 1008;

/**
 * Closes the connection of a client, whatever its library: `disconnect` of socket.io, `close` of ws.
 *
 * With socket.io, the connection below the namespaces is closed too: a client that reconnected over it would
 * come with the old handshake, and so with the old cookie.
 *
 * @param reason the reason for the client, if its library supports one; at most 123 bytes
 */
export function closeClient(client: object, reason: string): void {
  if (!call(client, 'disconnect', true)) call(client, 'close', POLICY_VIOLATION, reason);
}

function call(client: object, name: string, ...args: unknown[]): boolean {
  const method: unknown = Reflect.get(client, name);
  if (typeof method !== 'function') return false;
  Reflect.apply(method, client, args);
  return true;
}
