import { MAX_DEPTH, type Values, isPlainValues } from './values.js';

/** A value, and the path to it from the object that it was found in. */
type Leaf = readonly [path: string, value: unknown];

/**
 * What `merge` puts, each at its own place: all that is no plain object, and plain objects with nothing in them. An
 * object that contains itself, or lies deeper than a session takes, is a leaf, too: the commit refuses it by its path.
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
  return isPlainValues(value) && !isEmpty(value);
}

/** Whether a leaf is a plain object with nothing in it. */
export function isEmptyBranch(value: unknown): boolean {
  return isPlainValues(value) && isEmpty(value);
}

function isEmpty(values: Values): boolean {
  return Object.keys(values).length === 0;
}
