import { isOpaque, isPlain } from './object-kinds.js';
import { MAX_DEPTH, type Values, setOwn } from './values.js';

/** The copies of lists and objects, by the originals. */
export type Copies = Map<object, object>;

/** Whether to copy an object that is neither plain nor a list. */
type CopiesInstance = (instance: object) => boolean;

/**
 * Copies lists and plain objects at any depth, cycles included. Other objects (dates, instances of classes)
 * are not copied: only the serializer knows how to store them. Values nested deeper than `MAX_DEPTH` are not
 * copied either, as no commit stores them.
 */
export function cloneValue<T>(value: T): T;
export function cloneValue(value: unknown): unknown {
  return isObject(value) ? cloneObject(value, isNone, undefined, 1) : value;
}

/**
 * Copies a value as a change records it. Dates, Maps, Sets and instances of classes are copied too, the latter with
 * their class and their properties: later changes of the same request may change what they hold, by a path that
 * leads into an instance or in an updater.
 *
 * @param copies receives the copies. What is in it already is not copied again
 */
export function cloneRecorded<T>(value: T, copies?: Copies): T;
export function cloneRecorded(value: unknown, copies?: Copies): unknown {
  return isObject(value) ? cloneObject(value, isCopyable, copies, 1) : value;
}

/** Whether `cloneRecorded` copies a value, and does not share it. */
export function isCloned(value: unknown): value is object {
  return isObject(value) && (Array.isArray(value) || isPlain(value) || isCopyable(value));
}

function cloneObject(
  source: object,
  copiesInstance: CopiesInstance,
  given: Copies | undefined,
  depth: number,
): object {
  const known = given?.get(source);
  if (known !== undefined) return known;
  let copies = given;
  const member = (item: unknown, copy: object): unknown => {
    if (!isObject(item) || depth > MAX_DEPTH) return item;
    // A flat object, as most are, needs no map.
    copies ??= new Map<object, object>().set(source, copy);
    return cloneObject(item, copiesInstance, copies, depth + 1);
  };
  if (Array.isArray(source)) {
    const copy: unknown[] = [];
    copies?.set(source, copy);
    for (const item of source as unknown[]) copy.push(member(item, copy));
    return copy;
  }
  if (isPlain(source)) {
    const copy: Values = {};
    copies?.set(source, copy);
    for (const [key, item] of Object.entries(source)) setOwn(copy, key, member(item, copy));
    return copy;
  }
  if (!copiesInstance(source)) return source;
  if (source instanceof Date) {
    const copy = new Date(source);
    copies?.set(source, copy);
    return copy;
  }
  if (source instanceof Map) {
    const copy = new Map<unknown, unknown>();
    copies?.set(source, copy);
    for (const [key, item] of source) copy.set(member(key, copy), member(item, copy));
    return copy;
  }
  if (source instanceof Set) {
    const copy = new Set<unknown>();
    copies?.set(source, copy);
    for (const item of source) copy.add(member(item, copy));
    return copy;
  }
  const copy: object = Object.create(Reflect.getPrototypeOf(source));
  copies?.set(source, copy);
  for (const [key, property] of ownProperties(source))
    Object.defineProperty(copy, key, { ...property, ...CHANGEABLE, value: member(property.value, copy) });
  return copy;
}

const CHANGEABLE = { writable: true, configurable: true };

const isNone = (): boolean => false;

/** Their content is not in properties, but can be copied. Subclasses may keep more. */
const BUILT_IN: readonly unknown[] = [Date.prototype, Map.prototype, Set.prototype];

/**
 * Whether an object that is neither plain nor a list can be copied. A `toJSON` may need private fields, which no copy
 * has, and a getter of its own may read the original.
 */
function isCopyable(object: object): boolean {
  if (BUILT_IN.includes(Reflect.getPrototypeOf(object))) return true;
  if ('toJSON' in object || isOpaque(object)) return false;
  return ownProperties(object).every(([, property]) => 'value' in property);
}

function ownProperties(object: object): [key: PropertyKey, property: PropertyDescriptor][] {
  return Reflect.ownKeys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key) ?? {}]);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
