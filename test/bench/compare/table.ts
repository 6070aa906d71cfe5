import { routes, type Route, type Variant } from '../variants/variant.js';
import type { RoundTrips } from './round-trips.js';
import type { Costs } from './rounds.js';

const heads: Record<Route, string> = { none: 'no cookie', read: 'read', write: 'write' };
const platformNames = { express: 'Express', fastify: 'Fastify' };

function micros(value: number): string {
  return Math.abs(value) < 10 ? value.toFixed(1) : value.toFixed(0);
}

/**
 * A figure, with its share of bare Nest's time, and its limit if it has one. Microseconds vary with the machine; shares
 * vary little.
 */
function cell(value: number, bare: number, limit: number | undefined): string {
  const share = value / bare;
  const bound = limit === undefined ? '' : `, at most ${limit}${share > limit ? ': **missed**' : ''}`;
  return `${value < 0 ? '' : '+'}${micros(value)} (${share.toFixed(2)}${bound})`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** The Markdown table of one platform; '' if none of its variants was measured. */
function platformTable(
  platform: Variant['platform'],
  costs: Costs,
  roundTrips: ReadonlyMap<Variant, RoundTrips>,
  nodeVersion: string,
): string {
  const own = [...costs].filter(([variant]) => variant.platform === platform);
  const bare = own.find(([variant]) => variant.isBare === true)?.[1];
  if (bare === undefined) return '';
  // The budget applies only to the Node it was set for.
  const hasBudget = nodeVersion.startsWith('v24.');
  const withTrips = own.some(([variant]) => roundTrips.has(variant));
  const title = `${platformNames[platform]}, Node ${nodeVersion.slice(1)}: us above bare Nest (share of it)`;
  const lines = own
    .filter(([variant]) => variant.isBare !== true)
    .map(([variant, cost]) => {
      const label = variant.isOurs === true ? `**${variant.label}**` : variant.label;
      const limit = (route: Route): number | undefined => (hasBudget ? variant.budget?.[route] : undefined);
      const trips = roundTrips.get(variant);
      const tripCells = withTrips ? [trips === undefined ? '' : `${trips.read} / ${trips.write}`] : [];
      return row([
        label,
        ...routes.map((route) => cell(cost[route], bare[route], limit(route))),
        ...tripCells,
      ]);
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

/** All results on one Node, as Markdown. */
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
