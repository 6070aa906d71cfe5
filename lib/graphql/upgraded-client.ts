import type { Duplex } from 'node:stream';

/** The first byte of a WebSocket close frame: the final frame of its message, opcode 8 (RFC 6455, 5.2). */
const CLOSE_FRAME = 0x88;

/** How long a client may take to close its side, in ms. */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * The client of a WebSocket of which only the underlying connection is known: Mercurius passes no more to its
 * resolvers, and neither does Apollo if the application creates its own context.
 *
 * Its `close` sends the close frame of the WebSocket. It may be sent between any two frames (RFC 6455, 5.5), and
 * libraries write whole frames. The client answers it, and the library then ends the connection.
 *
 * Until then the library does not know and continues to send. No frame may follow (RFC 6455, 5.5.1), so
 * what it writes is discarded. Ending the connection here would make its writes fail.
 */
export const upgradedClient = (socket: Duplex) => ({
  /**
   * @param code RFC 6455, 7.4
   * @param reason at most 123 bytes
   */
  close(code: number, reason: string): void {
    // Already being closed.
    if (!socket.writable) return;
    const text = Buffer.from(reason);
    const head = Buffer.of(CLOSE_FRAME, 2 + text.length, code >> 8, code & 0xff);
    socket.write(Buffer.concat([head, text]));
    Object.defineProperty(socket, 'write', { value: passOver, writable: true, configurable: true });
    setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS).unref();
  },
});

/** A `write` that accepts everything and sends nothing. Its callback may be the second or third argument. */
function passOver(...args: unknown[]): boolean {
  const written = args.at(-1);
  if (typeof written === 'function') process.nextTick(written);
  return true;
}
