import { type Values, isObject } from '../state/values.js';

/** `user[name]`, `tags[]`, `items[0][sku]`: a name, followed by the place in it. */
const IN_BRACKETS = /^([^[\]]+)((?:\[[^[\]]*\])+)$/;

/** An index by which an object can become a list. */
const INDEX = /^(?:0|[1-9]\d{0,8})$/;

/** More levels than any form has; a longer name stays as it is. */
const MAX_SEGMENTS = 32;

/**
 * The path of a field with a bracketed name: `items.0.sku` for `items[0][sku]`, `tags` for `tags[]`. Any
 * other name is its own path.
 */
export function fieldPath(name: string): string {
  const segments = segmentsOf(name);
  if (segments === null) return name;
  if (segments.at(-1) === '') segments.pop();
  return segments.join('.');
}

function segmentsOf(name: string): string[] | null {
  if (!name.includes('[')) return null;
  const [, root, brackets] = IN_BRACKETS.exec(name) ?? [];
  if (root === undefined || brackets === undefined) return null;
  const segments = [root, ...brackets.slice(1, -1).split('][')];
  return segments.length > MAX_SEGMENTS ? null : segments;
}

/**
 * Nests fields with bracketed names, like Express's parser (qs) does. If the place of a field is taken, the
 * field is kept at the top level under its path.
 *
 * @param fields objects and lists in it are mutated
 */
export function nested(fields: Values): Values {
  const bracketed = Object.keys(fields).filter((name) => segmentsOf(name) !== null);
  if (bracketed.length === 0) return fields;
  const form = new NestedFields(fields);
  for (const name of bracketed) form.nest(name);
  return form.finished();
}

class NestedFields {
  readonly #fields: Values;
  /** The objects created for bracketed names, each with its next index: they may turn out to be lists. */
  readonly #made = new Map<object, number>();

  constructor(fields: Values) {
    this.#fields = { ...fields };
  }

  nest(name: string): void {
    const value = this.#fields[name];
    delete this.#fields[name];
    if (this.#place(segmentsOf(name) ?? [name], value)) return;
    const path = fieldPath(name);
    if (!Object.hasOwn(this.#fields, path)) this.#fields[path] = value;
  }

  #place(segments: readonly string[], value: unknown): boolean {
    let parent: Values = this.#fields;
    for (const [index, segment] of segments.entries()) {
      const key = segment === '' ? String(this.#made.get(parent) ?? '') : segment;
      if (key === '') return false;
      const present = Object.hasOwn(parent, key) ? parent[key] : undefined;
      if (index === segments.length - 1) {
        if (present !== undefined) return false;
        const values: readonly unknown[] = segment === '' && Array.isArray(value) ? value : [value];
        for (const [offset, each] of values.entries()) {
          this.#set(parent, segment === '' ? String(Number(key) + offset) : key, each);
        }
        return true;
      }
      if (present !== undefined && !isObject(present)) return false;
      parent = present ?? this.#make(parent, key);
    }
    return false;
  }

  #make(parent: Values, key: string): Values {
    const made: Values = {};
    this.#made.set(made, 0);
    this.#set(parent, key, made);
    return made;
  }

  #set(parent: Values, key: string, value: unknown): void {
    parent[key] = value;
    const next = this.#made.get(parent);
    if (next !== undefined && INDEX.test(key)) this.#made.set(parent, Math.max(next, Number(key) + 1));
  }

  finished(): Values {
    for (const [name, value] of Object.entries(this.#fields)) this.#fields[name] = this.#listed(value);
    return this.#fields;
  }

  /** Converts an object created for bracketed names to a list if its keys are the indexes of one. */
  #listed(value: unknown): unknown {
    if (!isObject(value) || !this.#made.has(value)) return value;
    const keys = Object.keys(value);
    for (const key of keys) value[key] = this.#listed(value[key]);
    // Integer keys come first, in ascending order. So if the last key equals the number of the others, all
    // keys are indexes.
    return keys.length > 0 && keys.at(-1) === String(keys.length - 1) ? Object.values(value) : value;
  }
}
