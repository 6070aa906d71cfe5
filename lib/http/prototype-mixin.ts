/**
 * Adds members to objects by a prototype in front of their own. It is created once per prototype rather than
 * per object: own members cost an object several times as much.
 *
 * @param members returns the members for objects with this prototype
 * @returns adds them to an object
 */
export function prototypeMixin(
  members: (prototype: object) => PropertyDescriptorMap,
): (object: object) => void {
  const mixed = new Map<object, object>();
  return (object) => {
    const prototype: object = Object.getPrototypeOf(object);
    let front = mixed.get(prototype);
    if (front === undefined) {
      const made: object = Object.create(prototype, members(prototype));
      mixed.set(prototype, made);
      front = made;
    }
    Object.setPrototypeOf(object, front);
  };
}
