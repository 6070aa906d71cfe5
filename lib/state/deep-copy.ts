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
    const copy = emptyLike(value, prototype);
    if (Object.getPrototypeOf(copy) !== prototype) Object.setPrototypeOf(copy, prototype);
    this.#copies.set(value, copy);
    if (value instanceof Map && copy instanceof Map)
      value.forEach((item, key) => void copy.set(this.copy(key), this.copy(item)));
    else if (value instanceof Set && copy instanceof Set)
      value.forEach((item) => void copy.add(this.copy(item)));
    return ArrayBuffer.isView(value) ? copy : this.#copyMembers(value, copy);
  }

  #copyMembers(source: object, copy: object): object {
    for (const key of Reflect.ownKeys(source)) {
      const value = this.#copyProperty(source, key);
      // Refused if the copy was made with a property that nobody can redefine, as fake timers give to each Date.
      Reflect.defineProperty(copy, key, { value, writable: true, enumerable: true, configurable: true });
    }
    return copy;
  }

  #copyProperty(source: object, key: PropertyKey): unknown {
    const property = Object.getOwnPropertyDescriptor(source, key);
    return property !== undefined && 'value' in property ? this.copy(property.value) : COMPUTED;
  }
}

/** An object of the same kind, with the content that is not in properties; that of a Map or a Set is missing. */
function emptyLike(value: object, prototype: object | null): object {
  if (value instanceof Date) return new Date(value);
  if (value instanceof URL) return new URL(value);
  if (value instanceof URLSearchParams) return new URLSearchParams(value);
  if (value instanceof ArrayBuffer) return value.slice(0);
  if (value instanceof DataView) return new DataView(Uint8Array.from(bytesOf(value)).buffer);
  if (ArrayBuffer.isView(value)) return Uint8Array.from(bytesOf(value));
  if (value instanceof Map) return new Map();
  return value instanceof Set ? new Set() : Object.create(prototype);
}

/** The bytes that a typed array, a DataView or a Buffer shows. */
export function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
