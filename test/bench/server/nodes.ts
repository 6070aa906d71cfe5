/** A version of Node to measure. */
export interface BenchNode {
  /** Such as `v24.1.0`. */
  readonly version: string;
  /** The path of its executable. */
  readonly path: string;
}

function isNode(value: unknown): value is BenchNode {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    typeof value.version === 'string' &&
    'path' in value &&
    typeof value.path === 'string'
  );
}

/** The versions that bench.mjs found for `--node`; without bench.mjs, the running one. */
export function readNodes(env: NodeJS.ProcessEnv): BenchNode[] {
  const given = env['BENCH_NODES'];
  if (given === undefined) return [{ version: process.version, path: process.execPath }];
  const nodes: unknown = JSON.parse(given);
  if (!Array.isArray(nodes) || !nodes.every(isNode)) throw new Error('BENCH_NODES is no list of Nodes');
  return nodes;
}
