import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { type TestServer, describeWith, startRedis } from '../servers/index.js';
import { PLATFORMS } from '../support/test-app.js';
import { ledgerPromises } from './ledger-promises.js';

describeWith(['redis'], 'stealth with a ledger in Redis', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  // Fastify keeps them with a ledger in memory, by the same code.
  ledgerPromises(PLATFORMS[0], () => ({
    driver: 'stealth',
    stealth: { ledger: 'redis' },
    redis: { url: server.url, prefix: `${randomUUID()}:` },
  }));
});
