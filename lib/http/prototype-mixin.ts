/**
 * Adds members to objects by a prototype in front of their own. It is created once per prototype rather than
 * per object: own members cost an object several times as much.
 */
export class PrototypeMixin {
  readonly #members: (prototype: object) => PropertyDescriptorMap;
  readonly #mixed = new Map<object, object>();

  /** @param members returns the members for objects with this prototype */
  constructor(members: (prototype: object) => PropertyDescriptorMap) {
    this.#members = members;
  }

  applyTo(object: object): void {
    Object.setPrototypeOf(object, this.#mixedInto(Reflect.getPrototypeOf(object) ?? Object.prototype));
  }

  #mixedInto(prototype: object): object {
    const known = this.#mixed.get(prototype);
    if (known !== undefined) return known;
    const mixed = Object.defineProperties({}, this.#members(prototype));
    Object.setPrototypeOf(mixed, prototype);
    this.#mixed.set(prototype, mixed);
    return mixed;
  }
}
