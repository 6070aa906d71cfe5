import { createHash, randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { hasCode } from './file-system.js';

/** The place where process ids are comparable, the process id, and a random part for each lock. */
const ownerPattern = /^(?<place>[0-9a-f]{16})-(?<pid>[1-9][0-9]*)-[0-9a-f]{16}$/;

/**
 * Identifies the machine and, on Linux, the container: containers of one machine may share its name, but not
 * their process ids.
 */
const ownPlace = createHash('sha256').update(`${hostname()} ${pidNamespace()}`).digest('hex').slice(0, 16);

/** A unique name for the owner of one lock. It contains the process id. */
export function newOwner(): string {
  return `${ownPlace}-${process.pid}-${randomBytes(8).toString('hex')}`;
}

/**
 * Whether the process in an owner's name has ended. False if that cannot be known: on another machine, in
 * another container, or with a name of another kind. It only saves waiting: if the process id was reused, the
 * lock is taken a second later.
 */
export function hasEnded(owner: string): boolean {
  const { place, pid } = ownerPattern.exec(owner)?.groups ?? {};
  return pid !== undefined && place === ownPlace && !isRunning(Number(pid));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs as another user.
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
