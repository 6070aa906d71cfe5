import { mkdtempSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastifySession from '@fastify/session';
import session from 'express-session';
import memorystore from 'memorystore';
import sessionFileStore from 'session-file-store';
import { describeComingOver } from './describe-coming-over.js';
import { cookieSessionApp, expressSessionApp, fastifySessionApp, ironSessionApp } from './old-apps.js';

const drivers = { memory: async () => ({}), stealth: async () => ({}) };

describeComingOver(
  'express-session with memorystore',
  () => {
    const store = new (memorystore(session))({ checkPeriod: 0 });
    return expressSessionApp(
      store,
      () => new Promise((resolve) => store.length((_error, length = 0) => resolve(length))),
    );
  },
  drivers,
);

describeComingOver(
  'express-session with session-file-store',
  () => {
    const path = mkdtempSync(join(tmpdir(), 'session-file-store-'));
    const store = new (sessionFileStore(session))({
      path,
      retries: 0,
      reapInterval: -1,
      logFn: () => undefined,
    });
    return expressSessionApp(store, async () => (await readdir(path)).length);
  },
  drivers,
);

describeComingOver(
  '@fastify/session in memory',
  () => {
    const records = new Map();
    return fastifySessionApp(new fastifySession.MemoryStore(records), async () => records.size);
  },
  drivers,
);

describeComingOver('cookie-session', cookieSessionApp, drivers);
describeComingOver('iron-session', ironSessionApp, drivers);
