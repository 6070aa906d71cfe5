/** Values by their keys, as a session holds them. */
export type Values = Record<string, unknown>;

/** Thrown by the model where the design promises this error of the package. */
export class Refused extends Error {
  constructor(override readonly name: 'SessionValueError' | 'SessionReadonlyError') {
    super(name);
  }
}

/** The target of a key: the innermost object or list, and the name in it. */
interface Place {
  readonly parent: object | undefined;
  readonly name: string;
}

const REFUSED = ['__proto__', 'prototype', 'constructor'];

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

export const isMissing = (value: unknown): boolean => value === undefined || value === null;

function segmentsOf(key: string): string[] {
  const segments = key.split('.');
  if (segments.some((segment) => REFUSED.includes(segment))) throw new Refused('SessionValueError');
  return segments;
}

function has(parent: object | undefined, name: string): parent is object {
  if (parent === undefined || !Object.hasOwn(parent, name)) return false;
  return Array.isArray(parent) ? isIndex(name) : true;
}

const isIndex = (name: string): boolean => /^(0|[1-9]\d*)$/.test(name);

/** The place of a key for reading: a literal key first, then step by step; no parent if the path ends early. */
function find(values: Values, key: string): Place {
  const segments = segmentsOf(key);
  if (Object.hasOwn(values, key)) return { parent: values, name: key };
  let parent: object | undefined = values;
  for (const segment of segments.slice(0, -1)) {
    const next: unknown = has(parent, segment) ? Reflect.get(parent, segment) : undefined;
    parent = isContainer(next) ? next : undefined;
  }
  return { parent, name: segments.at(-1) ?? '' };
}

export function read(values: Values, key: string): unknown {
  const { parent, name } = find(values, key);
  return has(parent, name) ? Reflect.get(parent, name) : undefined;
}

/** Stores a value; creates missing objects on its path and replaces non-objects. */
export function write(values: Values, key: string, value: unknown): void {
  const segments = segmentsOf(key);
  const names = Object.hasOwn(values, key) ? [key] : segments;
  checkIndexes(values, names);
  let parent: object = values;
  for (const name of names.slice(0, -1)) {
    const next: unknown = has(parent, name) ? Reflect.get(parent, name) : undefined;
    const container = isContainer(next) ? next : {};
    Reflect.set(parent, name, container);
    parent = container;
  }
  Reflect.set(parent, names.at(-1) ?? '', value);
}

/** A list takes its existing indexes and the next one: anything else would not survive storing. */
function checkIndexes(values: Values, names: string[]): void {
  let parent: unknown = values;
  for (const name of names) {
    if (Array.isArray(parent) && (!isIndex(name) || Number(name) > parent.length))
      throw new Refused('SessionValueError');
    parent = isContainer(parent) && has(parent, name) ? Reflect.get(parent, name) : undefined;
  }
}

/** Removes a value; a list closes up. */
export function remove(values: Values, key: string): void {
  const { parent, name } = find(values, key);
  if (!has(parent, name)) return;
  if (Array.isArray(parent)) parent.splice(Number(name), 1);
  else Reflect.deleteProperty(parent, name);
}

/** Applies a change without touching nested objects that others may also hold. */
export function apart(change: () => void, values: Values, key: string): void {
  const root = Object.hasOwn(values, key) ? key : (key.split('.')[0] ?? '');
  if (root !== key && Object.hasOwn(values, root)) values[root] = structuredClone(values[root]);
  change();
}

/** Merges values: objects of one name become one object; otherwise the second wins. */
export function joined(first: Values, second: Values): Values {
  const both = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const other = both[key];
    both[key] = isObject(other) && isObject(value) ? joined(other, value) : value;
  }
  return both;
}

const isObject = (value: unknown): value is Values => isContainer(value) && !Array.isArray(value);

/** What remains of values after they were stored. */
export function stored(values: Values): Values {
  return JSON.parse(JSON.stringify(values)) as Values;
}

/** Flashed data: messages, and form fields, which show if there is no message. */
export interface Flashed {
  messages: Values;
  fields: Values;
  /** Fields that stay when a form is flashed, unlike this request's own. */
  olderFields: Values;
}

export const nothingFlashed = (): Flashed => ({ messages: {}, fields: {}, olderFields: {} });

export const shown = ({ messages, fields }: Flashed): Values => ({ ...fields, ...messages });
