import { createServer, type Server } from 'node:http';
import { startMariadb } from './mariadb.js';
import { startPostgres } from './postgres.js';
import type { TestServer } from './test-server.js';

/** Servers that take seconds to start, and so are started once for all test files. */
export type SharedServerName = 'postgres' | 'mariadb';

/** Where to reach a shared server. Whoever has to pause or restart one starts a server of its own. */
export type SharedServer = Pick<TestServer, 'url' | 'host' | 'port' | 'external'>;

declare module 'vitest' {
  interface ProvidedContext {
    /** Where `sharedServer` asks for a server; undefined where the global set-up does not run. */
    sharedServersUrl?: string;
  }
}

const starters: Readonly<Record<SharedServerName, () => Promise<TestServer>>> = {
  postgres: startPostgres,
  mariadb: startMariadb,
};

/** Starts servers when they are first asked for, and keeps them until `close`. */
export class SharedServers {
  private readonly started = new Map<SharedServerName, Promise<TestServer>>();

  get(name: SharedServerName): Promise<TestServer> {
    let server = this.started.get(name);
    if (server === undefined) {
      server = starters[name]();
      this.started.set(name, server);
    }
    return server;
  }

  async close(): Promise<void> {
    const outcomes = await Promise.allSettled(this.started.values());
    await Promise.all(
      outcomes.map(async (outcome) => outcome.status === 'fulfilled' && outcome.value.stop()),
    );
  }
}

/** Answers `GET /<name>` with where that server is, for the test processes. */
export async function serveSharedServers(servers: SharedServers): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? '';
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (name !== 'postgres' && name !== 'mariadb') {
      answer(404, { message: `No shared server "${name}"` });
      return;
    }
    servers.get(name).then(
      ({ url, host, port, external }) => answer(200, { url, host, port, external } satisfies SharedServer),
      (error: unknown) => answer(500, { message: String(error) }),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The shared servers have no address');
  return { url: `http://127.0.0.1:${address.port}`, server };
}
