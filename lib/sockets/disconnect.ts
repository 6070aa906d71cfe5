/** "Policy violation": the code of RFC 6455, 7.4.1, for what no other code is made for. */
const POLICY_VIOLATION = 1008;

/**
 * Closes the connection of a client, whichever library it is of: `disconnect` of socket.io, `close` of ws.
 *
 * With socket.io the connection below the namespaces is closed as well: a client that connected anew on top of it would
 * come with the old handshake, and with the old cookie.
 *
 * @param reason for the client, where its library has a place for it; at most 123 bytes
 */
export function disconnect(client: object, reason: string): void {
  if (!call(client, 'disconnect', true)) call(client, 'close', POLICY_VIOLATION, reason);
}

function call(client: object, name: string, ...args: unknown[]): boolean {
  const method: unknown = Reflect.get(client, name);
  if (typeof method !== 'function') return false;
  Reflect.apply(method, client, args);
  return true;
}
