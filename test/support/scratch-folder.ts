import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  statfsSync,
} from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';

const MEMORY = '/dev/shm';
/** Several times what a test run stores there. */
const ENOUGH = 4 * 2 ** 30;

/** Programs also run from there, which a container may forbid. */
function isMemoryForPrograms(): boolean {
  if (!existsSync('/proc/mounts')) return false;
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  return mounts.some((mount) => {
    const [, path, type, options = ''] = mount.split(' ');
    return path === MEMORY && type === 'tmpfs' && !options.split(',').includes('noexec');
  });
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findPlace(): string {
  if (env['TMPDIR'] !== undefined || !isMemoryForPrograms() || !isWritable(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return Math.min(bavail * bsize, freemem()) < ENOUGH ? tmpdir() : MEMORY;
}

let place: string | undefined;

/**
 * Creates a folder for large files that are useless after the tests: data of servers, installed packages. In memory, if
 * the system has a place and room for it. What drivers do with files is tested on a disk.
 *
 * @example
 * const folder = makeScratchFolder('session-package-');
 */
export function makeScratchFolder(prefix: string): string {
  place ??= findPlace();
  return realpathSync(mkdtempSync(join(place, prefix)));
}
