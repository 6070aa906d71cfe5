import { parseArgs } from 'node:util';
import { catalogue, findVariant } from '../variants/catalogue.js';
import type { Variant } from '../variants/variant.js';

export interface CompareOptions {
  readonly variants: readonly Variant[];
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

export const usage = `npm run bench -- [options]

  --stores              also redis, database and file, each beside its like, with their round trips
  --only <names>        only these variants (separated by commas); bare Nest comes along
  --node 24|own|both    the Node to run on; default both
  --rounds <n>          how often each is measured; default 7
  --seconds <n>         how long each time, in whole seconds; default 2
  --connections <n>     how many requests run at a time; default 16
  --quick               3 rounds of 1 second
  --no-build            the package as it was built last
  --list                the names of the variants`;

function positive(text: string | undefined, name: string, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} takes a whole number from 1, not "${text}"`);
  return value;
}

/** The named variants, in the order of the catalogue, each with the bare variant of its platform. */
function choose(only: string | undefined, withStores: boolean): Variant[] {
  if (only === undefined) return catalogue.filter((variant) => withStores || variant.isStore !== true);
  const named = only.split(',').map((name) => findVariant(name.trim()));
  return catalogue.filter(
    (variant) =>
      named.includes(variant) ||
      (variant.isBare === true && named.some(({ platform }) => platform === variant.platform)),
  );
}

/** @throws Error for an option that is unknown or wrong */
export function readOptions(args: string[]): CompareOptions | 'help' | 'list' {
  const { values } = parseArgs({
    args,
    options: {
      stores: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (values.list) return 'list';
  return {
    variants: choose(values.only, values.stores),
    rounds: positive(values.rounds, 'rounds', values.quick ? 3 : 7),
    seconds: positive(values.seconds, 'seconds', values.quick ? 1 : 2),
    connections: positive(values.connections, 'connections', 16),
  };
}
