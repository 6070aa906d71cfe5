/**
 * Whether an object is plain, so not an instance of a class. Objects of parsers that avoid `Object.prototype`
 * are plain too: they have no prototype, or an empty one (Fastify's form bodies). So are objects of another
 * realm.
 */
export function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Whether an object keeps its content somewhere other than in properties (a Map, a Date, bytes, platform
 * objects): JSON turns it into `{}` or the like, and paths cannot lead into it.
 */
export function isOpaque(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    OPAQUE.some((kind) => value instanceof kind) ||
    isOfPlatform(value) ||
    isShell(value)
  );
}

/** Built-in classes without a `Symbol.toStringTag`. */
const OPAQUE = [Date, RegExp, Error];

/**
 * Whether an object is a platform object with hidden content (a Map, Headers, URLSearchParams, a Blob), or of
 * a subclass of one, even if it has other properties. Boxed strings, numbers and booleans do not count: JSON
 * can store them, and they have no such tag.
 */
function isOfPlatform(value: object): boolean {
  for (
    let next: object | null = Object.getPrototypeOf(value);
    next !== null;
    next = Object.getPrototypeOf(next)
  ) {
    if (Object.hasOwn(next, Symbol.toStringTag) && globalPrototypeOf(next) === next) return true;
  }
  return false;
}

/** The prototype of the global class that a prototype's tag names. */
function globalPrototypeOf(prototype: object): unknown {
  const tag: unknown = Reflect.get(prototype, Symbol.toStringTag, prototype);
  const named: unknown = typeof tag === 'string' ? Reflect.get(globalThis, tag) : undefined;
  return typeof named === 'function' ? named.prototype : undefined;
}

/**
 * Whether an object has a tag but no properties: an iterator, or an internal object of another realm or of
 * Node.
 */
function isShell(value: object): boolean {
  return !KNOWN_TAGS.has(Object.prototype.toString.call(value)) && Object.keys(value).length === 0;
}

const KNOWN_TAGS: ReadonlySet<string> = new Set([
  '[object Object]',
  '[object String]',
  '[object Number]',
  '[object Boolean]',
]);
