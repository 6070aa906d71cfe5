import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { newOwner } from '../../../lib/drivers/file/lock-owner.js';

/** The number of a process that has just ended. */
export async function pidOfEndedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  if (child.pid === undefined) throw new Error('The child process did not start.');
  return child.pid;
}

/** The parts of an owner's name, for tests to change. */
export function ownerWith(
  differing: Partial<Record<'place' | 'pid' | 'startedAt' | 'random', string>>,
): string {
  const [place, pid, startedAt, random] = newOwner().split('-');
  const parts = { place, pid, startedAt, random, ...differing };
  return [parts.place, parts.pid, parts.startedAt, parts.random].join('-');
}

/** The name that a lock's owner would have whose process has ended. */
export async function endedOwner(): Promise<string> {
  return ownerWith({ pid: String(await pidOfEndedProcess()) });
}

/** The name of an owner on another machine. By what is known of processes here, it would have ended. */
export function ownerElsewhere(): string {
  return ownerWith({ place: '0123456789abcdef', startedAt: '1' });
}
