import { availableParallelism } from 'node:os';
import { findProgram } from '../../servers/ensure.js';

const taskset = availableParallelism() > 1 ? findProgram('taskset') : null;

/** Whether servers and load each have their own core. */
export const hasCores = taskset !== null;

/** The command to run a program on the core of the servers (0) or of the load (1), if cores can be chosen. */
export function onCore(core: 0 | 1, command: readonly string[]): [string, ...string[]] {
  const [program = '', ...rest] = command;
  return taskset === null ? [program, ...rest] : [taskset, '-c', String(core), program, ...rest];
}
