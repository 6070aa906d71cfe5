import { it, onTestFinished } from 'vitest';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { HISTORIES_TIMEOUT_MS } from '../parallel/support/replay.js';
import { describeWith, startRedis } from '../servers/index.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';
import { LIBRARIES, startGateways } from './gateway-app.js';
import { expectNoProblems } from './support/expect-no-problems.js';
import { clientsOf } from './support/history-visitors.js';
import { HistoryGateway } from './support/play-socket-history.js';

refuseUnhandledRejections();

describeWith(['redis'], 'sockets of two applications on one Redis', () => {
  it.each(LIBRARIES)(
    'do so by %s, where each application hears of the ends in the other',
    async (library) => {
      const redis = await startRedis();
      onTestFinished(() => redis.stop());
      const options: Partial<SessionModuleOptions> = { driver: 'redis', redis: { url: redis.url } };
      await using http = await startGateways('express', library, [], { options });
      await using sockets = await startGateways('fastify', library, [HistoryGateway], { options });
      await expectNoProblems({ connect: clientsOf(library), http, sockets, numRuns: 4 });
    },
    HISTORIES_TIMEOUT_MS,
  );
});
