import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { hasEnded, newOwner } from '../../../lib/drivers/file/lock-owner.js';
import { endedOwner, ownerElsewhere, ownerWith } from './ended-process.js';

/** When a process started, as Linux counts it. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

describe('the owner of a lock', () => {
  it('never gets the name of another', () => {
    const names = Array.from({ length: 1_000 }, newOwner);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has not ended while its process runs', async () => {
    expect(await hasEnded(newOwner())).toBe(false);
  });

  it('has ended when its process has', async () => {
    expect(await hasEnded(await endedOwner())).toBe(true);
  });

  it.runIf(process.platform === 'linux')(
    'has ended when its process was killed and nobody has asked for its end yet',
    async () => {
      // The shell starts a child, tells its number and never waits for it: once killed, that child stays a zombie.
      const shell = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      try {
        const [output]: unknown[] = await once(shell.stdout, 'data');
        const pid = Number(String(output));
        const owner = ownerWith({ pid: String(pid), startedAt: await startOf(pid) });
        expect(await hasEnded(owner)).toBe(false);
        process.kill(pid, 'SIGKILL');
        await expect.poll(() => hasEnded(owner)).toBe(true);
        expect(process.kill(pid, 0), 'its number is still taken').toBe(true);
      } finally {
        shell.kill('SIGKILL');
      }
    },
  );

  it.runIf(process.platform === 'linux')('has ended when its number belongs to a later process', async () => {
    expect(await hasEnded(ownerWith({ startedAt: '1' }))).toBe(true);
  });

  it('may live where its process cannot be seen: on another machine or in another container', async () => {
    expect(await hasEnded(ownerElsewhere())).toBe(false);
  });

  it.each(['', 'x', '..', '0-0-0-0', `${newOwner()}x`])(
    'is not judged by a name of another kind: "%s"',
    async (name) => {
      expect(await hasEnded(name)).toBe(false);
    },
  );
});
