import { type Values, setOwn } from './values.js';

/** Replaces a computed property in a copy: reading that property would run code of the application. */
export const COMPUTED: unique symbol = Symbol('computed');

/**
 * How many objects are copied below an object with a `toJSON`: an ORM record may reference the whole ORM.
 * Objects beyond that are not copied.
 */
const MAX_BELOW_SELF_WRITTEN = 1000;

/**
 * Copies the content of a value, only to compare with it later (`isSame`): instances of classes keep their
 * class and their own properties, but have no private fields. No code of the application runs: neither
 * getters nor `toJSON` are called.
 */
export function deepCopy<T>(value: T): T;
export function deepCopy(value: unknown): unknown {
  return new Copying().copy(value);
}

class Copying {
  readonly #copies = new Map<object, object>();
  /** How many objects may still be copied; unlimited outside of objects with a `toJSON`. */
  #left = Infinity;

  copy(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    if (this.#left <= 0) return value;
    this.#left -= 1;
    if (this.#left !== Infinity || !('toJSON' in value)) return this.#copyObject(value);
    this.#left = MAX_BELOW_SELF_WRITTEN;
    try {
      return this.#copyObject(value);
    } finally {
      this.#left = Infinity;
    }
  }

  #copyObject(value: object): object {
    if (Array.isArray(value)) return this.#copyList(value);
    const prototype: object | null = Object.getPrototypeOf(value);
    return prototype === Object.prototype ? this.#copyPlain(value) : this.#copyInstance(value, prototype);
  }

  #copyList(list: readonly unknown[]): unknown[] {
    const copy: unknown[] = [];
    this.#copies.set(list, copy);
    for (let index = 0; index < list.length; index += 1) copy.push(this.copy(list[index]));
    return copy;
  }

  #copyPlain(source: object): object {
    const copy: Values = {};
    this.#copies.set(source, copy);
    for (const key of Object.keys(source)) setOwn(copy, key, this.#copyProperty(source, key));
    return copy;
  }

  #copyInstance(value: object, prototype: object | null): object {
    const { copy, fill } = this.#emptyLike(value, prototype);
    if (Object.getPrototypeOf(copy) !== prototype) Object.setPrototypeOf(copy, prototype);
    this.#copies.set(value, copy);
    fill();
    return ArrayBuffer.isView(value) ? copy : this.#copyMembers(value, copy);
  }

  /** An object of the same kind, and a function that fills it with content that is not in properties. */
  #emptyLike(value: object, prototype: object | null): { copy: object; fill: () => void } {
    if (value instanceof Date) return { copy: new Date(value), fill: nothing };
    if (value instanceof URL) return { copy: new URL(value), fill: nothing };
    if (value instanceof URLSearchParams) return { copy: new URLSearchParams(value), fill: nothing };
    if (value instanceof ArrayBuffer) return { copy: value.slice(0), fill: nothing };
    if (value instanceof DataView)
      return { copy: new DataView(Uint8Array.from(bytesOf(value)).buffer), fill: nothing };
    if (ArrayBuffer.isView(value)) return { copy: Uint8Array.from(bytesOf(value)), fill: nothing };
    if (value instanceof Map) {
      const copy = new Map<unknown, unknown>();
      const fill = (): void => value.forEach((item, key) => void copy.set(this.copy(key), this.copy(item)));
      return { copy, fill };
    }
    if (value instanceof Set) {
      const copy = new Set<unknown>();
      return { copy, fill: () => value.forEach((item) => void copy.add(this.copy(item))) };
    }
    return { copy: Object.create(prototype), fill: nothing };
  }

  #copyMembers(source: object, copy: object): object {
    for (const key of Reflect.ownKeys(source)) {
      const value = this.#copyProperty(source, key);
      Object.defineProperty(copy, key, { value, writable: true, enumerable: true, configurable: true });
    }
    return copy;
  }

  #copyProperty(source: object, key: PropertyKey): unknown {
    const property = Object.getOwnPropertyDescriptor(source, key);
    return property !== undefined && 'value' in property ? this.copy(property.value) : COMPUTED;
  }
}

const nothing = (): void => undefined;

/** The bytes that a typed array, a DataView or a Buffer shows. */
export function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
