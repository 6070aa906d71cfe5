import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is removed with the test. */
export class TempFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  /** @param files by name, written into it at once */
  static async make(files: Readonly<Record<string, string>> = {}): Promise<TempFolder> {
    const path = await mkdtemp(join(tmpdir(), 'session-kit-'));
    await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(path, name), text)));
    return new TempFolder(path);
  }

  /** The names of everything in it, however deep. */
  list(): Promise<string[]> {
    return readdir(this.path, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What is removed behind a response may still be at it.
    await rm(this.path, { recursive: true, force: true, maxRetries: 10 });
  }
}
