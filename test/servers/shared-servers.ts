import { createServer, type Server } from 'node:http';
import type { ShopDriver } from '../browser/support/shop-process.js';
import type { TestServer } from './test-server.js';

/**
 * How to reach a shared server, or find what was built once for all. To pause, restart or configure a server, start a
 * separate one.
 */
export interface SharedServer {
  readonly url: string;
  /** The file with its output; '' if there is none. */
  readonly log: string;
}

interface Stoppable {
  stop(): Promise<void>;
}

type Start = () => Promise<SharedServer & Stoppable>;

// Modules are loaded only for the servers that a run starts.

async function startChromium(): Promise<SharedServer & Stoppable> {
  const { startBrowser } = await import('../browser/support/chromium.js');
  const browser = await startBrowser();
  return { url: browser.wsEndpoint(), log: '', stop: () => browser.close() };
}

const startShopWith =
  (driver: ShopDriver): Start =>
  async () => {
    const { startShop } = await import('../browser/support/shop-process.js');
    return startShop({ SESSION_DRIVER: driver });
  };

const withoutLog =
  (start: () => Promise<Pick<TestServer, 'url' | 'stop'>>): Start =>
  async () => {
    const server = await start();
    return { url: server.url, log: '', stop: () => server.stop() };
  };

/** Whatever takes seconds to start and so is started once for all test files. */
const starters = {
  postgres: withoutLog(async () => (await import('./postgres.js')).startPostgres()),
  mariadb: withoutLog(async () => (await import('./mariadb.js')).startMariadb()),
  chromium: startChromium,
  package: withoutLog(async () => (await import('../package/packed-package.js')).packPackage()),
  'nest-cli': withoutLog(async () => (await import('../schematics/install-nest-cli.js')).installNestCli()),
  'shop-file': startShopWith('file'),
  'shop-memory': startShopWith('memory'),
  'shop-stealth': startShopWith('stealth'),
} satisfies Record<string, Start>;

export type SharedServerName = keyof typeof starters;

function isSharedServerName(name: string): name is SharedServerName {
  return Object.hasOwn(starters, name);
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL that `sharedServer` asks; undefined in unit tests. */
    sharedServersUrl?: string;
  }
}

/** Starts servers on first use, and keeps them until `close`. */
export class SharedServers {
  private readonly started = new Map<SharedServerName, ReturnType<Start>>();

  get(name: SharedServerName): ReturnType<Start> {
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

/** Answers `GET /<name>` with the location of that server, for the test processes. */
export async function serveSharedServers(servers: SharedServers): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? '';
    const answer = (status: number, body: unknown): void => {
      // A kept connection would be closed just when a test process that was busy for seconds asks again on it.
      const headers = { 'content-type': 'application/json', connection: 'close' };
      response.writeHead(status, headers).end(JSON.stringify(body));
    };
    if (!isSharedServerName(name)) {
      answer(404, { message: `No shared server "${name}"` });
      return;
    }
    servers.get(name).then(
      ({ url, log }) => answer(200, { url, log } satisfies SharedServer),
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
