import { deepCopy } from './deep-copy.js';
import { inOrderOfRemoval } from './removal-order.js';
import { isPlain } from './object-kinds.js';
import { type Values, assertKey, isLiteral, readPath, removePath, writePath } from './values.js';

/**
 * Copy-on-write values: they can be changed without touching objects that others hold, such as messages of
 * the previous request, an object flashed under two names, or a payload about to be stored. Each object on
 * the path of a change is copied the first time only, so a thousand changes cost one copy.
 */
export class OwnCopy {
  #values: Values;
  /**
   * The objects and lists that were copied here, and so may be changed. Null if not even the outermost one
   * was.
   */
  #copied: Set<object> | null = null;

  constructor(values: Values) {
    this.#values = values;
  }

  /** Read-only. */
  get values(): Values {
    return this.#values;
  }

  get isEmpty(): boolean {
    return Object.keys(this.#values).length === 0;
  }

  /** Returns the values as a snapshot: later changes here do not affect it. */
  share(): Values {
    this.#copied = null;
    return this.#values;
  }

  /** Stores a value under a literal name, dots included. */
  set(name: string, value: unknown): void {
    this.#own()[name] = value;
  }

  /** @throws SessionValueError as `writePath` does */
  write(path: string, value: unknown): void {
    assertKey(path);
    this.#ownWayTo(path);
    writePath(this.#values, path, value);
  }

  /** @returns false if there was none */
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
    const own = this.#own();
    if (isLiteral(own, path)) return;
    let current: object = own;
    for (const segment of path.split('.').slice(0, -1)) {
      const next: unknown = Object.hasOwn(current, segment) ? Reflect.get(current, segment) : undefined;
      if (typeof next !== 'object' || next === null) return;
      const copy = this.#ownOf(next);
      if (copy !== next) Reflect.set(current, segment, copy);
      current = copy;
    }
  }

  #ownOf(container: object): object {
    const copy = this.#copied?.has(container) === true ? container : shallowCopy(container);
    this.#copied?.add(copy);
    return copy;
  }
}

/** An instance of a class is not copied, except bytes: the copy would not be an instance. */
function shallowCopy(container: object): object {
  if (Array.isArray(container)) return [...(container as unknown[])];
  if (isPlain(container)) return { ...container };
  return ArrayBuffer.isView(container) ? deepCopy(container) : container;
}

/**
 * A plain object without the values at some paths. Indexes refer to the lists as given. The given object is
 * not changed.
 */
export function omit(values: Values, paths: readonly string[]): Values {
  const rest = new OwnCopy({ ...values });
  for (const path of inOrderOfRemoval(paths)) rest.remove(path);
  return rest.values;
}
