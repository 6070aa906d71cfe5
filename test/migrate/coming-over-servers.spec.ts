import { randomUUID } from 'node:crypto';
import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import pg from 'pg';
import { createClient } from 'redis';
import { afterAll, beforeAll } from 'vitest';
import { describeWith, sharedServer, startRedis, type TestServer } from '../servers/index.js';
import { describeComingOver } from './describe-coming-over.js';
import {
  type OldApp,
  cookieSessionApp,
  expressSessionApp,
  fastifySessionApp,
  ironSessionApp,
} from './old-apps.js';

describeWith(['redis', 'postgres'], 'Redis and PostgreSQL', () => {
  let redis: TestServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  const drivers = {
    redis: async () => ({ redis: { url: redis.url, prefix: `${randomUUID()}:` } }),
  };
  const withStealth = { ...drivers, stealth: async () => ({}) };

  /** The application, together with what has to be closed after it. */
  const closing = (app: OldApp, end: () => Promise<unknown>): OldApp => ({
    ...app,
    close: async () => {
      await app.close();
      await end();
    },
  });

  async function redisStore() {
    const client = createClient({ url: redis.url });
    await client.connect();
    const store = new RedisStore({ client, prefix: `${randomUUID()}:` });
    return {
      store,
      kept: () =>
        new Promise<number>((resolve, reject) => {
          void store.length((error: unknown, length?: number) =>
            length === undefined ? reject(error) : resolve(length),
          );
        }),
      end: async () => client.destroy(),
    };
  }

  describeComingOver(
    'express-session with connect-redis',
    async () => {
      const { store, kept, end } = await redisStore();
      return closing(await expressSessionApp(store, kept), end);
    },
    withStealth,
  );

  describeComingOver(
    'express-session with connect-pg-simple',
    async () => {
      const { url } = await sharedServer('postgres');
      const pool = new pg.Pool({ connectionString: url, max: 4 });
      const tableName = `sessions_${randomUUID().replaceAll('-', '')}`;
      const store = new (connectPgSimple(session))({
        pool,
        tableName,
        createTableIfMissing: false,
        pruneSessionInterval: false,
      });
      await pool.query(
        `CREATE TABLE "${tableName}" (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)`,
      );
      const kept = async (): Promise<number> =>
        (await pool.query(`SELECT sid FROM "${tableName}"`)).rows.length;
      return closing(await expressSessionApp(store, kept), async () => {
        await pool.query(`DROP TABLE "${tableName}"`);
        await pool.end();
      });
    },
    withStealth,
  );

  describeComingOver(
    '@fastify/session with connect-redis',
    async () => {
      const { store, kept, end } = await redisStore();
      return closing(await fastifySessionApp(store, kept), end);
    },
    drivers,
  );

  describeComingOver('cookie-session', cookieSessionApp, drivers);
  describeComingOver('iron-session', ironSessionApp, drivers);
});
