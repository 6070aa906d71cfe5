import { describe } from 'vitest';
import { ensure, externalUrl, type Piece } from './ensure.js';
import { sharedServersUrl } from './shared-server.js';

export interface DescribeWithOptions {
  /** True if the tests pause, kill or restart the server: they cannot run on one that the environment names. */
  readonly controlsServer?: boolean;
}

/**
 * `describe` for tests that need real servers. If one is missing and cannot be installed, the tests are skipped and the
 * reason is printed; with `CI=true` they run anyway, and so fail.
 *
 * @example
 * describeWith(['redis'], 'the redis driver', () => { ... });
 */
export function describeWith(
  pieces: readonly Piece[],
  name: string,
  body: () => void,
  options: DescribeWithOptions = {},
): void {
  if (pieces.length > 0) sharedServersUrl();
  const missing = pieces.map(ensure).find((trouble) => trouble !== null);
  const foreign =
    options.controlsServer === true ? pieces.find((piece) => externalUrl(piece) !== undefined) : undefined;
  const reason =
    foreign === undefined
      ? missing
      : `it stops ${foreign}, which is not done to a server that the environment names`;
  if (reason !== undefined) console.warn(`"${name}" cannot run here: ${reason}`);
  const mustRun = process.env['CI'] === 'true' && foreign === undefined;
  const suite = reason === undefined || mustRun ? describe : describe.skip;
  suite(reason === undefined ? name : `${name} (${reason})`, body);
}
