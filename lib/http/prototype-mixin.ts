/**
 * Gives objects further members by a prototype in front of their own. It is made once for each prototype and not for each
 * object: members of its own cost an object several times as much.
 */
export class PrototypeMixin {
  readonly #members: (prototype: object) => PropertyDescriptorMap;
  readonly #extended = new Map<object, object>();

  /** @param members what objects with this prototype get */
  constructor(members: (prototype: object) => PropertyDescriptorMap) {
    this.#members = members;
  }

  extend(object: object): void {
    Object.setPrototypeOf(object, this.#extendedFrom(Reflect.getPrototypeOf(object) ?? Object.prototype));
  }

  #extendedFrom(prototype: object): object {
    const known = this.#extended.get(prototype);
    if (known !== undefined) return known;
    const extended = Object.defineProperties({}, this.#members(prototype));
    Object.setPrototypeOf(extended, prototype);
    this.#extended.set(prototype, extended);
    return extended;
  }
}
