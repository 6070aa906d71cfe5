import { createHash, randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { hasCode } from './file-system.js';

/** Where process ids mean the same, the id of the process, and a random part, new for each lock. */
const ownerPattern = /^(?<place>[0-9a-f]{16})-(?<pid>[1-9][0-9]*)-[0-9a-f]{16}$/;

/** The machine, and on Linux the container: those of one machine may share its name, but not the ids of their processes. */
const ownPlace = createHash('sha256').update(`${hostname()} ${pidNamespace()}`).digest('hex').slice(0, 16);

/** A name for the owner of one lock, never given twice. It says which process that is. */
export function newOwner(): string {
  return `${ownPlace}-${process.pid}-${randomBytes(8).toString('hex')}`;
}

/**
 * Whether the process that an owner's name tells of has ended. False where that cannot be known: on another machine, in
 * another container, or where the name is of another kind. It only saves waiting: the lock of a process whose id was given to another is taken
 * a second later.
 */
export function hasEnded(owner: string): boolean {
  const { place, pid } = ownerPattern.exec(owner)?.groups ?? {};
  return pid !== undefined && place === ownPlace && !isRunning(Number(pid));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    return !hasCode(error, 'ESRCH');
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
