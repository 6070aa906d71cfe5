/**
 * Mixes members into objects by a prototype in front of their own. It is made once for each prototype and not for each
 * object: members of its own cost an object several times as much.
 */
export class PrototypeMixin {
  readonly #members: (prototype: object) => PropertyDescriptorMap;
  readonly #mixed = new Map<object, object>();

  /** @param members what objects with this prototype get */
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
