import type { TestServer } from './test-server.js';

/** A server named by the environment: tests may use it, but neither stop nor pause it. */
export function externalServer(name: string, url: string, defaultPort: number): TestServer {
  const { hostname, port } = new URL(url);
  const refuse = (verb: string): never => {
    throw new Error(
      `This test has to ${verb} ${name}, which it cannot do to a server that the environment names`,
    );
  };
  return {
    url,
    host: hostname,
    port: port === '' ? defaultPort : Number(port),
    pid: 0,
    folder: '',
    external: true,
    stop: async () => undefined,
    pause: () => refuse('pause'),
    resume: () => refuse('resume'),
    kill: async () => refuse('kill'),
    restart: async () => refuse('restart'),
  };
}
