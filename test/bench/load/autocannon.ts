import autocannon from 'autocannon';
import type { LoadPlan } from './load.js';

export async function loadWithAutocannon(plan: LoadPlan): Promise<number> {
  let clients = 0;
  const result = await autocannon({
    url: `${plan.url}/${plan.path}`,
    connections: plan.connections,
    duration: plan.seconds,
    // One session per connection: two requests of one session never run at the same time.
    setupClient: (client) => {
      const cookie = plan.cookies[clients++ % Math.max(1, plan.cookies.length)];
      if (cookie !== undefined) client.setHeaders({ cookie });
    },
  });
  const failed = result.errors + result.timeouts + result.non2xx;
  if (failed > 0) throw new Error(`/${plan.path}: ${failed} of ${result.requests.total} requests failed`);
  return result.requests.total;
}
