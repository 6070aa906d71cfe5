/** How values are reached that somebody names as properties of a session. */
export interface PropertyAccess<S extends object> {
  readonly isSession: (value: unknown) => value is S;
  readonly get: (session: S, name: string) => unknown;
  readonly set: (session: S, name: string, value: unknown) => void;
}

/** Names that languages and libraries try on any object, to find out what it is. */
const PROBED: ReadonlySet<string> = new Set(['then', 'prototype']);

/**
 * Lets values be read and written as properties (`session.returnTo = '/cart'`), as libraries do that were made for
 * express-session. Only names that the class does not have come here: a Proxy at the far end of the prototype chain
 * sees them, and those that the class has pay nothing for it.
 *
 * @param prototype of the class; what stands at its far end is replaced
 */
export function reachValuesAsProperties<S extends object>(
  prototype: object,
  { isSession, get, set }: PropertyAccess<S>,
): void {
  const isValue = (target: object, name: string | symbol): name is string =>
    typeof name === 'string' && !(name in target);
  const values = new Proxy<object>(Object.create(Object.prototype), {
    get(target, name, session) {
      if (!isValue(target, name) || PROBED.has(name) || !isSession(session)) {
        return Reflect.get(target, name, session);
      }
      return get(session, name);
    },
    set(target, name, value, session) {
      if (!isValue(target, name) || !isSession(session)) return Reflect.set(target, name, value, session);
      set(session, name, value);
      return true;
    },
  });
  Reflect.setPrototypeOf(farEndOf(prototype), values);
}

/** The prototype before Object's. */
function farEndOf(prototype: object): object {
  const next = Reflect.getPrototypeOf(prototype);
  return next === null || next === Object.prototype ? prototype : farEndOf(next);
}
