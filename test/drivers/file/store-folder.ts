import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Creates folders for stores and removes them after the tests of the calling file. */
export function useStoreFolders(): () => Promise<string> {
  const made: string[] = [];
  afterAll(async () => {
    await Promise.all(made.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
  });
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'session-files-'));
    made.push(folder);
    return folder;
  };
}

/** The names of everything below a store's folder, without the shard folders. */
export async function entriesOf(location: string): Promise<string[]> {
  const paths = await readdir(location, { recursive: true });
  return paths.filter((path) => path.includes('/')).map((path) => path.slice(path.indexOf('/') + 1));
}
