import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is removed when disposed. */
export class TempFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  /** @param files texts by name, written into the folder */
  static async make(files: Readonly<Record<string, string>> = {}): Promise<TempFolder> {
    const path = await mkdtemp(join(tmpdir(), 'session-kit-'));
    await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(path, name), text)));
    return new TempFolder(path);
  }

  /** The names of everything in the folder, recursively. */
  list(): Promise<string[]> {
    return readdir(this.path, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A removal that outlives its response may still be in progress.
    await rm(this.path, { recursive: true, force: true, maxRetries: 10 });
  }
}
