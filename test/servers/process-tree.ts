import { readFileSync } from 'node:fs';

/**
 * A process and all that it started, parents first. PostgreSQL answers each connection from a process of its own, in a
 * session of its own, so neither the parent's id nor its process group reaches them.
 */
export function processTree(pid: number): number[] {
  let children: number[] = [];
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    children = text.split(' ').filter(Boolean).map(Number);
  } catch {
    // No /proc here (macOS), or the process has just ended: it has no children that we could know of.
  }
  return [pid, ...children.flatMap(processTree)];
}

/** Sends a signal to a process and all that it started; what has already ended is passed over. */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  for (const each of processTree(pid)) {
    try {
      process.kill(each, signal);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}
