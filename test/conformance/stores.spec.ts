import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import connectLoki from 'connect-loki';
import session from 'express-session';
import { Keyv } from 'keyv';
import memorystore from 'memorystore';
import sessionFileStore from 'session-file-store';
import { keyvStore } from 'nestjs-session-kit';
import { describeForeignStore, foreignConnectStore } from './foreign-store.js';

const MemoryStore = memorystore(session);
const FileStore = sessionFileStore(session);
const LokiStore = connectLoki(session);

describeForeignStore('memorystore', () => {
  const store = new MemoryStore({ checkPeriod: 0 });
  return foreignConnectStore(store);
});

describeForeignStore("express-session's MemoryStore", () => foreignConnectStore(new session.MemoryStore()));

describeForeignStore('session-file-store', () => {
  const path = mkdtempSync(join(tmpdir(), 'session-file-store-'));
  // No retries: it would take half a second to find that a file does not exist.
  const store = new FileStore({ path, retries: 0, reapInterval: -1, logFn: () => undefined });
  return foreignConnectStore(store, () => rm(path, { recursive: true }));
});

describeForeignStore('connect-loki', async () => {
  const path = mkdtempSync(join(tmpdir(), 'connect-loki-'));
  const store = new LokiStore({ path: join(path, 'sessions.db'), autosave: false });
  await new Promise((resolve) => store.once('connect', resolve));
  return foreignConnectStore(store, () => rm(path, { recursive: true }));
});

describeForeignStore('Keyv in memory', () => {
  const keyv = new Keyv();
  return {
    driver: keyvStore(keyv),
    again: () => keyvStore(keyv),
    corrupt: async (id) => void (await keyv.set(id, 'no record')),
  };
});
