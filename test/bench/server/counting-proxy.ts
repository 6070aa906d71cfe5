import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A proxy between client and server that counts how often the client sends something and waits for the answer. */
export class CountingProxy {
  roundTrips = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: { host: string; port: number }) {
    this.#server = createServer((client) => this.#join(client, connect(target)));
  }

  static async start(target: { host: string; port: number }): Promise<CountingProxy> {
    const proxy = new CountingProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const { port } = this.#server.address() as AddressInfo;
    return port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket, store: Socket): void {
    let isWaiting = false;
    client.on('data', (chunk) => {
      if (!isWaiting) this.roundTrips++;
      isWaiting = true;
      store.write(chunk);
    });
    store.on('data', (chunk) => {
      isWaiting = false;
      client.write(chunk);
    });
    for (const [socket, other] of [
      [client, store],
      [store, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
