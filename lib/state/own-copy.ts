import { inOrderOfRemoval } from './removal-order.js';
import { isPlain } from './object-kinds.js';
import { type Values, assertKey, readPath, removePath, writePath } from './values.js';

/**
 * Values that can be changed without touching objects that others hold: what the previous request flashed, what an
 * application flashed under two names, what is on its way to the store. Each object on the way to a change is copied
 * when it is first changed, and only then; so a thousand changes cost one copy and not a thousand.
 */
export class OwnCopy {
  #values: Values;
  /** The objects and lists that were copied here, and so may be changed. Null: not even the outermost one. */
  #copied: Set<object> | null = null;

  constructor(values: Values) {
    this.#values = values;
  }

  /** To be read only. */
  get values(): Values {
    return this.#values;
  }

  get isEmpty(): boolean {
    return Object.keys(this.#values).length === 0;
  }

  /** Hands the values out: what they are now stays so, whatever is changed here from now on. */
  share(): Values {
    this.#copied = null;
    return this.#values;
  }

  /** Stores a value under a name as it is, dots included. */
  set(name: string, value: unknown): void {
    this.#own()[name] = value;
  }

  /** @throws SessionValueError as `writePath` does */
  write(path: string, value: unknown): void {
    assertKey(path);
    this.#ownWayTo(path);
    writePath(this.#values, path, value);
  }

  /** @returns false where there was nothing */
  remove(path: string): boolean {
    if (readPath(this.#values, path) === undefined) return false;
    this.#ownWayTo(path);
    return removePath(this.#values, path);
  }

  #own(): Values {
    if (this.#copied === null) {
      this.#copied = new Set();
      this.#values = { ...this.#values };
    }
    return this.#values;
  }

  #ownWayTo(path: string): void {
    let current: object = this.#own();
    if (!path.includes('.') || Object.hasOwn(current, path)) return;
    for (const segment of path.split('.').slice(0, -1)) {
      const next: unknown = Object.hasOwn(current, segment) ? Reflect.get(current, segment) : undefined;
      if (typeof next !== 'object' || next === null) return;
      const own = this.#ownOf(next);
      if (own !== next) Reflect.set(current, segment, own);
      current = own;
    }
  }

  #ownOf(container: object): object {
    // An instance of a class is what its class makes of it: a copy would be none.
    if (this.#copied?.has(container) === true || !(Array.isArray(container) || isPlain(container)))
      return container;
    const copy = Array.isArray(container) ? [...(container as unknown[])] : { ...container };
    this.#copied?.add(copy);
    return copy;
  }
}

/** A plain object without what is at some paths; an index is that of the list as it is given. The given object stays as it is. */
export function omit(values: Values, paths: readonly string[]): Values {
  const rest = new OwnCopy({ ...values });
  for (const path of inOrderOfRemoval(paths)) rest.remove(path);
  return rest.values;
}
