/** A Node to measure on. */
export interface BenchNode {
  /** Such as `v24.1.0`. */
  readonly version: string;
  /** Its program. */
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

/** The Nodes that bench.mjs found for `--node`; run without it, the one that runs. */
export function readNodes(env: NodeJS.ProcessEnv): BenchNode[] {
  const given = env['BENCH_NODES'];
  if (given === undefined) return [{ version: process.version, path: process.execPath }];
  const nodes: unknown = JSON.parse(given);
  if (!Array.isArray(nodes) || !nodes.every(isNode)) throw new Error('BENCH_NODES is no list of Nodes');
  return nodes;
}
