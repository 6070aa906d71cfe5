import { readdirSync, readFileSync } from 'node:fs';

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

/**
 * Stops a process and all that it started, and returns when none of their threads runs any more: a signal is only on its way
 * when it has been sent, and on a busy machine a server still answers for a while.
 */
export function stopTree(pid: number): void {
  signalTree(pid, 'SIGSTOP');
  while (!processTree(pid).every(isStopped)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

/** True as well where there is no /proc to ask, and for a process that has ended. */
function isStopped(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      // The state stands behind the name, which is in brackets and may have any character (proc(5)).
      return /^[tTZX]$/.test(stat.charAt(stat.lastIndexOf(')') + 2));
    });
  } catch {
    return true;
  }
}
