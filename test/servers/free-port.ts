import { createServer } from 'node:net';

/** Whether nothing listens on this port of 127.0.0.1. With 0: a port that the system picks, free a moment ago. */
async function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(null));
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      const found = address !== null && typeof address === 'object' ? address.port : null;
      probe.close(() => resolve(found));
    });
  });
}

/**
 * A free port on 127.0.0.1.
 *
 * @param accepts a further condition, e.g. that another port, derived from this one, is free as well
 */
export async function freePort(accepts?: (port: number) => Promise<boolean>): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = await tryPort(0);
    if (port !== null && (accepts === undefined || (await accepts(port)))) return port;
  }
  throw new Error('No free port found on 127.0.0.1');
}

/** Redis Cluster talks among its nodes on the port 10000 above the one for clients: both must be free and exist. */
export async function freeClusterPort(): Promise<number> {
  return freePort(async (port) => port + 10_000 < 65_536 && (await tryPort(port + 10_000)) !== null);
}
