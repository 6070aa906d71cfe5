/**
 * Whether an object is of no class. Those of parsers that avoid `Object.prototype` are plain as well: they have no
 * prototype, or an empty one (Fastify's form bodies), or that of another realm.
 */
export function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Whether an object keeps what it holds elsewhere than in its properties (a Map, a Date, bytes, what the platform made): JSON turns
 * it into `{}` or the like, and a path leads nowhere in it.
 */
export function isOpaque(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    OPAQUE.some((kind) => value instanceof kind) ||
    isOfPlatform(value) ||
    isShell(value)
  );
}

/** Those of the language that do not name their kind by a `Symbol.toStringTag`. */
const OPAQUE = [Date, RegExp, Error];

/**
 * Whether an object is one of the platform's that keeps what it holds where nobody sees it (a Map, Headers,
 * URLSearchParams, a Blob), or of a class made from one; whatever else was put on it. Boxed texts, numbers and truth values
 * JSON knows; they have no such name.
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

/** The prototype of the global class whose name a prototype bears as its tag. */
function globalPrototypeOf(prototype: object): unknown {
  const tag: unknown = Reflect.get(prototype, Symbol.toStringTag, prototype);
  const named: unknown = typeof tag === 'string' ? Reflect.get(globalThis, tag) : undefined;
  return typeof named === 'function' ? named.prototype : undefined;
}

/** Whether an object names its kind and has no properties: an iterator, or what another realm or Node keeps to itself. */
function isShell(value: object): boolean {
  return !KNOWN_TAGS.has(Object.prototype.toString.call(value)) && Object.keys(value).length === 0;
}

const KNOWN_TAGS: ReadonlySet<string> = new Set([
  '[object Object]',
  '[object String]',
  '[object Number]',
  '[object Boolean]',
]);
