import { connect } from 'node:net';

/** The response on a raw connection. */
export interface RawResponse {
  readonly status: number;
  readonly setCookies: readonly string[];
  readonly body: string;
}

/**
 * Sends a request that HTTP clients refuse to send: with arbitrary bytes in its Cookie header.
 *
 * @param url of the application
 * @param cookie one character per byte
 */
export async function rawRequest(
  url: string,
  method: string,
  path: string,
  cookie: string,
): Promise<RawResponse> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 0\r\nCookie: ${cookie}`;
  socket.write(Buffer.from(`${head}\r\n\r\n`, 'latin1'));
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  // A server that rejects a head may close before reading all of it, which resets the connection after the response.
  let trouble: unknown;
  socket.once('error', (error) => (trouble = error));
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) throw new Error('The connection was closed without an answer', { cause: trouble });
  const lines = text.slice(0, end).split('\r\n');
  return {
    status: Number(lines[0]?.split(' ')[1] ?? 0),
    setCookies: lines
      .filter((line) => /^set-cookie:/i.test(line))
      .map((line) => line.slice('set-cookie: '.length)),
    body: text.slice(end + 4),
  };
}
