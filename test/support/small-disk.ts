import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';

/** What a disk can run out of. */
export type Shortage = 'blocks' | 'inodes';

/** A separate file system that is quickly full. */
export class SmallDisk implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'session-disk-'));

  constructor() {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,nr_inodes=600', 'tmpfs', this.path], {
        stdio: 'pipe',
      });
    } catch (error) {
      rmSync(this.path, { recursive: true });
      throw error;
    }
  }

  /** Uses up what is left. */
  fill(shortage: Shortage): void {
    const rest = join(this.path, 'rest');
    mkdirSync(rest);
    try {
      for (let number = 0; ; number += 1) {
        writeFileSync(join(rest, String(number)), shortage === 'blocks' ? Buffer.alloc(65_536) : '');
      }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--lazy', this.path]);
    rmSync(this.path, { recursive: true });
  }
}

/** `describe` for tests that mount a disk. Skipped, with the reason printed, where mounting is not allowed. */
export function describeWithSmallDisk(name: string, body: () => void): void {
  let reason: string | undefined;
  try {
    new SmallDisk()[Symbol.dispose]();
  } catch (error) {
    reason = `no tmpfs can be mounted here: ${error instanceof Error ? error.message.trim() : String(error)}`;
    console.warn(`"${name}" is skipped: ${reason}`);
  }
  (reason === undefined ? describe : describe.skip)(name, body);
}
