/** Gives a function that stands in for another all that decorators have said of that, for Nest and for other applications of the process. */
export function copyMetadata(from: object, to: object): void {
  for (const key of Reflect.getMetadataKeys(from))
    Reflect.defineMetadata(key, Reflect.getMetadata(key, from), to);
}
