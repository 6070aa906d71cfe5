import type { Duplex } from 'node:stream';

/** Of the frame that closes a WebSocket: the last of its message, opcode 8. RFC 6455, 5.2. */
const CLOSE_FRAME = 0x88;

/** How long a client may take to close its side, in ms. */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * The client of a WebSocket of which only the connection below is known: Mercurius hands its resolvers no more, nor does
 * Apollo where an application makes its own context.
 */
export class UpgradedClient {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /**
   * Sends the frame that closes the WebSocket. It may stand between any two frames (RFC 6455, 5.5), and what a library writes
   * is whole frames. The client answers it, and at that the library ends the connection.
   *
   * Until then the library knows of nothing and goes on to send. No frame may follow (RFC 6455, 5.5.1): what it writes is
   * passed over. Ended here, the connection would answer it with an error.
   *
   * @param code RFC 6455, 7.4
   * @param reason at most 123 bytes
   */
  close(code: number, reason: string): void {
    const socket = this.#socket;
    // It is being closed already.
    if (!socket.writable) return;
    const text = Buffer.from(reason);
    const frame = Buffer.alloc(4 + text.length);
    frame.writeUInt8(CLOSE_FRAME, 0);
    frame.writeUInt8(2 + text.length, 1);
    frame.writeUInt16BE(code, 2);
    text.copy(frame, 4);
    socket.write(frame);
    Object.defineProperty(socket, 'write', { value: passOver, writable: true, configurable: true });
    setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS).unref();
  }
}

/** `write` of a stream that takes everything, and sends nothing: its callback may come second or third. */
function passOver(...args: unknown[]): boolean {
  const written = args.at(-1);
  if (typeof written === 'function') process.nextTick(written);
  return true;
}
