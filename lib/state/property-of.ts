/** A property of a value of unknown type; undefined if the value is no object or has no such property. */
export function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
