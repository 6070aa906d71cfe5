import { randomUUID } from 'node:crypto';
import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { Keyv } from 'keyv';
import KeyvRedis from '@keyv/redis';
import pg from 'pg';
import { createClient } from 'redis';
import { keyvStore } from 'nestjs-session-kit';
import { describeWith, sharedServer, startRedis } from '../servers/index.js';
import { describeForeignStore, foreignConnectStore } from './foreign-store.js';

const PgStore = connectPgSimple(session);

describeWith(['postgres'], 'PostgreSQL', () => {
  describeForeignStore('connect-pg-simple', async () => {
    const { url } = await sharedServer('postgres');
    const pool = new pg.Pool({ connectionString: url, max: 4 });
    const tableName = `sessions_${randomUUID().replaceAll('-', '')}`;
    await pool.query(
      `CREATE TABLE "${tableName}" (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)`,
    );
    const store = new PgStore({ pool, tableName, pruneSessionInterval: false });
    return foreignConnectStore(store, async () => {
      await pool.query(`DROP TABLE "${tableName}"`);
      await pool.end();
    });
  });
});

describeWith(['redis'], 'Redis', () => {
  describeForeignStore('connect-redis', async () => {
    const server = await startRedis();
    const client = createClient({ url: server.url });
    await client.connect();
    return foreignConnectStore(new RedisStore({ client, prefix: `${randomUUID()}:` }), async () => {
      client.destroy();
      await server.stop();
    });
  });

  describeForeignStore('@keyv/redis', async () => {
    const server = await startRedis();
    const keyv = new Keyv(new KeyvRedis(server.url), { namespace: randomUUID() });
    return {
      driver: keyvStore(keyv),
      again: () => keyvStore(keyv),
      corrupt: async (id) => void (await keyv.set(id, 'no record')),
      close: async () => {
        await keyv.disconnect();
        await server.stop();
      },
    };
  });
});
