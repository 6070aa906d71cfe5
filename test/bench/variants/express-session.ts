import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import session from 'express-session';
import { BagController } from './bag-controller.js';
import { expressApp } from './nest-app.js';
import { ageMs, cookieName, secret } from './secrets.js';
import { openSqlite } from './sqlite.js';
import type { Place, StartVariant } from './variant.js';

export type ExpressSessionStore = 'memory' | 'connect-redis' | 'connect-typeorm' | 'session-file-store';

async function makeStore(kind: ExpressSessionStore, place: Place): Promise<object | undefined> {
  switch (kind) {
    case 'memory':
      return undefined;
    case 'connect-redis': {
      const { RedisStore } = await import('connect-redis');
      const { createClient } = await import('redis');
      const client = createClient({ url: place.redisUrl });
      await client.connect();
      return new RedisStore({ client, prefix: 'express-session:' });
    }
    case 'connect-typeorm': {
      const { TypeormStore } = await import('connect-typeorm');
      const { StoredSession } = await import('./connect-typeorm.entity.js');
      const dataSource = await openSqlite(place, [StoredSession]);
      const store = new TypeormStore({
        cleanupLimit: 2,
        ttl: ageMs / 1000,
        onError: (_store, error) => {
          throw error;
        },
      });
      return store.connect(dataSource.getRepository(StoredSession));
    }
    case 'session-file-store': {
      const { default: connect } = await import('session-file-store');
      const FileStore = connect(session);
      return new FileStore({
        path: join(place.folder, 'sessions'),
        ttl: ageMs / 1000,
        logFn: () => undefined,
      });
    }
  }
}

/** Adds express-session as its manual recommends, with `resave` and `saveUninitialized` false. */
export async function useExpressSession(
  app: INestApplication,
  kind: ExpressSessionStore,
  place: Place,
): Promise<void> {
  const store = await makeStore(kind, place);
  app.use(
    session({
      secret,
      name: cookieName,
      resave: false,
      saveUninitialized: false,
      cookie: { secure: false, httpOnly: true, sameSite: 'lax', maxAge: ageMs },
      ...(store === undefined ? {} : { store }),
    }),
  );
}

/** express-session with one of its stores. */
export function expressSession(kind: ExpressSessionStore): StartVariant {
  return async (place) => {
    const app = await expressApp(BagController);
    await useExpressSession(app, kind, place);
    return app;
  };
}
