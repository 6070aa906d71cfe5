import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const RUN = fileURLToPath(new URL('matrix/run.mjs', import.meta.url));

function run(...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [RUN, ...args], { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

describe('npm run test:matrix', () => {
  it.each(['--help', '-h'])('prints its usage with %s, and runs nothing', (option) => {
    const { status, said } = run(option);
    expect(status).toBe(0);
    expect(said).toMatch(/^Runs the end-to-end tests .*\n\n {4}npm run test:matrix +all of them\n/);
    expect(said).not.toContain('===');
  });

  it.each([
    [['--nodes', '22'], "Unknown option '--nodes'"],
    [['--nest', '10'], "--nest got '10'; it takes 11, 12, several of them separated by commas."],
    [['--node', '20,'], "--node got ''; it takes 20, 22, 24, 26, several of them separated by commas."],
  ])('says what is wrong with %j, prints its usage, and runs nothing', (args, wrong) => {
    const { status, said } = run(...args);
    expect(status).toBe(2);
    expect(said).toContain(wrong);
    expect(said).toContain('npm run test:matrix -- --nest 11 --node 20,22');
    expect(said).not.toMatch(/===|at .*\.mjs/);
  });
});
