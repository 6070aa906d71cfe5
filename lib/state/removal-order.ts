/** A path that may lead to an item of a list. */
const INDEXED = /\.\d+(?:\.|$)/;

/**
 * Paths that are named in one call, in an order in which what is at them can be removed one by one: each index means the item of
 * the list as it was, so later items go before earlier ones, and what lies in an item before the item itself. Each path once.
 */
export function inOrderOfRemoval(paths: readonly string[]): readonly string[] {
  if (paths.length < 2 || !paths.some((path) => INDEXED.test(path))) return paths;
  return [...new Set(paths)]
    .map((path) => path.split('.'))
    .toSorted(laterFirst)
    .map((segments) => segments.join('.'));
}

function laterFirst(one: readonly string[], other: readonly string[]): number {
  const differing = one.findIndex((segment, index) => segment !== other[index]);
  const [ofOne, ofOther] = [one[differing], other[differing]];
  if (ofOne === undefined || ofOther === undefined) return other.length - one.length;
  const distance = indexOf(ofOther) - indexOf(ofOne);
  if (distance !== 0) return distance;
  return ofOne < ofOther ? -1 : 1;
}

/** A name is no index, and goes behind all of them. */
function indexOf(segment: string): number {
  return /^\d+$/.test(segment) ? Number(segment) : -1;
}
