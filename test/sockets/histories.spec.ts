import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EFFORT } from '../parallel/support/replay.js';
import type { HandlerApp } from '../support/handler-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';
import { SOCKET_LIBRARIES, startGateways } from './gateway-app.js';
import { HistoryGateway, SocketHistoryPlayer } from './support/play-socket-history.js';
import { socketHistories } from './support/socket-history.js';
import { UnevenDriver } from './support/uneven-driver.js';

refuseUnhandledRejections();

/** The suite plays the same histories each time; more effort plays others. */
const STEADY = EFFORT === 1 ? { numRuns: 10, seed: 1 } : { numRuns: 10 * EFFORT };

describe.each(SOCKET_LIBRARIES)('sockets of several visitors, on %s by %s', (platform, library) => {
  const store = new UnevenDriver();
  let app: HandlerApp;

  beforeAll(async () => {
    app = await startGateways(platform, library, [HistoryGateway], {
      options: {
        driver: 'uneven',
        drivers: { uneven: { useFactory: () => store } },
        sockets: { checkEvery: false },
      },
    });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it('keep what their messages and requests write, and end with their sessions', async () => {
    await fc.assert(
      fc.asyncProperty(socketHistories, async (history) => {
        const player = new SocketHistoryPlayer({
          http: app,
          sockets: app,
          library,
          begin: (turns) => store.take(turns),
          signsIn: false,
        });
        await player.play(history);
        expect(player.problems).toEqual([]);
      }),
      STEADY,
    );
  });
});
