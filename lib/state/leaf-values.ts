import { MAX_DEPTH, type Values, isPlainValues } from './values.js';

/** A value, and its path from the outermost object. */
type Leaf = readonly [path: string, value: unknown];

/**
 * The leaves that `merge` puts, each at its own path: everything except plain objects, and empty plain
 * objects. An object that contains itself, or is nested deeper than a session allows, is a leaf too: the
 * commit refuses it and names its path.
 */
export function leafValuesOf(values: Values): Leaf[] {
  const leaves: Leaf[] = [];
  collect(values, '', [], leaves);
  return leaves;
}

function collect(values: Values, prefix: string, parents: readonly Values[], leaves: Leaf[]): void {
  const within = [...parents, values];
  for (const [key, value] of Object.entries(values)) {
    const path = `${prefix}${key}`;
    if (isBranch(value) && !within.includes(value) && within.length < MAX_DEPTH) {
      collect(value, `${path}.`, within, leaves);
    } else {
      leaves.push([path, value]);
    }
  }
}

function isBranch(value: unknown): value is Values {
  return isPlainValues(value) && Object.keys(value).length > 0;
}

/** Whether a leaf is an empty plain object. */
export function isEmptyBranch(value: unknown): boolean {
  return isPlainValues(value) && Object.keys(value).length === 0;
}
