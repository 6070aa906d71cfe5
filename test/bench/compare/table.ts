import { routes, type Route, type Variant } from '../variants/variant.js';
import type { RoundTrips } from './round-trips.js';
import type { Costs } from './rounds.js';

const heads: Record<Route, string> = { none: 'no cookie', read: 'read', write: 'write' };
const platformNames = { express: 'Express', fastify: 'Fastify' };

function micros(value: number): string {
  return Math.abs(value) < 10 ? value.toFixed(1) : value.toFixed(0);
}

/** What bare Nest takes on the machine and the Node that the budget was set on, in us per request. */
const bareOfBudget = { express: 22, fastify: 13 };

/**
 * A figure, with its limit where it has one.
 *
 * @param pace how many times as long bare Nest takes here as where the budget was set: figures move with the machine,
 * and the limit with them
 */
function cell(value: number, limit: number | undefined, pace: number): string {
  const figure = `${value < 0 ? '' : '+'}${micros(value)}`;
  if (limit === undefined) return figure;
  const limitHere = limit * pace;
  return `${figure} (at most ${limit}, here ${micros(limitHere)}${value > limitHere ? ': **missed**' : ''})`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** The Markdown table of one platform; '' where none of its variants was measured. */
function platformTable(
  platform: Variant['platform'],
  costs: Costs,
  roundTrips: ReadonlyMap<Variant, RoundTrips>,
  nodeVersion: string,
): string {
  const own = [...costs].filter(([variant]) => variant.platform === platform);
  const bare = own.find(([variant]) => variant.isBare === true)?.[1];
  if (bare === undefined) return '';
  const pace = (bare.none + bare.read + bare.write) / 3 / bareOfBudget[platform];
  // The budget holds on the Node it was set for.
  const hasBudget = nodeVersion.startsWith('v24.');
  const withTrips = own.some(([variant]) => roundTrips.has(variant));
  const title = `${platformNames[platform]}, Node ${nodeVersion.slice(1)}: us above bare Nest`;
  const lines = own
    .filter(([variant]) => variant.isBare !== true)
    .map(([variant, cost]) => {
      const label = variant.isOurs === true ? `**${variant.label}**` : variant.label;
      const limit = (route: Route): number | undefined => (hasBudget ? variant.budget?.[route] : undefined);
      const trips = roundTrips.get(variant);
      const tripCells = withTrips ? [trips === undefined ? '' : `${trips.read} / ${trips.write}`] : [];
      return row([label, ...routes.map((route) => cell(cost[route], limit(route), pace)), ...tripCells]);
    });
  const tripHead = withTrips ? ['round trips: read / write'] : [];
  const head = [title, ...routes.map((route) => heads[route]), ...tripHead];
  const bareCells = [
    `bare Nest itself`,
    ...routes.map((route) => micros(bare[route])),
    ...tripHead.map(() => ''),
  ];
  return [row(head), row(head.map(() => '---')), row(bareCells), ...lines].join('\n');
}

/** Everything that was measured on one Node, as Markdown. */
export function renderTables(
  costs: Costs,
  roundTrips: ReadonlyMap<Variant, RoundTrips>,
  nodeVersion: string,
): string {
  return (['express', 'fastify'] as const)
    .map((platform) => platformTable(platform, costs, roundTrips, nodeVersion))
    .filter((table) => table !== '')
    .join('\n\n');
}
