import { isPlain } from './object-kinds.js';
import type { Values } from './values.js';

/**
 * A set of dot paths, each of which includes everything below it. It is a tree, so that the cost of a lookup
 * depends on the length of the name, and not on the number of paths.
 */
export class PathTree {
  readonly #below = new Map<string, PathTree>();
  #whole = false;

  static of(paths: readonly string[]): PathTree {
    const tree = new PathTree();
    for (const path of paths) tree.add(path);
    return tree;
  }

  /** Whether a path of the set ends here, so that everything below belongs to the set. */
  get whole(): boolean {
    return this.#whole;
  }

  add(path: string): void {
    let below = this.#below;
    let node: PathTree | undefined;
    for (const segment of path.split('.')) {
      node = below.get(segment);
      if (node === undefined) below.set(segment, (node = new PathTree()));
      below = node.#below;
    }
    if (node !== undefined) node.#whole = true;
  }

  /** Removes a path and all paths below it. A path above it stays. */
  delete(path: string): void {
    const segments = path.split('.');
    const last = segments.pop() ?? '';
    let below = this.#below;
    for (const segment of segments) {
      const node = below.get(segment);
      if (node === undefined) return;
      below = node.#below;
    }
    below.delete(last);
  }

  /** The node that a path leads to, or the node of a path of the set above it. Null if there is none. */
  find(path: string): PathTree | null {
    if (this.#below.size === 0) return null;
    let below = this.#below;
    let found: PathTree | null = null;
    for (const segment of path.split('.')) {
      found = below.get(segment) ?? null;
      if (found === null || found.#whole) return found;
      below = found.#below;
    }
    return found;
  }
}

/**
 * The values except those at the paths of a tree. Names with dots count as paths. Values off the tree's paths
 * are shared with the original. A list without some of its items is an object, so that the others keep their
 * index.
 */
export function without(values: Values, tree: PathTree): Values {
  const rest: Values = {};
  for (const [name, value] of Object.entries(values)) {
    const node = tree.find(name);
    if (node === null) rest[name] = value;
    else if (!node.whole) rest[name] = withoutInside(value, node);
  }
  return rest;
}

function withoutInside(value: unknown, tree: PathTree): unknown {
  if (!isWalkable(value)) return value;
  const rest = without({ ...value }, tree);
  const kept: unknown[] = Object.values(rest);
  return Array.isArray(value) && [0, value.length].includes(kept.length) ? kept : rest;
}

/** Only the values at the paths of a tree, each in its place; items of lists are in objects, by index. */
export function within(values: Values, tree: PathTree): Values {
  const picked: Values = {};
  for (const [name, value] of Object.entries(values)) {
    const node = tree.find(name);
    if (node === null) continue;
    if (node.whole) {
      picked[name] = value;
    } else if (isWalkable(value)) {
      const inside = within({ ...value }, node);
      if (Object.keys(inside).length > 0) picked[name] = inside;
    }
  }
  return picked;
}

function isWalkable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && (Array.isArray(value) || isPlain(value));
}
