import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { hasCode, unless } from './error-code.js';

/** Where process numbers mean the same, the process, when it started, and a random part, new for each lock. */
const ownerPattern = /^(?<place>[0-9a-f]{16})-(?<pid>[1-9][0-9]*)-(?<startedAt>[0-9]+)-[0-9a-f]{16}$/;
const startUnknown = '0';

let ownPrefix: string | undefined;

/**
 * A name for the owner of one lock, never given twice. It says which process that is, so that others can find out
 * whether the process is still there.
 */
export function newOwner(): string {
  ownPrefix ??= `${placeOfProcesses()}-${process.pid}-${ownStart()}`;
  return `${ownPrefix}-${randomBytes(8).toString('hex')}`;
}

/**
 * Whether the process that an owner's name tells of has certainly ended. False where that cannot be known: on another
 * machine, in another container, or where the name is none of ours.
 */
export async function hasEnded(owner: string): Promise<boolean> {
  const { place, pid, startedAt } = ownerPattern.exec(owner)?.groups ?? {};
  if (pid === undefined || startedAt === undefined || place !== placeOfProcesses()) return false;
  if (!isRunning(Number(pid))) return true;
  if (startedAt === startUnknown) return false;
  // The number may have been given to another process since.
  const stat = await unless(['ENOENT', 'ESRCH', 'EACCES', 'EPERM'], readFile(`/proc/${pid}/stat`, 'latin1'));
  if (stat === undefined) return false;
  const { state, start } = parseStat(stat);
  return start !== startedAt || isDeadState(state);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false;
    if (hasCode(error, 'EPERM')) return true;
    throw error;
  }
}

/** A zombie has ended; only its parent has not asked yet how. */
function isDeadState(state: string | undefined): boolean {
  return state === 'Z' || state === 'X';
}

/** State and start of a process, from Linux's `/proc/<pid>/stat` (proc(5), fields 3 and 22). */
function parseStat(stat: string): { state: string | undefined; start: string | undefined } {
  // The second field is the program's name in brackets, and may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0], start: fields[19] };
}

let place: string | undefined;

function placeOfProcesses(): string {
  return (place ??= createHash('sha256').update(describePlace()).digest('hex').slice(0, 16));
}

function describePlace(): string {
  if (process.platform !== 'linux') return hostname();
  try {
    // Containers on one machine may share its name, but not the numbers of their processes.
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1');
    return `${hostname()} ${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'EACCES', 'EPERM')) throw error;
    // Not to be known: a place of its own, so that nobody draws conclusions from process numbers.
    return randomBytes(16).toString('hex');
  }
}

function ownStart(): string {
  if (process.platform !== 'linux') return startUnknown;
  try {
    return parseStat(readFileSync('/proc/self/stat', 'latin1')).start ?? startUnknown;
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'EACCES', 'EPERM')) throw error;
    return startUnknown;
  }
}
