import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { newOwner } from '../../../lib/drivers/file/lock-taking.js';

/** The id of a process that has just ended. */
async function pidOfEndedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  if (child.pid === undefined) throw new Error('The child process did not start.');
  return child.pid;
}

/** The name of a lock's owner, with some parts replaced. */
export function ownerWith(differing: Partial<Record<'place' | 'pid', string>>): string {
  const [place, pid, random] = newOwner().split('-');
  const parts = { place, pid, ...differing };
  return [parts.place, parts.pid, random].join('-');
}

/** The owner name of a process that has ended. */
export async function endedOwner(): Promise<string> {
  return ownerWith({ pid: String(await pidOfEndedProcess()) });
}

/** An owner name from another machine, with the process id of a process that has ended here. */
export async function ownerElsewhere(): Promise<string> {
  return ownerWith({ place: '0123456789abcdef', pid: String(await pidOfEndedProcess()) });
}
