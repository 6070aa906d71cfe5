import { describe, it } from 'vitest';
import { expectNoProblems } from '../sockets/support/expect-no-problems.js';
import { UnevenDriver } from '../sockets/support/uneven-driver.js';
import { HISTORIES_TIMEOUT_MS } from '../parallel/support/replay.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';
import {
  HistoryMutations,
  HistoryParts,
  HistoryQueries,
  HistorySubscriptions,
  graphqlClient,
  graphqlVisitorOf,
  typeDefs,
} from './history-app.js';
import { SERVERS, startSubscriptions } from './subscription-app.js';

refuseUnhandledRejections();

/** Lets Apollo, and Mercurius, take several operations in one request. */
const BATCHES: object = { allowBatchedHttpRequests: true, allowBatchedQueries: true };

describe.each(SERVERS)(
  'operations of several visitors, by %s',
  { timeout: HISTORIES_TIMEOUT_MS },
  (_name, platform, options) => {
    it('keep what they write over HTTP and WebSockets, and end with their sessions', async () => {
      const store = new UnevenDriver();
      await using http = await startSubscriptions(
        platform,
        { ...options, ...BATCHES, typeDefs },
        {
          providers: [HistoryQueries, HistoryMutations, HistoryParts, HistorySubscriptions],
          options: {
            driver: 'uneven',
            drivers: { uneven: { useFactory: () => store } },
            sockets: { checkEvery: false },
          },
        },
      );
      await expectNoProblems({
        store,
        http,
        connect: graphqlClient,
        visitor: () => graphqlVisitorOf(http.url),
        hasGateway: false,
        numRuns: 8,
      });
    });
  },
);
