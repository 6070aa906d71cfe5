import { createServer } from 'node:net';

/** Returns this port if it is free on 127.0.0.1, or null. With 0, returns a free port that the system picks. */
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
 * @param accepts a further condition, such as that a port derived from this one is free too
 */
export async function freePort(accepts?: (port: number) => Promise<boolean>): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = await tryPort(0);
    if (port !== null && (accepts === undefined || (await accepts(port)))) return port;
  }
  throw new Error('No free port found on 127.0.0.1');
}

/**
 * The nodes of a Redis Cluster talk to each other on a port 10000 above the client port: both must exist and be free.
 */
export async function freeClusterPort(): Promise<number> {
  return freePort(async (port) => port + 10_000 < 65_536 && (await tryPort(port + 10_000)) !== null);
}
