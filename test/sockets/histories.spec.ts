import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { EFFORT, HISTORIES_TIMEOUT_MS } from '../parallel/support/replay.js';
import type { HandlerApp } from '../support/handler-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';
import { LIBRARIES, type Library, SOCKET_LIBRARIES, startGateways } from './gateway-app.js';
import { HistoryGateway, SocketHistoryPlayer } from './support/play-socket-history.js';
import { socketHistories } from './support/socket-history.js';
import { UnevenDriver } from './support/uneven-driver.js';

refuseUnhandledRejections();

/** The suite plays the same histories each time; more effort plays others. */
const steady = (numRuns: number) => (EFFORT === 1 ? { numRuns, seed: 1 } : { numRuns: numRuns * EFFORT });

/** @param sockets serves the sockets; may be the same application */
async function expectNoProblems(
  library: Library,
  store: UnevenDriver,
  [http, sockets]: readonly [HandlerApp, HandlerApp],
  { signsIn, numRuns }: { readonly signsIn: boolean; readonly numRuns: number },
): Promise<void> {
  const begin = (turns: readonly number[]): void => store.take(turns);
  await fc.assert(
    fc.asyncProperty(socketHistories, async (history) => {
      const player = new SocketHistoryPlayer({ http, sockets, library, begin, signsIn });
      await player.play(history);
      expect(player.problems).toEqual([]);
    }),
    steady(numRuns),
  );
}

const optionsFor = (store: UnevenDriver): Partial<SessionModuleOptions> => ({
  driver: 'uneven',
  drivers: { uneven: { useFactory: () => store } },
  sockets: { checkEvery: false },
});

describe.each(SOCKET_LIBRARIES)(
  'sockets of several visitors, on %s by %s',
  { timeout: HISTORIES_TIMEOUT_MS },
  (platform, library) => {
    it('keep what their messages and requests write, and end with their sessions', async () => {
      const store = new UnevenDriver();
      const options = optionsFor(store);
      await using app = await startGateways(platform, library, [HistoryGateway], { options });
      await expectNoProblems(library, store, [app, app], { signsIn: false, numRuns: 8 });
    });
  },
);

describe.each(LIBRARIES)('sockets by %s', { timeout: HISTORIES_TIMEOUT_MS }, (library) => {
  it('do so in another process than the requests, where they notice an end at their next message', async () => {
    const store = new UnevenDriver();
    const options = optionsFor(store);
    await using http = await startGateways('express', library, [], { options });
    await using sockets = await startGateways('fastify', library, [HistoryGateway], { options });
    await expectNoProblems(library, store, [http, sockets], { signsIn: false, numRuns: 4 });
  });

  it('do so for users whose sealed sessions have a ledger', async () => {
    const store = new UnevenDriver();
    const options = { ...optionsFor(store), driver: 'stealth', stealth: { ledger: 'uneven' } };
    await using app = await startGateways('fastify', library, [HistoryGateway], { options });
    await expectNoProblems(library, store, [app, app], { signsIn: true, numRuns: 4 });
  });
});
