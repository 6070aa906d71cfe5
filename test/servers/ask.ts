import { connect } from 'node:net';

/**
 * Opens a connection, sends one line, and resolves when the answer begins as expected. For servers with a line-based
 * protocol. Rejects if the connection fails, or no or another answer comes within a second.
 */
export async function ask(host: string, port: number, line: string, expected: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, host);
    let answer = '';
    const finish = (error?: Error): void => {
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.setTimeout(1000, () => finish(new Error(`No answer to ${line}`)));
    socket.once('error', finish);
    socket.once('end', () => finish(new Error(`Connection closed before the answer to ${line}`)));
    socket.once('connect', () => socket.write(`${line}\r\n`));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (!answer.includes('\n')) return;
      finish(answer.startsWith(expected) ? undefined : new Error(`Answer to ${line}: ${answer.trim()}`));
    });
  });
}
