import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { buildShop } from './build-shop.js';

/** The drivers that need no server. */
export const SHOP_DRIVERS = ['file', 'memory', 'stealth'] as const;
export type ShopDriver = (typeof SHOP_DRIVERS)[number];

/** The sample, running in a process of its own. */
export interface ShopProcess {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** The file with what it has printed so far. */
  readonly log: string;
  /** Stops it as Ctrl-C does, and waits for its end. A second call does nothing. */
  readonly stop: () => Promise<void>;
}

/** A shop that ended before it listened. */
export class ShopDidNotStart extends Error {}

/**
 * Starts the sample as `npm start` does, on a free port. Waits without a time limit: how fast it starts depends
 * on the machine.
 *
 * @param environment added to the variables that every shop here gets
 * @throws ShopDidNotStart with what it printed
 */
export async function startShop(environment: Record<string, string>): Promise<ShopProcess> {
  const main = await buildShop();
  const folder = mkdtempSync(join(tmpdir(), 'session-shop-'));
  const log = join(folder, 'shop.log');
  const output = openSync(log, 'a');
  const { PATH } = process.env;
  const child = spawn(process.execPath, [main], {
    // Only these variables, so that the environment of the test run does not change what the shop does.
    env: {
      ...(PATH && { PATH }),
      PORT: '0',
      NO_COLOR: '1',
      SESSION_FOLDER: join(folder, 'sessions'),
      ...environment,
    },
    cwd: folder,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const exited = once(child, 'exit');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  // A test run that ends before it could stop its shops leaves none behind.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));

  const stop = async (): Promise<void> => {
    if (!hasEnded()) child.kill('SIGINT');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  for (;;) {
    // In this order, so that its last output is read after its exit was seen.
    const isOver = hasEnded();
    const printed = readFileSync(log, 'utf8');
    const port = /The shop is open at http:\/\/localhost:(\d+)/.exec(printed)?.[1];
    if (port !== undefined) return { url: `http://127.0.0.1:${port}`, log, stop };
    if (isOver) {
      await stop();
      throw new ShopDidNotStart(printed);
    }
    await sleep(20);
  }
}
