import fc from 'fast-check';
import { expect } from 'vitest';
import { EFFORT } from '../../parallel/support/replay.js';
import type { HandlerApp } from '../../support/handler-app.js';
import { browserOf } from './history-visitors.js';
import { SocketHistoryPlayer, type SocketStage } from './play-socket-history.js';
import { socketHistories } from './socket-history.js';
import type { UnevenDriver } from './uneven-driver.js';

/** Each test plays the same histories each time, and others than the next one; more effort plays new ones. */
function steady(numRuns: number): { numRuns: number; seed?: number } {
  if (EFFORT !== 1) return { numRuns: numRuns * EFFORT };
  const { currentTestName = '' } = expect.getState();
  return {
    numRuns,
    seed: Buffer.from(currentTestName).reduce((sum, each) => (sum * 31 + each) | 0, 0),
  };
}

interface Played {
  readonly connect: SocketStage['connect'];
  /** Default: one whose calls take what they take. */
  readonly store?: UnevenDriver;
  readonly http: HandlerApp;
  /** Serves the sockets; may be the same application. */
  readonly sockets?: HandlerApp;
  /** Default: browsers. */
  readonly visitor?: SocketStage['visitor'];
  readonly hasGateway?: boolean;
  readonly signsIn?: boolean;
  readonly numRuns: number;
}

export async function expectNoProblems({ connect, store, http, numRuns, ...rest }: Played): Promise<void> {
  const stage: SocketStage = {
    http,
    sockets: rest.sockets ?? http,
    connect,
    visitor: rest.visitor ?? (() => browserOf(http)),
    hasGateway: rest.hasGateway !== false,
    begin: (turns) => store?.take(turns),
    signsIn: rest.signsIn === true,
  };
  await fc.assert(
    fc.asyncProperty(socketHistories, async (history) => {
      const player = new SocketHistoryPlayer(stage);
      await player.play(history);
      expect(player.problems).toEqual([]);
    }),
    steady(numRuns),
  );
}
