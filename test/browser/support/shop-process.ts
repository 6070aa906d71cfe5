import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildShop } from './build-shop.js';

const START_TIMEOUT_MS = 60_000;

/** The sample, running in a process of its own. */
export interface ShopProcess {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** What it has printed so far. */
  readonly output: () => string;
  /** Stops it as Ctrl-C does, and waits for its end. A second call does nothing. */
  readonly stop: () => Promise<void>;
}

/** A shop that ended before it listened. */
export class ShopDidNotStart extends Error {}

/**
 * Starts the sample as `npm start` does, on a free port.
 *
 * @param environment added to the variables that every shop here gets
 * @throws ShopDidNotStart with what it printed
 */
export async function startShop(environment: Record<string, string>): Promise<ShopProcess> {
  const main = await buildShop();
  const folder = mkdtempSync(join(tmpdir(), 'session-shop-'));
  const { PATH } = process.env;
  const child = spawn(process.execPath, [main], {
    // Only what is named here, so that no variable of whoever runs the tests changes what the shop does.
    env: {
      ...(PATH && { PATH }),
      PORT: '0',
      NO_COLOR: '1',
      SESSION_FOLDER: join(folder, 'sessions'),
      ...environment,
    },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  // A test run that ends before it could stop its shops leaves none behind.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  let printed = '';
  const keep = (chunk: Buffer): void => void (printed += chunk.toString());
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);

  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const address = new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new ShopDidNotStart(`No address after ${START_TIMEOUT_MS} ms:\n${printed}`)),
      START_TIMEOUT_MS,
    );
    child.stdout.on('data', () => {
      const port = /The shop is open at http:\/\/localhost:(\d+)/.exec(printed)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(`http://127.0.0.1:${port}`);
    });
    child.once('exit', () => {
      clearTimeout(timer);
      reject(new ShopDidNotStart(printed));
    });
  });
  try {
    return { url: await address, output: () => printed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
