import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ServerPlace } from './test-server.js';

const execute = promisify(execFile);

/** Runs a program of a server's installation until it ends, in the server's folder and under its account. */
export async function runProgram(
  program: string,
  args: readonly string[],
  place: ServerPlace,
): Promise<void> {
  await execute(program, args, { cwd: place.folder, maxBuffer: 8 << 20, ...place.identity });
}
