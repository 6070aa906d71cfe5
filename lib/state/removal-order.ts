/** A path that may lead to an item of a list. */
const INDEXED = /\.\d+(?:\.|$)/;

/**
 * Sorts the paths of one call so that their values can be removed one by one. Indexes refer to the list as it
 * was before the call, so later items are removed before earlier ones, and values in an item before the item
 * itself. If no path has an index, the paths are returned as they are.
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

/** Names are not indexes, and come after all of them. */
function indexOf(segment: string): number {
  return /^\d+$/.test(segment) ? Number(segment) : -1;
}
