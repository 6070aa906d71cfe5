import { load } from '../load/load.js';
import type { ServerProcess } from '../server/server-process.js';
import { seedSessions } from '../server/visitor.js';
import { routes, type Cost, type Route, type Variant } from '../variants/variant.js';
import type { CompareOptions } from './options.js';

/** More sessions than connections, so that no two concurrent requests share a session. */
const sessionsPerConnection = 4;

export interface Contestant {
  readonly variant: Variant;
  readonly server: ServerProcess;
}

/** How long each server is loaded on each route before the first round, so that its code is compiled. */
const warmUpSeconds = 3;

/** The cost of each variant in CPU microseconds per request: in full for the bare ones, above bare for the others. */
export type Costs = ReadonlyMap<Variant, Cost>;

/** The server's CPU microseconds per request, on one route, during one period of load. */
export async function measure(
  { variant, server }: Contestant,
  route: Route,
  { seconds, connections }: Pick<CompareOptions, 'seconds' | 'connections'>,
): Promise<number> {
  const withCookie = route !== 'none' && variant.hasNoSession !== true;
  const cookies = withCookie ? await seedSessions(server.url, connections * sessionsPerConnection) : [];
  const before = await server.ask('cpu');
  const answered = await load({ url: server.url, path: route, cookies, connections, seconds });
  const after = await server.ask('cpu');
  return (after - before) / answered;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * Measures all variants in turn, round by round, every second round in reverse, so that changes of the machine affect
 * all alike. The cost above bare Nest is computed within each round; the result is the median of all rounds.
 */
export async function runRounds(
  contestants: readonly Contestant[],
  options: CompareOptions,
  report: (line: string) => void,
): Promise<Costs> {
  const samples = new Map<Variant, Record<Route, number[]>>();
  for (const { variant } of contestants) samples.set(variant, { none: [], read: [], write: [] });

  const warmUps = Math.ceil(warmUpSeconds / options.seconds);
  for (let round = 1 - warmUps; round <= options.rounds; round++) {
    const isWarmUp = round < 1;
    for (const route of routes) {
      const order = round % 2 === 0 ? contestants : contestants.toReversed();
      for (const contestant of order) {
        // Measured one at a time on purpose.
        const micros = await measure(contestant, route, options);
        if (!isWarmUp) samples.get(contestant.variant)?.[route].push(micros);
        report(
          `${isWarmUp ? 'warm-up' : `round ${round}`}  ${route.padEnd(5)}  ${contestant.variant.name.padEnd(18)} ${micros.toFixed(1)} us`,
        );
      }
    }
  }

  const costs = new Map<Variant, Cost>();
  for (const { variant } of contestants) {
    const bare = contestants.find(
      (other) => other.variant.isBare && other.variant.platform === variant.platform,
    );
    const cost = (route: Route): number => {
      const own = samples.get(variant)?.[route] ?? [];
      const base =
        bare === undefined || bare.variant === variant ? undefined : samples.get(bare.variant)?.[route];
      return median(own.map((micros, round) => micros - (base?.[round] ?? 0)));
    };
    costs.set(variant, { none: cost('none'), read: cost('read'), write: cost('write') });
  }
  return costs;
}
