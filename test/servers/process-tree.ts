import { readdirSync, readFileSync } from 'node:fs';

/**
 * A process and all its descendants, parents first. PostgreSQL serves each connection from a process in a session of
 * its own, which neither the parent's id nor its process group reaches.
 */
export function processTree(pid: number): number[] {
  let children: number[] = [];
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    children = text.split(' ').filter(Boolean).map(Number);
  } catch {
    // There is no /proc (macOS), or the process has just ended: no children can be found.
  }
  return [pid, ...children.flatMap(processTree)];
}

/** Sends a signal to a process and all its descendants, ignoring those that have ended. */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  for (const each of processTree(pid)) {
    try {
      process.kill(each, signal);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

/**
 * Stops a process and all its descendants, and returns once none of their threads is running. A signal takes effect
 * with a delay: on a busy machine a server still answers for a while.
 */
export function stopTree(pid: number): void {
  signalTree(pid, 'SIGSTOP');
  while (!processTree(pid).every(isStopped)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

/** Also true without /proc, and for a process that has ended. */
function isStopped(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      // The state follows the name, which is in parentheses and may contain any character (proc(5)).
      return /^[tTZX]$/.test(stat.charAt(stat.lastIndexOf(')') + 2));
    });
  } catch {
    return true;
  }
}
