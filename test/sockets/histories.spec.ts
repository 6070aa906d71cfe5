import { describe, it } from 'vitest';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { HISTORIES_TIMEOUT_MS } from '../parallel/support/replay.js';
import type { HandlerApp } from '../support/handler-app.js';
import { HEADER } from '../support/header-client.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';
import { LIBRARIES, SOCKET_LIBRARIES, startGateways } from './gateway-app.js';
import { CookieJar, browserOf, clientsOf, headerClientOf } from './support/history-visitors.js';
import { HistoryGateway, type SocketStage } from './support/play-socket-history.js';
import { expectNoProblems } from './support/expect-no-problems.js';
import { UnevenDriver } from './support/uneven-driver.js';

refuseUnhandledRejections();

const optionsFor = (store: UnevenDriver): Partial<SessionModuleOptions> => ({
  driver: 'uneven',
  drivers: { uneven: { useFactory: () => store } },
  sockets: { checkEvery: false },
});

/** Visitors of the tenants `a.test` and `b.test`, by turns. */
const tenants =
  (app: HandlerApp): SocketStage['visitor'] =>
  (index) =>
    browserOf(app, new CookieJar({ host: index % 2 === 0 ? 'a.test' : 'b.test' }));

describe.each(SOCKET_LIBRARIES)(
  'sockets of several visitors, on %s by %s',
  { timeout: HISTORIES_TIMEOUT_MS },
  (platform, library) => {
    it('keep what their messages and requests write, and end with their sessions', async () => {
      const store = new UnevenDriver();
      const options = optionsFor(store);
      await using http = await startGateways(platform, library, [HistoryGateway], { options });
      await expectNoProblems({ connect: clientsOf(library), store, http, numRuns: 8 });
    });
  },
);

describe.each(LIBRARIES)('sockets by %s', { timeout: HISTORIES_TIMEOUT_MS }, (library) => {
  it('do so in another process than the requests, where they notice an end at their next message', async () => {
    const store = new UnevenDriver();
    const options = optionsFor(store);
    await using http = await startGateways('express', library, [], { options });
    await using sockets = await startGateways('fastify', library, [HistoryGateway], { options });
    await expectNoProblems({ connect: clientsOf(library), store, http, sockets, numRuns: 4 });
  });

  it('do so for users whose sealed sessions have a ledger', async () => {
    const store = new UnevenDriver();
    const options = { ...optionsFor(store), driver: 'stealth', stealth: { ledger: 'uneven' } };
    await using http = await startGateways('fastify', library, [HistoryGateway], { options });
    await expectNoProblems({ connect: clientsOf(library), store, http, signsIn: true, numRuns: 4 });
  });

  it('do so for clients that send their token in a header', async () => {
    const store = new UnevenDriver();
    const options = { ...optionsFor(store), header: HEADER };
    await using http = await startGateways('express', library, [HistoryGateway], { options });
    await expectNoProblems({
      connect: clientsOf(library),
      store,
      http,
      visitor: () => headerClientOf(http),
      numRuns: 4,
    });
  });

  it('do so for the visitors of each tenant', async () => {
    const store = new UnevenDriver();
    const options: Partial<SessionModuleOptions> = {
      ...optionsFor(store),
      cookie: { name: ({ hostname }) => hostname.replace('.test', ''), domain: ({ hostname }) => hostname },
    };
    await using http = await startGateways('fastify', library, [HistoryGateway], { options });
    await expectNoProblems({ connect: clientsOf(library), store, http, visitor: tenants(http), numRuns: 4 });
  });
});
