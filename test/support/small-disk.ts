import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';

/** What a disk may run out of. */
export type Shortage = 'blocks' | 'inodes';

/** A file system of its own that is quickly full. */
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

  /** Takes all that is left. */
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

/** `describe` for tests that mount a disk. Where that is not allowed they are skipped, and the reason is printed. */
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
